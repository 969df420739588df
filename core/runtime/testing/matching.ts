import type { IncomingHttpHeaders } from 'node:http';
import type { Json } from '../../kernel/json.ts';
import type { ExpectedRequest } from '../../language/definition-test.ts';
import { difference, show } from './difference.ts';

/** A request as it arrived at the socket. */
export interface ArrivedRequest {
  readonly method: string;
  /** Path and query, percent-encoded as on the wire. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Why a request is not the expected one, a sentence each; empty where it is. */
export function mismatches(expect: ExpectedRequest, request: ArrivedRequest): string[] {
  if (expect.use !== undefined) return [`expected the step type ${expect.use}, got a request`];
  return [
    expect.method !== undefined && expect.method !== request.method
      ? `method: expected ${expect.method}, got ${request.method}`
      : undefined,
    expect.path === undefined ? undefined : differentPath(expect.path, request.target),
    expect.url === undefined ? undefined : differentUrl(expect.url, request),
    ...Object.entries(expect.query ?? {}).map(([name, value]) => differentQuery(name, value, request)),
    ...Object.entries(expect.headers ?? {}).map(([name, value]) => differentHeader(name, value, request)),
    ...differentBody(expect, request),
  ].filter((text) => text !== undefined);
}

function differentPath(expected: string, target: string): string | undefined {
  const seen = expected.includes('?') ? target : target.replace(/\?.*$/s, '');
  return normal(expected) === normal(seen) ? undefined : `path: expected ${expected}, got ${seen}`;
}

/** Segments with their escapes resolved, so that `:` and `%3A` are the same, and `/` and `%2F` are not. */
function normal(path: string): string {
  const [bare = '', query = ''] = path.split(/\?(.*)/s);
  const segments = bare.split('/').map((segment) => {
    try {
      return encodeURIComponent(decodeURIComponent(segment));
    } catch {
      return segment;
    }
  });
  return `${segments.join('/')}?${query}`;
}

function differentUrl(expected: string, { headers, target }: ArrivedRequest): string | undefined {
  const url = new URL(expected);
  if (url.host !== headers.host) return `url: expected host ${url.host}, got ${headers.host ?? 'none'}`;
  return differentPath(`${url.pathname}${url.search}`, url.search ? target : target.replace(/\?.*$/s, ''));
}

function differentQuery(name: string, expected: Json, { target }: ArrivedRequest): string | undefined {
  const seen = new URLSearchParams(target.split(/\?(.*)/s)[1] ?? '').getAll(name);
  const wanted = (Array.isArray(expected) ? (expected as readonly Json[]) : [expected]).map(textOf);
  if (expected === null) return seen.length === 0 ? undefined : `query ${name}: expected none, got ${show(seen)}`;
  return JSON.stringify(seen) === JSON.stringify(wanted)
    ? undefined
    : `query ${name}: expected ${show(wanted)}, got ${seen.length === 0 ? 'nothing' : show(seen)}`;
}

function differentHeader(name: string, expected: Json, { headers }: ArrivedRequest): string | undefined {
  const seen = headers[name.toLowerCase()];
  if (expected === null) return seen === undefined ? undefined : `header ${name}: expected none, got ${show(seen)}`;
  return textOf(expected) === seen ? undefined : `header ${name}: expected ${show(textOf(expected))}, got ${show(seen)}`;
}

function differentBody(expect: ExpectedRequest, { body }: ArrivedRequest): (string | undefined)[] {
  const compare = (what: string, expected: Json | undefined, read: () => unknown, subset = false) => {
    if (expected === undefined) return undefined;
    try {
      const found = difference(expected, read(), subset);
      return found === undefined ? undefined : `${what} ${found}`;
    } catch {
      return `${what}: the body cannot be read as it: ${show(body)}`;
    }
  };
  return [
    compare('json', expect.json, () => JSON.parse(body)),
    compare('json', expect.jsonContains, () => JSON.parse(body), true),
    compare('form', expect.form && texts(expect.form), () => formOf(body)),
    compare('text', expect.text, () => body),
    compare('ndjson', expect.ndjson, () => body.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Json)),
  ];
}

function formOf(body: string): Record<string, string | string[]> {
  const form = new URLSearchParams(body);
  const entries = [...new Set(form.keys())].map((key) => {
    const values = form.getAll(key);
    return [key, values.length > 1 ? values : values[0]!] as const;
  });
  return Object.fromEntries(entries);
}

/** A form carries text only: `1` in an expectation means `"1"`. */
function texts(form: Readonly<Record<string, Json>>): Json {
  const entries = Object.entries(form).map(([key, value]) => [
    key,
    Array.isArray(value) ? (value as readonly Json[]).map(textOf) : textOf(value),
  ]);
  return Object.fromEntries(entries) as Json;
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
