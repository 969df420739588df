import { Type } from 'typebox';
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { BODIES, LATER_BODIES } from '../bodies/all.ts';
import { compileRender } from '../compile/render.ts';
import type { Grammar } from '../grammar.ts';
import { childPointer } from '../load/document.ts';
import { MODIFIERS } from '../modifiers/all.ts';
import { readIdempotency, SAFE_METHODS } from '../modifiers/idempotency.ts';
import { outputsOf } from '../modifiers/response.ts';
import { TEXT, textMap } from '../schema/basics.ts';
import { field, mapOf, planned, required, type Check, type Fields } from '../schema/field.ts';
import { authPlaces } from '../sections/auth.ts';
import { placeOf } from '../scope/place.ts';
import { asText } from '../schema/show.ts';
import { compileEffect } from './effect.ts';
import type { Verb } from './verb.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

export const HEADERS = textMap('headers', 'Names and values; null leaves a header out.');
export const QUERY = textMap('query', 'Names and values; null leaves a key out, a list repeats it.');

/** One HTTP exchange. */
export const request: Verb = {
  name: 'request',
  modifiers: MODIFIERS.map(({ name }) => name),
  field: (grammar) => mapOf('a request', requestFields(grammar), checkWhole),
  places(step, pointer, { request: context }) {
    const value = requestOf(step);
    const here = childPointer(pointer, 'request');
    return [
      ...placeOf(value, here, 'path', 'path', context),
      ...placeOf(value, here, 'url', 'url', context),
      ...placeOf(value, here, 'query', 'tree', context),
      ...placeOf(value, here, 'headers', 'tree', context),
      ...BODIES.flatMap((body) => placeOf(value, here, body.name, body.form, context)),
      ...('auth' in value ? authPlaces(value['auth'] ?? null, childPointer(here, 'auth'), context) : []),
    ];
  },
  outputs: (step) => Object.keys(outputsOf(step['response'])),
  compile(step, compiler) {
    const { pointer, node } = step;
    const written = requestOf(node);
    const isSafe = SAFE_METHODS.includes(asText(written['method']));
    const standard = isSafe ? { mode: 'safe' as const } : readIdempotency(compiler.idempotency);
    return {
      verb: 'request',
      ...compileEffect(step, standard, compiler),
      render: compileRender(written, childPointer(pointer, 'request'), compiler),
      auth:
        'auth' in written
          ? compiler.auth(written['auth'] ?? null, childPointer(pointer, 'request', 'auth'))
          : undefined,
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
