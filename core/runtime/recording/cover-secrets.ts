import { SluiceError } from '../../kernel/errors.ts';
import { isFailure } from '../../kernel/http.ts';
import { followPointer, isJsonObject, pointerSegment, type Json, type JsonObject } from '../../kernel/json.ts';
import type { Tokens } from '../../kernel/plugin.ts';
import type { CompiledSchema, Plan } from '../../language/plan.ts';
import { decodeBody } from '../decode.ts';
import type { SluiceHttpClient } from '../http/client.ts';
import type { Cover } from './cover.ts';
import type { Heard, Sent } from './recorder.ts';

/** Takes a stand-in for each secret of a connection. @throws SluiceError where its schema accepts none */
export function coverConnection(cover: Cover, plan: Plan, connection: JsonObject): void {
  const { $oauth: _, ...config } = connection;
  for (const pointer of plan.secrets.connection) coverAt(cover, plan.connection, config, pointer);
}

function coverAt(cover: Cover, schema: CompiledSchema, config: JsonObject, pointer: string): void {
  for (const { at, text, number } of leavesAt(followPointer(config, pointer) as Json | undefined, pointer)) {
    const accepts = (standIn: string): boolean =>
      schema.complete(replaced(config, at, number ? Number(standIn) : standIn) as JsonObject).violations.every(({ path }) => path !== at);
    if (cover.take(text, lastName(at), accepts) !== undefined) continue;
    const message = `Nothing was found that may stand in for the connection's ${at}: its schema accepts none of the usual. Write this test by hand.`;
    throw new SluiceError('VALIDATION_FAILED', message, { errors: [{ path: at, message }] });
  }
}

/** Whatever the operator gave a definition is nobody else's. */
export function coverApp(cover: Cover, app: JsonObject): void {
  for (const { at, text } of leavesAt(app, '')) cover.take(text, lastName(at));
}

/** What a test's connection has in place of tokens; undefined where the run knew none. */
export function coverTokens(cover: Cover, connection: JsonObject, tokens: Tokens | undefined): JsonObject | undefined {
  const given: JsonObject = isJsonObject(connection['$oauth']) ? connection['$oauth'] : {};
  for (const name of ['accessToken', 'refreshToken'] as const) {
    for (const token of [given[name], tokens?.[name]]) {
      if (typeof token === 'string' && token !== '') cover.take(token, name);
    }
  }
  if (!tokens && Object.keys(given).length === 0) return undefined;
  const refresh = given['refreshToken'] ?? tokens?.refreshToken;
  return {
    accessToken: cover.hide(textOf(given['accessToken']) ?? tokens?.accessToken ?? '') || 'fake-access-token',
    ...(typeof refresh === 'string' ? { refreshToken: cover.hide(refresh) } : {}),
  };
}

/** Credentials that came or went with the exchanges themselves, known by their names. */
export function coverExchanges(cover: Cover, heard: readonly Heard[]): void {
  for (const one of heard) {
    if (!('request' in one)) continue;
    for (const { name, text } of credentialsIn(one)) cover.take(text, name);
  }
}

function credentialsIn({ by, request, result }: Sent): { name: string; text: string }[] {
  const sent = (request.headers['authorization'] ?? '').split(' ').at(-1) ?? '';
  const names = by === 'scheme' ? OF_TOKEN_ANSWERS : OF_ANSWERS;
  const body = isFailure(result) ? undefined : (decodeBody(result).body as Json);
  const found = leavesAt(body, '').map(({ at, text }) => ({ name: lastName(at), text }));
  return [...found.filter(({ name }) => names.test(name)), { name: 'authorization', text: sent }].filter(
    ({ text }) => text.length >= MIN_LENGTH,
  );
}

/** Shorter ones are words: "bearer", "none". */
const MIN_LENGTH = 12;
const OF_TOKEN_ANSWERS = /token$|secret|password|assertion|session|(?:^|_)(?:key|jwt|code)$/i;
const OF_ANSWERS = /^token$|(?:access|refresh|id|auth|bearer|session)_?token$|secret|password|api_?key$|private_?key/i;

/**
 * Tests refuse tenants' URLs that lead into private networks, as the platform does. Where the operator opened one for
 * this run, a public name stands in for it.
 */
export function coverOrigins(cover: Cover, heard: readonly Heard[], http: Pick<SluiceHttpClient, 'checkUrl'>): void {
  const urls = heard.flatMap((one) => ('request' in one && one.guarded ? [one.request.url] : []));
  for (const origin of new Set(urls.map((url) => url.origin))) {
    if (isRefused(http, new URL(origin))) cover.set(origin, `https://${cover.freshHost()}`);
  }
}

function isRefused(http: Pick<SluiceHttpClient, 'checkUrl'>, url: URL): boolean {
  try {
    http.checkUrl(url);
    return false;
  } catch (error) {
    if (error instanceof SluiceError) return true;
    throw error;
  }
}

interface Leaf {
  readonly at: string;
  readonly text: string;
  readonly number: boolean;
}

function leavesAt(value: Json | undefined, at: string): Leaf[] {
  if (typeof value === 'string') return value === '' ? [] : [{ at, text: value, number: false }];
  if (typeof value === 'number') return [{ at, text: String(value), number: true }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, Json]) => leavesAt(inner, at + pointerSegment(key)));
}

function replaced(value: Json, pointer: string, by: string | number, at = ''): Json {
  if (at === pointer) return by;
  if (Array.isArray(value)) return value.map((item: Json, i) => replaced(item, pointer, by, at + pointerSegment(i)));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, replaced(inner, pointer, by, at + pointerSegment(key))]),
  );
}

function lastName(pointer: string): string {
  return pointer.split('/').findLast((part) => !/^\d*$/.test(part)) ?? 'secret';
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
