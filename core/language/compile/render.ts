import { StepFault } from '../../kernel/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import type { RenderedRequest } from '../../kernel/runs.ts';
import { BODIES } from '../bodies/all.ts';
import { pathLeaf, urlLeaf } from '../encode-leaf.ts';
import { encodeQuery, headerValue } from '../encode.ts';
import { childPointer } from '../load/document.ts';
import { ABSENT, type RequestStep, type Scope } from '../plan.ts';
import { asText, kindOf } from '../schema/show.ts';
import { tree } from './strict.ts';

/** Protocols of a URL that a tenant gives. Plain http is refused by the egress guard, but for ranges the operator opened. */
export const PROTOCOLS: readonly string[] = ['https:', 'http:'];

/** What a definition adds to each of its requests. */
interface Shared {
  readonly headers: Json | undefined;
  readonly query: Json | undefined;
}

/** Compiles a `request` to the function that fills it. A step's headers and query win over the definition's. */
export function compileRender(request: JsonObject, pointer: string, shared: Shared): RequestStep['render'] {
  const target = compileTarget(request);
  const query = merged('query', shared.query, request['query'], pointer);
  const headers = merged('headers', shared.headers, request['headers'], pointer);
  const body = compileBody(request, pointer);
  const method = asText(request['method']);
  return (scope): RenderedRequest => {
    const { text, ...where } = target(scope);
    const filled = body(scope);
    const named = headerLines(headers(scope));
    const headed =
      filled && !('content-type' in named) ? { ...named, 'content-type': filled.contentType } : named;
    return {
      method,
      target: withQuery(text, encodeQuery(query(scope))),
      ...where,
      headers: headed,
      ...(filled ? { body: filled.body } : {}),
    };
  };
}

type Target = { readonly text: string; readonly absolute: boolean; readonly guarded: boolean };

function compileTarget(request: JsonObject): (scope: Scope) => Target {
  if (typeof request['url'] === 'string') {
    const { render, guarded } = urlLeaf(request['url'], PROTOCOLS);
    return (scope) => ({ text: render(scope), absolute: true, guarded });
  }
  const { render } = pathLeaf(asText(request['path']));
  return (scope) => ({ text: render(scope), absolute: false, guarded: false });
}

function withQuery(target: string, query: string): string {
  if (query === '') return target;
  return `${target}${target.includes('?') ? '&' : '?'}${query}`;
}

/** The definition's map under the step's. Header names are compared without regard to case. */
function merged(
  key: 'query' | 'headers',
  shared: Json | undefined,
  own: Json | undefined,
  pointer: string,
): (scope: Scope) => JsonObject {
  const parts = [
    ...(shared === undefined ? [] : [mapTree(shared, childPointer('', key))]),
    ...(own === undefined ? [] : [mapTree(own, childPointer(pointer, key))]),
  ];
  const name = (written: string) => (key === 'headers' ? written.toLowerCase() : written);
  return (scope) => {
    const entries = parts.flatMap((part) =>
      Object.entries(part(scope)).map(([written, value]) => [name(written), value]),
    );
    return Object.fromEntries(entries) as JsonObject;
  };
}

function mapTree(node: Json, pointer: string): (scope: Scope) => JsonObject {
  const evaluate = tree(node, pointer);
  return (scope) => {
    const value = evaluate(scope);
    if (value === ABSENT || value === null) return {};
    if (isJsonObject(value)) return value;
    throw new StepFault(
      'config',
      `${pointer}: this must be a map from names to values, and it is ${kindOf(value)}.`,
    );
  };
}

function headerLines(values: JsonObject): Record<string, string> {
  const lines: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) {
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name))
      throw new StepFault('config', `"${name}" cannot be the name of a header.`);
    const text = headerValue(name, value);
    if (text !== undefined) lines[name] = text;
  }
  return lines;
}

type FilledBody = { readonly contentType: string; readonly body: NonNullable<RenderedRequest['body']> };

function compileBody(request: JsonObject, pointer: string): (scope: Scope) => FilledBody | undefined {
  const kind = BODIES.find(({ name }) => name in request);
  if (!kind) return () => undefined;
  const evaluate = kind.compile(request[kind.name] ?? null, childPointer(pointer, kind.name));
  return (scope) => {
    const body = evaluate(scope);
    return body && { contentType: kind.contentType, body };
  };
}
