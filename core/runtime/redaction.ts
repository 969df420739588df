import type { Answer, OutgoingRequest } from '../kernel/http.ts';
import type { Json, JsonObject } from '../kernel/json.ts';
import { parseJson, textOf } from './decode.ts';
import { formsOf } from './redaction-forms.ts';

const MASK = '***';
/** Shorter secrets are masked only where a whole value equals them: "1" would blank every text otherwise. */
const MIN_LENGTH = 4;
const TRACE_LIMIT = 4096;

/** From here on a secret stands in data as itself, not by chance: "main" may be a password and a branch. */
const CERTAIN_LENGTH = 12;

/** Takes secrets out of text. Made once for a connection's version and used for all it sends and receives. */
export interface Redactor {
  (text: string): string;
  /** For one whole value (a leaf of a tree, a header): masks short secrets as well. */
  readonly leaf: (value: string) => string;
  /** For data that later steps work with: leaves short secrets alone, since a word like them would be lost. */
  readonly certain: (text: string) => string;
  /** Length of the longest text it looks for. */
  readonly reach: number;
}

/** A redactor of one stretch of work, which learns of credentials that are made on the way. */
export interface LearningRedactor extends Redactor {
  /** Values already known, as they are or as a part, cost nothing. */
  readonly learn: (credentials: readonly string[]) => void;
}

/** A redactor of these values, in the clear and in the encodings they travel in. */
export function createRedactor(secrets: Iterable<string>): Redactor {
  const known = new Set([...secrets].filter((secret) => secret !== ''));
  const all = masking([...known].filter((secret) => secret.length >= MIN_LENGTH));
  const some = [...known].filter((secret) => secret.length >= CERTAIN_LENGTH);
  const certain = some.length === known.size ? all : masking(some);
  const leaf = (value: string): string => (known.has(value) ? MASK : all.mask(value));
  return Object.assign((text: string) => all.mask(text), { leaf, certain: certain.mask, reach: all.reach });
}

function masking(secrets: readonly string[]): { mask: (text: string) => string; reach: number } {
  // Longest first: of two secrets, one within the other, the outer one is masked as a whole.
  const forms = [...new Set(secrets.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  if (forms.length === 0) return { mask: (text) => text, reach: 0 };
  const pattern = new RegExp(forms.map(patternOf).join('|'), 'g');
  return { mask: (text) => text.replace(pattern, MASK), reach: forms[0]!.length };
}

/** What `base` knows, and what is learned. */
export function learningRedactor(base: Redactor): LearningRedactor {
  let learned: string[] = [];
  let own: Redactor | undefined;
  const redact = (text: string): string => base(own ? own(text) : text);
  const redactor = Object.assign(redact, {
    leaf: (value: string) => base.leaf(own ? own.leaf(value) : value),
    certain: (text: string) => base.certain(own ? own.certain(text) : text),
    learn(credentials: readonly string[]) {
      const news = credentials.filter((value) => value.length >= MIN_LENGTH && redact(value) === value);
      if (news.length === 0) return;
      learned = [...learned, ...news];
      own = createRedactor(learned);
      redactor.reach = Math.max(base.reach, own.reach);
    },
    reach: base.reach,
  });
  return redactor;
}

/** The credentials that an auth scheme put on a request: in its headers and in its query. */
export function credentialsOn(bare: OutgoingRequest, wire: OutgoingRequest): string[] {
  if (wire === bare) return [];
  const found: string[] = [];
  for (const [name, value] of Object.entries(wire.headers)) {
    // Without the name of a scheme before it, as in `Bearer x`: the other side may repeat the token alone.
    if (value !== bare.headers[name] && CREDENTIAL.test(name)) found.push(value.replace(/^\w+ +(?=\S+$)/, ''));
  }
  if (wire.url.search !== bare.url.search) {
    const before = new Set(bare.url.searchParams.values());
    found.push(...[...wire.url.searchParams.values()].filter((value) => !before.has(value)));
  }
  return found;
}

/** A copy of the tree without secrets: in texts, in keys, and as numbers. */
export function redactJson(value: Json, redact: Redactor): Json {
  return masked(value, redact.leaf);
}

/** The same for a map of named values. */
export function redactTree(values: JsonObject, mask: (text: string) => string): JsonObject {
  return masked(values, mask) as JsonObject;
}

function masked(value: Json, mask: (text: string) => string): Json {
  if (typeof value === 'string') return mask(value);
  if (typeof value === 'number') return mask(String(value)) === MASK ? MASK : value;
  if (value === null || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((element: Json) => masked(element, mask));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [mask(key), masked(inner, mask)]));
}

/** How much is read for `limit` characters to show: masks shorten the text. */
function windowOf(limit: number, { reach }: Redactor): number {
  return limit + 4 * reach;
}

/** The beginning of a text, redacted, of `limit` characters at most. A secret that a cut goes through does not show. */
export function redactedStart(text: string, redact: Redactor, limit: number): string {
  const seen = text.slice(0, windowOf(limit, redact));
  const shown = redact(seen);
  if (seen.length === text.length) return shown.slice(0, limit);
  // Where masks shortened the text, its end has moved into view, and that may be the beginning of a secret.
  return shown.slice(0, Math.max(0, Math.min(limit, shown.length - redact.reach)));
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
  // Four bytes a character at most; one more than is read below says that the text goes on.
  const text = textOf(body.subarray(0, (windowOf(limit, redact) + 1) * 4), type);
  return { body: storable(redactedStart(text, redact, limit)), truncated: true };
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

/** JSON within JSON doubles the backslashes with each level: however many there are, it is the same secret. */
function patternOf(form: string): string {
  return form
    .replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
    .replaceAll(/(?:\\\\)+/g, String.raw`\\+`)
    .replaceAll(/["/]/g, String.raw`\\*$&`);
}
