import { Type } from 'typebox';
import { parseDuration } from '../../kernel/duration.ts';
import { isJsonObject, type Json } from '../../kernel/json.ts';
import { condition } from '../compile/strict.ts';
import { childPointer } from '../load/document.ts';
import type { Poll } from '../plan.ts';
import { CONDITION, DURATION } from '../schema/basics.ts';
import { field, mapOf, mapSchema, required, type Check, type Field, type Fields } from '../schema/field.ts';
import { asText } from '../schema/show.ts';
import { placeOf } from '../scope/place.ts';
import type { Modifier } from './modifier.ts';

const checkTimeout: Check = (node, pointer, report) => {
  if (isJsonObject(node) && 'timeout' in node) return;
  report.error(
    pointer,
    '"timeout" is missing: a poll without one could wait for ever. Say how long it may take in all, for example timeout: PT15M.',
    { onKey: true },
  );
};

const fields: Fields = {
  every: required(DURATION),
  factor: field(Type.Number({ minimum: 1, description: 'What each wait is multiplied by for the next; 1 by default.' })),
  max: DURATION,
  timeout: DURATION,
  until: required(CONDITION),
};

const poll: Field = {
  ...mapOf('poll', fields, checkTimeout),
  schema: mapSchema({ ...fields, timeout: required(DURATION) }),
};

/** Repeats the step's own request until the condition holds. `errors` are looked at first. */
export const pollModifier: Modifier = {
  name: 'poll',
  field: () => poll,
  places: (node, pointer, { answer }) =>
    isJsonObject(node) ? placeOf(node, pointer, 'until', 'condition', answer) : [],
};

/** The waits have no bound of their own where `max` is left out: the timeout ends them. */
export function compilePoll(node: Json | undefined, pointer: string): Poll | undefined {
  if (!isJsonObject(node)) return undefined;
  const ms = (key: string) => parseDuration(asText(node[key]));
  const { factor } = node;
  const timeoutMs = ms('timeout') ?? 0;
  return {
    everyMs: ms('every') ?? 0,
    factor: typeof factor === 'number' ? factor : 1,
    maxMs: ms('max') ?? timeoutMs,
    timeoutMs,
    until: condition(node['until'] ?? null, childPointer(pointer, 'until')),
  };
}
