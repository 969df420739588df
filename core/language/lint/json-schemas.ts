import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { childPointer } from '../load/document.ts';
import type { Report } from '../report.ts';
import { schemaErrors, uncompilable } from '../schema/ajv.ts';
import { compileSchema } from '../schema/compiled.ts';
import type { LintRule } from './subject.ts';
import { asText } from '../schema/show.ts';

export const jsonSchemas: LintRule = {
  name: 'json-schemas',
  summary:
    'Schemas of input, connection and app: misspelt keywords, required names that are not declared, defaults that break their own schema.',
  check({ outline }, report) {
    checkSchema(outline.root['connection'], '/connection', report);
    checkSchema(outline.root['app'], '/app', report);
    for (const { input } of outline.pipelines) if (input) checkSchema(input.node, input.pointer, report);
  },
};

/** JSON Schema 2020-12, and ours: secret, order. */
const KEYWORDS = new Set(
  (
    '$schema $id $ref $defs $comment $anchor $dynamicRef $dynamicAnchor definitions type properties required items prefixItems additionalProperties ' +
    'patternProperties propertyNames unevaluatedProperties unevaluatedItems contains minContains maxContains allOf anyOf ' +
    'oneOf not if then else enum const default title description examples deprecated readOnly writeOnly format pattern ' +
    'minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minItems maxItems uniqueItems ' +
    'minProperties maxProperties dependentRequired dependentSchemas contentEncoding contentMediaType contentSchema secret order'
  ).split(' '),
);

function checkSchema(schema: Json | undefined, pointer: string, report: Report): void {
  if (!isJsonObject(schema)) return;
  checkKeywords(schema, pointer, report);
}

function checkKeywords(schema: JsonObject, pointer: string, report: Report): void {
  for (const key of Object.keys(schema)) {
    if (KEYWORDS.has(key) || key.startsWith('x-')) continue;
    report.error(
      childPointer(pointer, key),
      `"${key}" is not a keyword of JSON Schema.${didYouMean(key, KEYWORDS)}`,
      { onKey: true },
    );
  }
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : undefined;
  checkRequired(schema, properties, pointer, report);
  checkDefault(schema, pointer, report);
  for (const [name, inner] of Object.entries(properties ?? {})) {
    if (isJsonObject(inner)) checkKeywords(inner, childPointer(pointer, 'properties', name), report);
  }
  for (const key of ['items', 'additionalProperties'] as const) {
    const inner = schema[key];
    if (isJsonObject(inner)) checkKeywords(inner, childPointer(pointer, key), report);
  }
}

function checkRequired(
  schema: JsonObject,
  properties: JsonObject | undefined,
  pointer: string,
  report: Report,
): void {
  if (!properties || !Array.isArray(schema['required'])) return;
  const names = Object.keys(properties);
  for (const [i, name] of (schema['required'] as readonly Json[]).entries()) {
    if (names.includes(asText(name))) continue;
    report.error(
      childPointer(pointer, 'required', i),
      `"${asText(name)}" is required and not among the properties: ${names.join(', ')}.${didYouMean(asText(name), names)}`,
    );
  }
}

function checkDefault(schema: JsonObject, pointer: string, report: Report): void {
  if (!('default' in schema)) return;
  const { default: value, ...rest } = schema;
  // What is wrong with the schema itself has been said; a `$ref` leads out of this part of it.
  if (schemaErrors(rest).length > 0 || uncompilable(rest) !== undefined) return;
  const { violations } = compileSchema({ type: 'object', properties: { value: rest } }).complete({ value });
  const [first] = violations;
  if (first)
    report.error(childPointer(pointer, 'default'), `The default breaks its own schema: ${first.message}`);
}
