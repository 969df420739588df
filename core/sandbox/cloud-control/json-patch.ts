import { isDeepStrictEqual } from 'node:util';
import { followPointer, isJsonObject } from '../../kernel/json.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { AwsError } from './errors.ts';

/**
 * Applies a JSON Patch (RFC 6902), as UpdateResource takes it.
 * @param text the list of operations as JSON
 * @throws AwsError
 */
export function patched(model: JsonObject, text: string): Json {
  let result: Json = structuredClone(model);
  for (const operation of operationsOf(text)) result = apply(result, operation);
  return result;
}

function operationsOf(text: string): JsonObject[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw refused('it is no JSON');
  }
  if (!Array.isArray(list) || !list.every((one) => isJsonObject(one)))
    throw refused('it must be a list of operations');
  return list;
}

function refused(why: string): AwsError {
  return new AwsError('InvalidRequestException', `Invalid patch document: ${why}.`);
}

function apply(document: Json, operation: JsonObject): Json {
  const path = pointerIn(operation, 'path');
  switch (operation['op']) {
    case 'add':
      return put(document, path, valueIn(operation), 'insert');
    case 'replace':
      at(document, path);
      return put(document, path, valueIn(operation), 'replace');
    case 'remove':
      at(document, path);
      return without(document, path);
    case 'move': {
      const from = pointerIn(operation, 'from');
      return put(without(document, from), path, at(document, from), 'insert');
    }
    case 'copy':
      return put(document, path, structuredClone(at(document, pointerIn(operation, 'from'))), 'insert');
    case 'test':
      if (isDeepStrictEqual(at(document, path), valueIn(operation))) return document;
      throw refused(`the value at ${path} is another one`);
    default:
      throw refused(`${JSON.stringify(operation['op'])} is none of add, remove, replace, move, copy, test`);
  }
}

function pointerIn(operation: JsonObject, name: 'path' | 'from'): string {
  const pointer = operation[name];
  if (typeof pointer === 'string' && pointer.startsWith('/')) return pointer;
  throw refused(`"${name}" must be a JSON pointer below the whole`);
}

function valueIn({ value }: JsonObject): Json {
  if (value === undefined) throw refused('an operation has no "value"');
  return value;
}

function at(document: Json, pointer: string): Json {
  const value = followPointer(document, pointer);
  if (value === undefined) throw refused(`there is nothing at ${pointer}`);
  return value as Json;
}

function put(document: Json, pointer: string, value: Json, how: 'insert' | 'replace'): Json {
  return edited(document, pointer, (parent, key) => {
    if (!Array.isArray(parent)) return { ...(parent as JsonObject), [key]: value };
    const index = key === '-' ? parent.length : Number(key);
    if (!(index >= 0 && index <= parent.length)) throw refused(`the list has no place ${key}`);
    return parent.toSpliced(index, how === 'insert' ? 0 : 1, value) as Json;
  });
}

function without(document: Json, pointer: string): Json {
  return edited(document, pointer, (parent, key) =>
    Array.isArray(parent)
      ? (parent.toSpliced(Number(key), 1) as Json)
      : Object.fromEntries(Object.entries(parent as JsonObject).filter(([name]) => name !== key)),
  );
}

/** The document with the parent of what the pointer names made anew. */
function edited(document: Json, pointer: string, edit: (parent: Json, key: string) => Json): Json {
  const end = pointer.lastIndexOf('/');
  const key = pointer
    .slice(end + 1)
    .replaceAll('~1', '/')
    .replaceAll('~0', '~');
  const above = pointer.slice(0, end);
  const parent = at(document, above);
  if (typeof parent !== 'object' || parent === null) throw refused(`there is nothing below ${above}`);
  const made = edit(parent, key);
  return above === '' ? made : put(document, above, made, 'replace');
}
