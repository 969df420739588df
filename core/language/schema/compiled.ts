import type { Violation } from '../../kernel/errors.ts';
import { isJsonObject, pointerSegment, type Json, type JsonObject } from '../../kernel/json.ts';
import type { CompiledSchema } from '../plan.ts';
import { compileJsonSchema, type ErrorObject, type ValidateFunction } from './ajv.ts';
import { faultsOf } from './messages.ts';
import { asText, kindOf, show } from './show.ts';

const EMPTY: JsonObject = { type: 'object', properties: {} };

/**
 * Compiles the schema of an `input`, `connection` or `app`. A map that lists its properties takes no others, unless
 * its author says `additionalProperties`: no template could name them, so one that is given is a mistake.
 */
export function compileSchema(schema: JsonObject | undefined): CompiledSchema {
  const json = closed(schema ?? EMPTY);
  // By the first value: most of what is compiled at a start is not asked for by this process, and lint has seen that it compiles.
  let validate: ValidateFunction | undefined;
  const hidden = hiddenIn(json);
  return {
    json,
    complete(value) {
      if (!isJsonObject(value)) {
        return {
          value: {},
          violations: [{ path: '', message: `${show(value)} is ${kindOf(value)}; this must be a map.` }],
        };
      }
      const copy = structuredClone(value);
      validate ??= compileJsonSchema(withoutReadOnly(json), { fill: true });
      const errors = validate(copy) ? [] : [...(validate.errors ?? [])];
      return { value: copy, violations: violationsOf(errors, hidden) };
    },
  };
}

export function violationsOf(
  errors: readonly ErrorObject[],
  hidden?: (pointer: string) => boolean,
): Violation[] {
  return faultsOf(errors, hidden ? { hidden } : {}).map(({ pointer, missing, message }) => ({
    // Callers look for what they left out under its own name.
    path: missing === undefined ? pointer : pointer + pointerSegment(missing),
    message,
  }));
}

const OPEN_KEYWORDS = [
  'additionalProperties',
  'unevaluatedProperties',
  'patternProperties',
  '$ref',
  'allOf',
  'anyOf',
  'oneOf',
  'if',
];

function closed(schema: JsonObject): JsonObject {
  if (!isJsonObject(schema['properties']) || OPEN_KEYWORDS.some((keyword) => keyword in schema))
    return schema;
  return { ...schema, additionalProperties: false };
}

/** What is read only comes from tokens, later: nobody is asked for it. */
export function withoutReadOnly(schema: JsonObject): JsonObject {
  const { required, properties } = schema;
  if (!Array.isArray(required) || !isJsonObject(properties)) return schema;
  const asked = (required as readonly Json[]).filter((name) => {
    const property = properties[asText(name)];
    return !(isJsonObject(property) && property['readOnly'] === true);
  });
  return asked.length === required.length ? schema : { ...schema, required: asked };
}

/** JSON Pointers of the values that `schema` marks with `secret: true`. */
export function secretPointers(schema: Json | undefined, pointer = ''): string[] {
  if (!isJsonObject(schema)) return [];
  if (schema['secret'] === true) return [pointer];
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {};
  return Object.entries(properties).flatMap(([name, inner]) =>
    secretPointers(inner, pointer + pointerSegment(name)),
  );
}

function hiddenIn(schema: JsonObject): (pointer: string) => boolean {
  const secrets = secretPointers(schema);
  return (pointer) => secrets.some((secret) => pointer === secret || pointer.startsWith(`${secret}/`));
}

/** Checks an answer's body against a step's `response.schema`. */
export function compileCheck(schema: JsonObject): (body: unknown) => readonly Violation[] {
  const validate = compileJsonSchema(schema, { fill: false });
  return (body) => (validate(body) ? [] : violationsOf([...(validate.errors ?? [])]));
}
