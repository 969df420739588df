import { Type, type TSchema } from 'typebox';
import { parseDuration } from '../../kernel/duration.ts';
import { isJsonObject, type Json } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import type { Idempotency } from '../plan.ts';
import { DURATION } from '../schema/basics.ts';
import {
  checkMap,
  checkSchema,
  field,
  mapSchema,
  notYet,
  required,
  type Check,
  type Fields,
} from '../schema/field.ts';
import { asText, kindOf, show } from '../schema/show.ts';
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
const NAMES = field(Type.Enum(Object.keys(MODES)));

const check: Check = (node, pointer, report) => {
  if (!isJsonObject(node)) {
    const hint =
      typeof node === 'string' && node in MODES
        ? ` Write { mode: ${node} }.`
        : ' Write for example { mode: once }.';
    report.error(pointer, `${show(node)} is ${kindOf(node)}; idempotency must be a map.${hint}`);
    return;
  }
  const here = childPointer(pointer, 'mode');
  const chosen = node['mode'];
  if (chosen === 'lookup') {
    report.error(
      here,
      notYet('"mode: lookup"', 'use { mode: once }: an unknown outcome then waits for a person.'),
    );
    return;
  }
  const fields = typeof chosen === 'string' && Object.hasOwn(MODES, chosen) ? MODES[chosen] : undefined;
  if (fields) checkMap(`idempotency of mode ${asText(chosen)}`, fields, node, pointer, report);
  else if ('mode' in node) checkSchema(NAMES.schema, chosen ?? null, here, report);
  else
    report.error(pointer, `"mode" is missing; it is one of: ${Object.keys(MODES).join(', ')}.`, {
      onKey: true,
    });
};

export const idempotencyField = field(
  Type.Union(Object.values(MODES).map((fields): TSchema => mapSchema(fields))),
  check,
);

/** Whether a request whose outcome is unknown may be sent again. */
export const idempotencyModifier: Modifier = { name: 'idempotency', field: () => idempotencyField };

/**
 * The step's own choice, else what its method allows, else the action's default.
 * @returns undefined where a POST or PATCH has none: lint refuses that
 */
export function compileIdempotency(
  method: string,
  own: Json | undefined,
  ofAction: Json | undefined,
): Idempotency | undefined {
  const node = own ?? (SAFE_METHODS.includes(method) ? { mode: 'safe' } : ofAction);
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
