import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { asText } from '../schema/show.ts';

/**
 * True where every answer for which `later` holds is one for which `earlier` holds. It may miss such pairs, and
 * never claims one wrongly.
 */
export function covers(earlier: Json, later: Json): boolean {
  if (typeof earlier === 'string' || typeof later === 'string') return earlier === later;
  if (!isJsonObject(earlier) || !isJsonObject(later)) return false;
  return Object.entries(earlier).every(([key, demand]) => isImplied(key, demand, later));
}

function isImplied(key: string, demand: Json, later: JsonObject): boolean {
  if (key === 'any') {
    const choices = listOf(demand);
    return choices.some((choice) => covers(choice, later)) || isSame(demand, later['any']);
  }
  const given = later[key];
  if (given === undefined) {
    const choices = listOf(later['any'] ?? []);
    return choices.length > 0 && choices.every((choice) => covers({ [key]: demand }, choice));
  }
  if (key === 'status') {
    const demanded = new Set(statusesOf(demand));
    return statusesOf(given).every((status) => demanded.has(status));
  }
  if (key === 'network')
    return listOf(demand).includes('any') || listOf(given).every((fault) => listOf(demand).includes(fault));
  if (key === 'body' || key === 'headers') return areImplied(demand, given, key === 'headers');
  return false;
}

function statusesOf(node: Json): string[] {
  return listOf(node).flatMap((status) => {
    const family = /^([1-5])xx$/i.exec(asText(status));
    return family
      ? Array.from({ length: 100 }, (_, i) => asText(Number(family[1]) * 100 + i))
      : [asText(status)];
  });
}

function areImplied(demands: Json, given: Json, lowerCase: boolean): boolean {
  if (!isJsonObject(demands) || !isJsonObject(given)) return false;
  const named = (node: JsonObject) =>
    new Map(Object.entries(node).map(([name, value]) => [lowerCase ? name.toLowerCase() : name, value]));
  const there = named(given);
  return [...named(demands)].every(
    ([name, demand]) => there.has(name) && isValueImplied(demand, there.get(name) ?? null),
  );
}

function isValueImplied(demand: Json, given: Json): boolean {
  if (isSame(demand, given)) return true;
  // Any value, list of values or pattern asks for a value that is there.
  if (isJsonObject(demand))
    return isSame(demand, { exists: true }) && !(isJsonObject(given) && given['exists'] === false);
  if (isJsonObject(given)) return false;
  return listOf(given).every((value) => listOf(demand).some((other) => isSame(other, value)));
}

function listOf(node: Json): readonly Json[] {
  return Array.isArray(node) ? (node as readonly Json[]) : [node];
}

function isSame(a: Json | undefined, b: Json | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
