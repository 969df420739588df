import { Type } from 'typebox';
import { isJsonObject, type Json } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import type { ItemsPlan } from '../plan.ts';
import { CONDITION, TEXT } from '../schema/basics.ts';
import { field, listOf, mapOf, required, type Check } from '../schema/field.ts';
import { asText, kindOf, show } from '../schema/show.ts';
import type { Place, PlaceContext } from '../scope/place.ts';
import { CODE, compileErrors, errorPlaces, KIND } from './errors.ts';

const checkAt: Check = (node, pointer, report) => {
  if (typeof node === 'string' && (node === '' || node.startsWith('/'))) return;
  report.error(pointer, `${show(node)} is no JSON Pointer to the list of what became of the events; write for example /items.`);
};

/** A map would be about the answer as a whole, which has been judged by then. */
const checkWhen: Check = (node, pointer, report) => {
  if (typeof node === 'string') return;
  report.error(
    pointer,
    `${show(node)} is ${kindOf(node)}; of one event only a template over \`item\` can speak, for example '{{ eq item.status 429 }}'.`,
  );
};

const rule = mapOf('a rule of response.items', {
  when: required(field(CONDITION.schema, checkWhen)),
  // oxlint-disable-next-line unicorn/no-thenable -- the language's word; it is never awaited
  then: required(field(Type.Enum(['ignore', 'retry', 'fail']))),
  message: TEXT,
  kind: KIND,
  code: CODE,
});

/** What an answer says of each event of a batch, by its place in the list at `at`. */
export const itemsField = mapOf('response.items', {
  at: required(field(Type.String({ description: 'JSON Pointer to a list, one item an event.' }), checkAt)),
  errors: required(listOf('errors', rule, { least: 1 })),
});

export function itemPlaces(node: Json | undefined, pointer: string, context: PlaceContext): Place[] {
  return isJsonObject(node) ? errorPlaces(node['errors'], childPointer(pointer, 'errors'), context) : [];
}

export function compileItems(node: Json | undefined, pointer: string): ItemsPlan | undefined {
  if (!isJsonObject(node)) return undefined;
  return { at: asText(node['at']), errors: compileErrors(node['errors'], childPointer(pointer, 'errors')) };
}
