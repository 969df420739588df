import type { Answer, OutgoingRequest } from '../kernel/http.ts';
import type { Json } from '../kernel/json.ts';
import { parseJson, textOf } from './decode.ts';
import { formsOf } from './redaction-forms.ts';

const MASK = '***';
/** Shorter secrets are masked only where a whole value equals them: "1" would blank every text otherwise. */
const MIN_LENGTH = 4;
const TRACE_LIMIT = 4096;

/** Takes secrets out of text. Made once for a connection's version and used for all it sends and receives. */
export interface Redactor {
  (text: string): string;
  /** For one whole value (a leaf of a tree, a header): masks short secrets as well. */
  readonly leaf: (value: string) => string;
  /** Length of the longest text it looks for. */
  readonly reach: number;
}

/** A redactor of these values, in the clear and in the encodings they travel in. */
export function createRedactor(secrets: Iterable<string>): Redactor {
  const known = new Set([...secrets].filter((secret) => secret !== ''));
  const long = [...known].filter((secret) => secret.length >= MIN_LENGTH);
  // Longest first: of two secrets, one within the other, the outer one is masked as a whole.
  const forms = [...new Set(long.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  const pattern = forms.length === 0 ? undefined : new RegExp(forms.map(escapeRegExp).join('|'), 'g');
  const redact = (text: string): string => (pattern ? text.replace(pattern, MASK) : text);
  const leaf = (value: string): string => (known.has(value) ? MASK : redact(value));
  return Object.assign(redact, { leaf, reach: forms[0]?.length ?? 0 });
}

/** A copy of the tree without secrets: in texts, in keys, and as numbers. */
export function redactJson(value: Json, redact: Redactor): Json {
  if (typeof value === 'string') return redact.leaf(value);
  if (typeof value === 'number') return redact.leaf(String(value)) === MASK ? MASK : value;
  if (value === null || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((element: Json) => redactJson(element, redact));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [redact.leaf(key), redactJson(inner, redact)]),
  );
}

/** A request as the trace shows it: credentials masked, bodies cut at `limit` bytes. */
export function traceRequest(request: OutgoingRequest, redact: Redactor, limit = TRACE_LIMIT): Json {
  return {
    method: request.method,
    url: redact(request.url.href),
    headers: traceHeaders(request.headers, redact),
    ...(request.body ? traceBody(request.body, request.headers, redact, limit) : {}),
  };
}

/** An answer as the trace shows it. */
export function traceResponse(answer: Answer, redact: Redactor, limit = TRACE_LIMIT): Json {
  return {
    status: answer.status,
    headers: traceHeaders(answer.headers, redact),
    ...(answer.body.length === 0 ? {} : traceBody(answer.body, answer.headers, redact, limit)),
  };
}

// Masked whole, whatever their value: a credential that is not on record as a secret (a fresh token, a cookie).
const CREDENTIAL = /(?:^|[-_])(?:authorization|cookie|token|secret|password|api-?key|access-?key|signature)$/;

function traceHeaders(headers: Readonly<Record<string, string>>, redact: Redactor): Json {
  const shown: Record<string, string> = {};
  for (const name in headers) shown[name] = CREDENTIAL.test(name) ? MASK : redact.leaf(headers[name]!);
  return shown;
}

const BINARY = /^(?:image|audio|video|font)\/|\/(?:octet-stream|pdf|zip|gzip|x-protobuf|protobuf)\b/;

function traceBody(
  body: Buffer,
  headers: Readonly<Record<string, string>>,
  redact: Redactor,
  limit: number,
): { body: Json; truncated?: true } {
  const type = headers['content-type'] ?? '';
  if (BINARY.test(type)) return { body: `${body.length} bytes of ${type}` };
  if (body.length <= limit) return { body: wholeBody(textOf(body, type), type, redact) };
  // A secret that the cut goes through is still seen whole, since the text is cut after it was redacted.
  const text = textOf(body.subarray(0, limit + redact.reach * 4), type);
  return { body: storable(redact(text)).slice(0, limit), truncated: true };
}

function wholeBody(text: string, type: string, redact: Redactor): Json {
  if (!type.includes('json') || UNSTORABLE_ESCAPE.test(text)) return storable(redact.leaf(text));
  try {
    return redactJson(parseJson(text) as Json, redact);
  } catch {
    return storable(redact.leaf(text));
  }
}

// PostgreSQL's jsonb refuses NUL and lone surrogates; JSON that escapes them is shown as its text.
const UNSTORABLE_ESCAPE = /\\u(?:0000|[dD][89a-fA-F])/;

function storable(text: string): string {
  return text.replaceAll('\0', '\u{fffd}');
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
