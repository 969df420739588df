import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import { tree } from '../compile/strict.ts';
import { childPointer } from '../load/document.ts';
import { TREE } from '../schema/basics.ts';
import { namedValues } from '../schema/field.ts';
import type { Verb } from './verb.ts';

/** Gives names to values, for later steps. */
export const set: Verb = {
  name: 'set',
  modifiers: ['if'],
  field: () => namedValues('set', TREE),
  places: (step, pointer, { before }) =>
    Object.entries(valuesOf(step['set'])).map(([name, node]) => ({
      ...before,
      pointer: childPointer(pointer, 'set', name),
      node,
      form: 'tree',
    })),
  outputs: (step) => Object.keys(valuesOf(step['set'])),
  compile({ id, path, pointer, node }) {
    const values = Object.entries(valuesOf(node['set'])).map(
      ([name, value]) => [name, tree(value, childPointer(pointer, 'set', name))] as const,
    );
    return { verb: 'set', id, path, values: Object.fromEntries(values) };
  },
};

function valuesOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
