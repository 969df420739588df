import { Type, type TSchema } from 'typebox';
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import type { Registry } from '../../kernel/registry.ts';
import type { Grammar } from '../grammar.ts';
import { MODIFIERS } from '../modifiers/all.ts';
import { grammarOf } from '../sections/grammar.ts';
import { fieldsByKind } from '../sections/kinds.ts';
import { stepSchemas } from '../sections/steps.ts';
import { request } from '../verbs/request.ts';
import { field, mapSchema, required } from './field.ts';

/**
 * The JSON Schema (2020-12) of definitions, for editors: made of the same fields that lint checks, and of the
 * schemes and step types of the plugins at hand. A definition's `kind` says which of its branches holds.
 */
export function editorSchema(registry: Registry): JsonObject {
  const grammar = grammarOf(registry);
  const kinds = fieldsByKind(grammar);
  const parts = partsOf(grammar);
  const names = new Map([...parts].map(([name, part]) => [JSON.stringify(part), name]));
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Sluice definition',
    type: 'object',
    required: ['kind'],
    properties: { kind: { enum: [...kinds.keys()] } },
    allOf: [...kinds].map(([kind, fields]) => ({
      if: { properties: { kind: { const: kind } } },
      // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's word; it is never awaited
      then: mapSchema({ ...fields, kind: required(field(Type.Literal(kind))) }),
    })),
  };
  const steps = Object.entries(stepSchemas(grammar)).map(([name, step]) => [name, plain(step)] as const);
  const $defs = [...parts, ...steps].map(([name, part]) => [name, inside(part, names)] as const);
  return { ...(inside(plain(schema), names) as JsonObject), $defs: Object.fromEntries($defs) };
}

/** What stands in many places is written out once, under its name. */
function partsOf(grammar: Grammar): Map<string, Json> {
  const modifiers = MODIFIERS.filter(({ name }) => ['response', 'errors', 'retry', 'idempotency'].includes(name));
  const fields = [
    ['auth', grammar.auth.schema] as const,
    ['request', request.field(grammar).schema] as const,
    ...modifiers.map(({ name, field: of }) => [name, of(grammar).schema] as const),
  ];
  return new Map(fields.map(([name, schema]) => [name, plain(schema)]));
}

/** Through text: what is left is plain JSON, without the marks that typebox keeps on its schemas. */
function plain(schema: TSchema | object): Json {
  return JSON.parse(JSON.stringify(schema)) as Json;
}

/** The schema with references to its named parts, itself not among them. */
function inside(node: Json, names: ReadonlyMap<string, string>): Json {
  const named = (value: Json): Json => {
    const name = typeof value === 'object' ? names.get(JSON.stringify(value)) : undefined;
    return name === undefined ? inside(value, names) : { $ref: `#/$defs/${name}` };
  };
  if (Array.isArray(node)) return (node as readonly Json[]).map(named);
  if (!isJsonObject(node)) return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, named(value)]));
}
