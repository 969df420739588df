import type { Json } from '../../kernel/json.ts';
import { ABSENT, type Scope } from '../plan.ts';

/** What an expression gives: a JSON value, or the mark of one that is missing. */
export type Value = Json | typeof ABSENT;

/** A compiled expression. */
export type Closure = (scope: Scope) => Value;

export type Kind = 'text' | 'number' | 'boolean' | 'null' | 'list' | 'map';

export const KIND_NAMES: Readonly<Record<Kind, string>> = {
  text: 'text',
  number: 'a number',
  boolean: 'a boolean',
  null: 'null',
  list: 'a list',
  map: 'a map',
};

export function kindOf(value: Json): Kind {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  const type = typeof value;
  return type === 'object' ? 'map' : type === 'string' ? 'text' : (type as 'number' | 'boolean');
}

/**
 * A value as messages show it: whole or not at all, since a piece of a secret would pass the redaction, which
 * looks for whole values.
 */
export function show(value: Value): string {
  if (value === ABSENT) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return `a map of ${Object.keys(value).length} keys`;
  if (typeof value === 'string' && value.length > 60) return `text of ${value.length} characters`;
  if (typeof value === 'string') return `"${value}"`;
  return `${String(value)} (${KIND_NAMES[kindOf(value)]})`.replace('null (null)', 'null');
}

/** LANGUAGE 2: `false`, `null`, absent, `""`, `0`, `[]` and `{}` are false. */
export function isTrue(value: Value): boolean {
  if (value === ABSENT || value === null) return false;
  if (typeof value !== 'object') return Boolean(value);
  if (Array.isArray(value)) return value.length > 0;
  return Object.keys(value).length > 0;
}

/** Strict equality, by content for lists and maps. Text and numbers are never equal. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  }
  if (Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key]));
}

const INDEX = /^(?:0|[1-9]\d{0,9})$/;

/** The own member of a list or map by its name. Never one of a prototype, nor a list's `length`. */
export function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) return INDEX.test(key) ? (value[Number(key)] as unknown) : undefined;
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

/** What was looked up, as a value: `undefined`, functions and the like are absent. */
export function asValue(found: unknown): Value {
  switch (typeof found) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'object':
      return found as Json;
    default:
      return ABSENT;
  }
}

/** Sets a key of a map under construction. Assigning `__proto__` would change the prototype instead. */
export function setOwn(map: Record<string, Json>, key: string, value: Json): void {
  if (key === '__proto__') {
    Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    map[key] = value;
  }
}
