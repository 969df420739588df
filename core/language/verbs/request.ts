import { Type } from 'typebox';
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { BODIES, LATER_BODIES } from '../bodies/all.ts';
import { compileRender } from '../compile/render.ts';
import type { Grammar } from '../grammar.ts';
import { childPointer } from '../load/document.ts';
import { MODIFIERS } from '../modifiers/all.ts';
import { compileErrors } from '../modifiers/errors.ts';
import { compileIdempotency } from '../modifiers/idempotency.ts';
import { compileResponse, outputsOf } from '../modifiers/response.ts';
import { compileRetry } from '../modifiers/retry.ts';
import { compileTimeout } from '../modifiers/timeout.ts';
import { TEXT, textMap } from '../schema/basics.ts';
import { field, mapOf, planned, required, type Check, type Fields } from '../schema/field.ts';
import { authPlaces } from '../sections/auth.ts';
import { placeOf } from '../scope/place.ts';
import type { Verb } from './verb.ts';
import { asText } from '../schema/show.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export const HEADERS = textMap('headers', 'Names and values; null leaves a header out.');
export const QUERY = textMap('query', 'Names and values; null leaves a key out, a list repeats it.');

/** One HTTP exchange. */
export const request: Verb = {
  name: 'request',
  modifiers: MODIFIERS.map(({ name }) => name),
  field: (grammar) => mapOf('a request', requestFields(grammar), checkWhole),
  places(value, pointer, { request: context }) {
    if (!isJsonObject(value)) return [];
    return [
      ...placeOf(value, pointer, 'path', 'path', context),
      ...placeOf(value, pointer, 'url', 'url', context),
      ...placeOf(value, pointer, 'query', 'tree', context),
      ...placeOf(value, pointer, 'headers', 'tree', context),
      ...BODIES.flatMap((body) => placeOf(value, pointer, body.name, body.form, context)),
      ...('auth' in value ? authPlaces(value['auth'] ?? null, childPointer(pointer, 'auth'), context) : []),
    ];
  },
  outputs: (step) => Object.keys(outputsOf(step['response'])),
  compile({ id, path, pointer, node }, compiler) {
    const written = requestOf(node);
    const method = asText(written['method']);
    return {
      verb: 'request',
      id,
      path,
      render: compileRender(written, childPointer(pointer, 'request'), compiler),
      auth:
        'auth' in written
          ? compiler.auth(written['auth'] ?? null, childPointer(pointer, 'request', 'auth'))
          : undefined,
      response: compileResponse(node['response']),
      errors: [...compileErrors(node['errors'], childPointer(pointer, 'errors')), ...compiler.errors],
      retry: compileRetry(compiler.retry, node['retry']),
      timeoutMs: compileTimeout(node['timeout'], compiler.timeout),
      idempotency: compileIdempotency(method, node['idempotency'], compiler.idempotency) ?? { mode: 'once' },
    };
  },
};

export function requestOf(step: JsonObject): JsonObject {
  const value = step['request'];
  return isJsonObject(value) ? value : {};
}

function requestFields({ auth }: Grammar): Fields {
  return {
    method: required(field(Type.Enum(METHODS))),
    path: TEXT,
    url: TEXT,
    query: QUERY,
    headers: HEADERS,
    auth,
    ...Object.fromEntries(BODIES.map((body) => [body.name, body.field])),
    ...Object.fromEntries(Object.entries(LATER_BODIES).map(([name, instead]) => [name, planned(instead)])),
  };
}

const checkWhole: Check = (node, pointer, report) => {
  const value = node as { readonly [key: string]: Json };
  if ('path' in value && 'url' in value) {
    report.error(
      childPointer(pointer, 'url'),
      'A request has "path" (below baseUrl) or "url" (a whole URL), not both.',
      { onKey: true },
    );
  } else if (!('path' in value) && !('url' in value)) {
    report.error(pointer, 'A request needs "path" (below baseUrl) or "url" (a whole URL).', { onKey: true });
  }
  const [first, second] = BODIES.filter(({ name }) => name in value);
  if (first && second) {
    report.error(
      childPointer(pointer, second.name),
      `A request has one body, and this one has "${first.name}" and "${second.name}".`,
      { onKey: true },
    );
  }
  const method = value['method'];
  if (first && (method === 'GET' || method === 'HEAD')) {
    report.error(
      childPointer(pointer, first.name),
      `A ${method} request carries no body; send these values as "query", or use another method.`,
      { onKey: true },
    );
  }
};
