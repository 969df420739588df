import { Type, type TSchema } from 'typebox';
import { parseDuration } from '../../kernel/duration.ts';
import { isJsonObject, type Json } from '../../kernel/json.ts';
import type { Grammar } from '../grammar.ts';
import { childPointer } from '../load/document.ts';
import type { Idempotency } from '../plan.ts';
import { DURATION } from '../schema/basics.ts';
import { checkMap, checkSchema, field, mapSchema, required, type Check, type Field, type Fields } from '../schema/field.ts';
import { asText, kindOf, show } from '../schema/show.ts';
import type { StepCompiler, WrittenStep } from '../verbs/verb.ts';
import { compileLookup, LOOKUP, lookupOf, lookupPlaces } from './lookup.ts';
import type { Modifier } from './modifier.ts';

/** Methods that may be repeated without being asked (RFC 9110, section 9.2.2). */
export const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'];

const mode = (name: string) => required(field(Type.Literal(name)));

const MODES: Readonly<Record<string, Fields>> = {
  safe: { mode: mode('safe') },
  header: {
    mode: mode('header'),
    header: required(field(Type.String({ pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" }))),
    validFor: DURATION,
  },
  key: { mode: mode('key'), validFor: DURATION },
  once: { mode: mode('once') },
};

/** The default of an action, for its steps that need one. A lookup is of one step, so it is not among them. */
export const idempotencyDefault: Field = modesField((chosen) => (Object.hasOwn(MODES, chosen) ? MODES[chosen] : undefined), {
  names: Object.keys(MODES),
  schemas: Object.values(MODES),
});

/** Whether a request whose outcome is unknown may be sent again. */
export const idempotencyModifier: Modifier = {
  name: 'idempotency',
  field: idempotencyField,
  places: (node, pointer, { answer }) =>
    isJsonObject(node) && node['mode'] === 'lookup' ? lookupPlaces(node, pointer, answer) : [],
};

function idempotencyField({ questions }: Grammar): Field {
  const lookups = Object.entries(questions).map(([verb, asked]): [string, Fields] => {
    const [own] = Object.keys(asked);
    const fields = own === undefined ? asked : { ...asked, [own]: required(asked[own]!) };
    return [verb, { mode: mode('lookup'), ...fields, ...LOOKUP }];
  });
  const fieldsOf = (chosen: string, node: { readonly [key: string]: Json }): Fields | undefined => {
    if (chosen !== 'lookup') return Object.hasOwn(MODES, chosen) ? MODES[chosen] : undefined;
    return (lookups.find(([verb]) => verb in node) ?? lookups[0])?.[1];
  };
  return modesField(fieldsOf, {
    names: [...Object.keys(MODES), 'lookup'],
    schemas: [...Object.values(MODES), ...lookups.map(([, fields]) => fields)],
  });
}

function modesField(
  fieldsOf: (chosen: string, node: { readonly [key: string]: Json }) => Fields | undefined,
  accepted: { readonly names: readonly string[]; readonly schemas: readonly Fields[] },
): Field {
  const names = Type.Enum([...accepted.names]);
  const check: Check = (node, pointer, report) => {
    if (!isJsonObject(node)) {
      const hint = typeof node === 'string' && node in MODES ? ` Write { mode: ${node} }.` : ' Write for example { mode: once }.';
      report.error(pointer, `${show(node)} is ${kindOf(node)}; idempotency must be a map.${hint}`);
      return;
    }
    const chosen = node['mode'];
    const fields = typeof chosen === 'string' ? fieldsOf(chosen, node) : undefined;
    if (fields) checkMap(`idempotency of mode ${asText(chosen)}`, fields, node, pointer, report);
    else if ('mode' in node) checkSchema(names, chosen ?? null, childPointer(pointer, 'mode'), report);
    else report.error(pointer, `"mode" is missing; it is one of: ${accepted.names.join(', ')}.`, { onKey: true });
  };
  return field(Type.Union(accepted.schemas.map((fields): TSchema => mapSchema(fields))), check);
}

/**
 * What a step's `idempotency` says, or where it has none `standard`.
 * @returns undefined where a POST or PATCH has neither: lint refuses that
 */
export function compileIdempotency(
  step: WrittenStep,
  standard: Idempotency | undefined,
  compiler: StepCompiler,
): Idempotency | undefined {
  const lookup = lookupOf(step);
  if (lookup) return compileLookup(lookup, compiler);
  return readIdempotency(step.node['idempotency']) ?? standard;
}

/** One of the modes that need no question. */
export function readIdempotency(node: Json | undefined): Idempotency | undefined {
  if (!isJsonObject(node)) return undefined;
  const validFor = typeof node['validFor'] === 'string' ? parseDuration(node['validFor']) : undefined;
  const validity = validFor === undefined ? {} : { validFor };
  switch (node['mode']) {
    case 'header':
      return { mode: 'header', header: asText(node['header']).toLowerCase(), ...validity };
    case 'key':
      return { mode: 'key', ...validity };
    case 'once':
      return { mode: 'once' };
    default:
      return { mode: 'safe' };
  }
}
