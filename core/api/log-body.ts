import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Incoming } from '../domains/logs/intake.ts';
import { SluiceError } from '../kernel/errors.ts';
import type { IdempotencyClaim } from '../kernel/stores/idempotency.ts';
import { decodeText, lenientType, readBody } from './body.ts';
import { claimOf } from './idempotent.ts';
import { parseUnique } from './unique-json.ts';

/** Holds for what arrives and for what comes out of its compression. */
export const MAX_LOG_BODY = 20 * 1024 * 1024;

export const NDJSON = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

/** What stands in the query where the body is NDJSON, which has no place for it. `schema` is JSON text. */
export interface LogQuery {
  readonly family?: string;
  readonly schema?: string;
}

/**
 * Reads a request to store events: JSON `{family, schema, logs}`, or NDJSON, an event a line, with `family` and `schema` in the
 * query.
 * @param hold hears how many bytes there are before they are parsed
 * @throws SluiceError BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, BAD_REQUEST, INVALID_JSON, VALIDATION_FAILED
 */
export async function readLogBody(
  request: IncomingMessage,
  query: LogQuery,
  hold: (bytes: number) => void,
): Promise<Incoming> {
  const lines = isNdjson(request.headers['content-type']);
  if (!lines) refuseQuery(query);
  const bytes = await readBody(request, MAX_LOG_BODY);
  hold(bytes.length);
  const type = lines ? 'application/json' : lenientType(request.headers['content-type']);
  const text = decodeText(bytes, type, 'json');
  const body = lines ? bodyOfLines(text, query) : parseUnique(text);
  return { body, bytes: bytes.length, claim: claim(request, query, bytes) };
}

export function isNdjson(contentType: string | undefined): boolean {
  return NDJSON.includes((contentType ?? '').split(';')[0]!.trim().toLowerCase());
}

function refuseQuery(query: LogQuery): void {
  const [key] = Object.keys(query);
  if (key === undefined) return;
  const message = `"${key}" stands in the query of NDJSON only; of JSON it is a key of the body.`;
  throw new SluiceError('VALIDATION_FAILED', message, { errors: [{ path: `/query/${key}`, message }] });
}

function bodyOfLines(text: string, { family, schema }: LogQuery): unknown {
  const logs: unknown[] = [];
  for (const line of text.split('\n'))
    if (line.trim() !== '') logs.push(parseUnique(line, `/logs/${logs.length}`));
  return {
    ...(family !== undefined && { family }),
    ...(schema !== undefined && { schema: parseUnique(schema, '/schema') }),
    logs,
  };
}

/** PUT and POST are one operation, and a family in the query is part of what was asked. */
function claim(request: IncomingMessage, query: LogQuery, bytes: Buffer): IdempotencyClaim | undefined {
  const found = claimOf(request.headers['idempotency-key'], 'PUT', '/api/log', bytes);
  if (!found || Object.keys(query).length === 0) return found;
  const bodyHash = createHash('sha256').update(JSON.stringify(query)).update(found.bodyHash).digest();
  return { ...found, bodyHash };
}
