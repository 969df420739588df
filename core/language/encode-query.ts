import { StepFault } from '../kernel/errors.ts';
import type { Json } from '../kernel/json.ts';
import { isJsonObject } from '../kernel/json.ts';
import { show } from './template/values.ts';

/** Levels of maps and lists below a parameter. */
const DEPTH_LIMIT = 16;

type Pair = readonly [name: string, value: string];

/**
 * A map as a query, without `?`. Null drops its key, a list repeats it as written, a map nests `a[b]`, and maps and
 * lists in a list nest `a[0][b]`.
 * @throws StepFault
 */
export function encodeQuery(value: Json): string {
  return pairs(value, 'query')
    .map(([name, text]) => `${encode(name, 'query')}=${encode(text, 'query')}`)
    .join('&');
}

/** A map as `application/x-www-form-urlencoded` (WHATWG URL, section 5.2), by the rules of `encodeQuery`. */
export function encodeForm(value: Json): string {
  return pairs(value, 'form')
    .map(([name, text]) => `${plus(encode(name, 'form'))}=${plus(encode(text, 'form'))}`)
    .join('&');
}

/** What a form's encoding has beyond encodeURIComponent. */
function plus(text: string): string {
  return text.replace(/%20|[!'()~]/g, (char) =>
    char === '%20' ? '+' : `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function encode(text: string, place: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    throw new StepFault(
      'config',
      `The ${place} holds half of a surrogate pair, which is no character and cannot be sent.`,
    );
  }
}

function pairs(value: Json, place: string): Pair[] {
  if (value === null) return [];
  if (!isJsonObject(value))
    throw new StepFault('config', `The ${place} is ${show(value)}; it must be a map.`);
  const out: Pair[] = [];
  for (const [name, item] of Object.entries(value)) add(out, name, item, 1);
  return out;
}

function add(out: Pair[], name: string, value: Json, depth: number): void {
  if (value === null) return;
  if (typeof value !== 'object') {
    out.push([name, String(value)]);
    return;
  }
  if (depth > DEPTH_LIMIT) {
    throw new StepFault('config', `"${name}" nests deeper than ${DEPTH_LIMIT} levels; send it as \`json\`.`);
  }
  if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) add(out, `${name}[${key}]`, item, depth + 1);
    return;
  }
  value.forEach((item: Json, i) => {
    add(out, typeof item === 'object' && item !== null ? `${name}[${i}]` : name, item, depth + 1);
  });
}
