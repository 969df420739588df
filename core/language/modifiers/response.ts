import { Type } from 'typebox';
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import type { ResponsePlan } from '../plan.ts';
import { compileExtractor, EXTRACTOR } from '../extractor.ts';
import { BYTES, JSON_SCHEMA } from '../schema/basics.ts';
import { parseByteSize } from '../schema/byte-size.ts';
import { compileCheck } from '../schema/compiled.ts';
import { field, mapOf, namedValues } from '../schema/field.ts';
import { asText } from '../schema/show.ts';
import { compileItems, itemPlaces, itemsField } from './items.ts';
import type { Modifier } from './modifier.ts';

const DEFAULT_MAX_BYTES = 10 * 1024 * 1024;
const DECODINGS = ['json', 'text', 'xml', 'csv', 'none'] as const;

const response = mapOf('response', {
  outputs: namedValues('outputs', EXTRACTOR),
  schema: JSON_SCHEMA,
  decode: field(Type.Enum([...DECODINGS])),
  maxBytes: BYTES,
  items: itemsField,
});

/** What is taken from a step's answer, and what is demanded of it. */
export const responseModifier: Modifier = {
  name: 'response',
  field: () => response,
  places(node, pointer, { answer, item }) {
    const extractors = Object.entries(outputsOf(node)).map(([name, extractor]) => ({
      ...answer,
      pointer: childPointer(pointer, 'outputs', name),
      node: extractor,
      form: 'extractor' as const,
    }));
    const items = isJsonObject(node) ? node['items'] : undefined;
    return [...extractors, ...itemPlaces(items, childPointer(pointer, 'items'), item)];
  },
};

/** The named extractors of a `response`. */
export function outputsOf(node: Json | undefined): JsonObject {
  const outputs = isJsonObject(node) ? node['outputs'] : undefined;
  return isJsonObject(outputs) ? outputs : {};
}

export function compileResponse(node: Json | undefined, pointer: string): ResponsePlan {
  const response = isJsonObject(node) ? node : {};
  const { maxBytes, decode, schema } = response;
  const outputs = Object.entries(outputsOf(node)).map(
    ([name, text]) => [name, compileExtractor(asText(text))] as const,
  );
  const items = compileItems(response['items'], childPointer(pointer, 'items'));
  return {
    maxBytes:
      maxBytes === undefined ? DEFAULT_MAX_BYTES : (parseByteSize(asText(maxBytes)) ?? DEFAULT_MAX_BYTES),
    outputs: Object.fromEntries(outputs),
    ...(DECODINGS.some((name) => name === decode) ? { decode: decode as (typeof DECODINGS)[number] } : {}),
    ...(isJsonObject(schema) ? { schema: compileCheck(schema) } : {}),
    ...(items ? { items } : {}),
  };
}
