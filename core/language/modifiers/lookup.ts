import { parseDuration } from '../../kernel/duration.ts';
import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import { condition } from '../compile/strict.ts';
import { EXTRACTOR } from '../extractor.ts';
import { childPointer } from '../load/document.ts';
import type { Lookup } from '../plan.ts';
import { CONDITION, DURATION } from '../schema/basics.ts';
import { namedValues, required, type Fields } from '../schema/field.ts';
import { asText } from '../schema/show.ts';
import { placeOf, type Place, type PlaceContext } from '../scope/place.ts';
import type { StepCompiler, WrittenStep } from '../verbs/verb.ts';

const DEFAULT_SETTLE_MS = 30_000;

/** The keys of a lookup besides its mode and what it asks with. */
export const LOOKUP: Fields = {
  found: required(CONDITION),
  outputs: namedValues('outputs', EXTRACTOR),
  settle: DURATION,
};

/** The lookup of a step, as it was written. What it asks is like a step, without an id of its own. */
export function lookupOf({ id, path, pointer, node }: WrittenStep): WrittenStep | undefined {
  const idempotency = node['idempotency'];
  if (!isJsonObject(idempotency) || idempotency['mode'] !== 'lookup') return undefined;
  return { id, path: `${path}/lookup`, pointer: childPointer(pointer, 'idempotency'), node: idempotency };
}

/** Where templates stand in it, what it asks with left out. */
export function lookupPlaces(lookup: JsonObject, pointer: string, answer: PlaceContext): Place[] {
  const outputs = isJsonObject(lookup['outputs']) ? lookup['outputs'] : {};
  const here = childPointer(pointer, 'outputs');
  return [
    ...placeOf(lookup, pointer, 'found', 'condition', answer),
    ...Object.keys(outputs).flatMap((name) => placeOf(outputs, here, name, 'extractor', answer)),
  ];
}

export function compileLookup(lookup: WrittenStep, compiler: StepCompiler): Lookup {
  const { node, pointer } = lookup;
  const question = { ...node, response: { outputs: node['outputs'] ?? {} }, idempotency: { mode: 'safe' } };
  return {
    mode: 'lookup',
    step: compiler.effect({ ...lookup, node: question }),
    found: condition(node['found'] ?? null, childPointer(pointer, 'found')),
    settleMs: parseDuration(asText(node['settle'])) ?? DEFAULT_SETTLE_MS,
  };
}
