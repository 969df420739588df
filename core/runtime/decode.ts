import { messageOf } from '../kernel/errors.ts';
import type { Answer } from '../kernel/http.ts';
import { parseCsv } from './decode-csv.ts';
import { parseXml } from './decode-xml.ts';

export type DecodeAs = 'json' | 'text' | 'xml' | 'csv' | 'none';

/**
 * A body as rules and extractors see it. Where it is not what its content type says, or the step asks for,
 * `undecodable` says why and `body` is the text as it came: an HTML page in place of JSON is still worth a rule.
 */
export interface Decoded {
  readonly body: unknown;
  readonly undecodable?: string;
}

/** Deeper JSON would overflow the stack of whoever walks or writes it later. */
export const MAX_JSON_DEPTH = 512;

/**
 * Decodes a body as `how` says, by default as its Content-Type says. An empty body is null. JSON without any
 * Content-Type is recognised; with `text/plain` it stays text.
 */
export function decodeBody(answer: Pick<Answer, 'headers' | 'body'>, how?: DecodeAs): Decoded {
  const type = answer.headers['content-type'] ?? '';
  const as = how ?? decodingOf(type, answer.body);
  if (as === 'none' || answer.body.length === 0) return { body: null };
  const text = textOf(answer.body, type);
  if (as === 'text') return { body: text };
  try {
    return { body: PARSERS[as](text) };
  } catch (error) {
    // A guess from the first byte was only a guess.
    if (how === undefined && type === '') return { body: text };
    return { body: text, undecodable: `The body is not ${as.toUpperCase()}: ${messageOf(error)}` };
  }
}

const PARSERS: Record<'json' | 'xml' | 'csv', (text: string) => unknown> = {
  json: parseJson,
  xml: parseXml,
  csv: parseCsv,
};

function decodingOf(contentType: string, body: Buffer): DecodeAs {
  const media = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (media === '') return body[0] === 0x7b || body[0] === 0x5b ? 'json' : 'text';
  // AWS names its JSON protocols, not JSON.
  if (/[/+]json$|^application\/x-amz-json-1\.\d$/.test(media)) return 'json';
  if (/[/+]xml$/.test(media) && media !== 'application/xhtml+xml') return 'xml';
  if (media === 'text/csv') return 'csv';
  return /^(text|multipart)\/|[/+](xml|x-www-form-urlencoded|javascript|yaml|x-yaml|graphql|x-ndjson)$/.test(
    media,
  )
    ? 'text'
    : 'none';
}

/** The text of a body: UTF-8, or what its content type declares. */
export function textOf(body: Buffer, contentType: string): string {
  const charset = /charset="?([^\s";]+)/i.exec(contentType)?.[1]?.toLowerCase() ?? 'utf-8';
  if (charset !== 'utf-8' && charset !== 'utf8') {
    try {
      return new TextDecoder(charset).decode(body);
    } catch {
      // An unknown name of a charset: nearly always it is UTF-8 all the same.
    }
  }
  const text = body.toString('utf8');
  return text.startsWith('\u{feff}') ? text.slice(1) : text;
}

/** @throws Error where the text is no JSON, or is nested deeper than MAX_JSON_DEPTH */
export function parseJson(text: string): unknown {
  // Depth is counted first: JSON.parse takes 100,000 levels and JSON.stringify then overflows.
  if (text.length > MAX_JSON_DEPTH && jsonDepth(text) > MAX_JSON_DEPTH) {
    throw new Error(`it is nested deeper than ${MAX_JSON_DEPTH} levels.`);
  }
  return JSON.parse(text);
}

function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x22) i = endOfString(text, i);
    else if (char === 0x7b || char === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (char === 0x7d || char === 0x5d) depth--;
  }
  return deepest;
}

/** Where the string that opens at `start` closes; the text's end where it does not. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && escapedAt(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function escapedAt(text: string, index: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(index - 1 - backslashes) === 0x5c) backslashes++;
  return backslashes % 2 === 1;
}
