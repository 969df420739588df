import { Type } from 'typebox';
import { parseDuration } from '../../kernel/duration.ts';
import { FAULT_CODES, type FaultCode, type FaultKind } from '../../kernel/errors.ts';
import { isJsonObject, type Json } from '../../kernel/json.ts';
import { condition, tree } from '../compile/strict.ts';
import { childPointer } from '../load/document.ts';
import type { ErrorRule, Verdict } from '../plan.ts';
import { CONDITION, TEXT } from '../schema/basics.ts';
import { field, listOf, mapOf, required, type Check } from '../schema/field.ts';
import { show } from '../schema/show.ts';
import { placeOf, type Place, type PlaceContext } from '../scope/place.ts';
import type { Modifier } from './modifier.ts';

const VERDICTS: readonly Verdict[] = ['retry', 'fail', 'ignore', 'refresh', 'rateLimited', 'unknown'];
export const KIND = field(Type.Enum(['config', 'transient', 'system'] satisfies FaultKind[]));
export const CODE = field(Type.Enum([...FAULT_CODES]));

const checkAfter: Check = (node, pointer, report) => {
  if (typeof node === 'number' && node >= 0) return;
  const literal = typeof node === 'string' && !node.includes('{{');
  if (typeof node === 'string' && !literal) return;
  if (literal && (parseDuration(node) !== undefined || !Number.isNaN(Date.parse(node)))) return;
  report.error(
    pointer,
    `${show(node)} is no wait; write a duration (PT1M), seconds (60), a time, or a template.`,
  );
};

const rule = mapOf('an errors rule', {
  when: required(CONDITION),
  // oxlint-disable-next-line unicorn/no-thenable -- the language's word; it is never awaited
  then: required(field(Type.Enum([...VERDICTS]))),
  after: field(
    Type.Unsafe({ type: ['string', 'number'], description: 'Duration, seconds, time, or template.' }),
    checkAfter,
  ),
  message: TEXT,
  kind: KIND,
  code: CODE,
});

const rules = listOf('errors', rule);

/** What an answer means, in order; the first rule that matches. A step's come before the definition's. */
export const errorsModifier: Modifier = {
  name: 'errors',
  field: () => rules,
  places: (node, pointer, { answer }) => errorPlaces(node, pointer, answer),
};

export function errorPlaces(node: Json | undefined, pointer: string, context: PlaceContext): Place[] {
  return rulesIn(node, pointer).flatMap(({ node: rule, pointer: here }) => [
    ...placeOf(rule, here, 'when', 'condition', context),
    ...(['after', 'message'] as const).flatMap((key) => placeOf(rule, here, key, 'tree', context)),
  ]);
}

/** The rules of an `errors` list, each with its own pointer. */
export function rulesIn(
  node: Json | undefined,
  pointer: string,
): { node: { readonly [key: string]: Json }; pointer: string }[] {
  if (!Array.isArray(node)) return [];
  return (node as readonly Json[]).flatMap((rule, i) =>
    isJsonObject(rule) ? [{ node: rule, pointer: childPointer(pointer, i) }] : [],
  );
}

export function compileErrors(node: Json | undefined, pointer: string): ErrorRule[] {
  return rulesIn(node, pointer).map(({ node: rule, pointer: at }) => ({
    at,
    when: condition(rule['when'] ?? {}, childPointer(at, 'when')),
    // oxlint-disable-next-line unicorn/no-thenable -- as above
    then: rule['then'] as Verdict,
    ...('after' in rule ? { after: tree(rule['after'] ?? null, childPointer(at, 'after'), { absent: 'drop' }) } : {}),
    ...('message' in rule ? { message: tree(rule['message'] ?? null, childPointer(at, 'message'), { absent: 'drop' }) } : {}),
    ...('kind' in rule ? { kind: rule['kind'] as FaultKind } : {}),
    ...('code' in rule ? { code: rule['code'] as FaultCode } : {}),
  }));
}
