import { SluiceError, type Violation } from '../kernel/errors.ts';
import { pointerSegment } from '../kernel/json.ts';

/** `JSON.parse` takes far more, but what walks the value afterwards is recursive. */
export const MAX_DEPTH = 64;

/**
 * Parses a body. Its depth is checked first; afterwards keys named `__proto__`, and the characters PostgreSQL's jsonb
 * cannot hold (NUL, lone surrogates), are refused with their path.
 * @throws SluiceError INVALID_JSON (with line and column), VALIDATION_FAILED.
 */
export function parseJson(text: string): unknown {
  if (deeperThan(text, MAX_DEPTH)) {
    throw new SluiceError('VALIDATION_FAILED', `The body nests deeper than ${MAX_DEPTH} levels.`, {
      errors: [{ path: '', message: `Lists and objects may be nested ${MAX_DEPTH} levels deep at most.` }],
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SluiceError('INVALID_JSON', `The body is not valid JSON: ${locateJsonError(text)}.`);
  }
  // Both can only be written with an escape or by name: most bodies need no walk.
  if (text.includes('__proto__') || text.includes(String.raw`\u`)) {
    const errors: Violation[] = [];
    refuse(value, '', errors);
    if (errors.length > 0) {
      throw new SluiceError('VALIDATION_FAILED', errors[0]!.message, { errors });
    }
  }
  return value;
}

function deeperThan(text: string, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) {
      i = endOfString(text, i);
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > limit) return true;
    } else if (code === 0x5d || code === 0x7d) {
      depth--;
    }
  }
  return false;
}

/** The index of the closing quote of the string that opens at `start`; the text's length where there is none. */
export function endOfString(text: string, start: number): number {
  let end = start;
  do {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
  } while (escaped(text, end));
  return end;
}

function escaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
  return slashes % 2 === 1;
}

function refuse(value: unknown, path: string, errors: Violation[]): void {
  if (errors.length >= 20) return;
  if (typeof value === 'string') {
    const message = flaw(value);
    if (message) errors.push({ path, message });
  } else if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) refuse(item, path + pointerSegment(i), errors);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      const here = path + pointerSegment(key);
      const message = key === '__proto__' ? 'A key may not be named "__proto__".' : flaw(key);
      if (message) errors.push({ path: here, message });
      else refuse(item, here, errors);
    }
  }
}

/** What is wrong with a text for jsonb, if anything is. */
export function flaw(text: string): string | undefined {
  if (text.includes('\0'))
    return 'The text holds a NUL character (U+0000), which cannot be stored. Leave it out.';
  // In a pattern of code points only a surrogate that stands alone is one.
  if (/\p{Surrogate}/u.test(text)) {
    return 'The text holds half of a surrogate pair, which is no character. Send whole characters.';
  }
  return undefined;
}

// RFC 8259: blanks, then a mark, a text, or any other value.
const TEXT = String.raw`"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"`;
const VALUE = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null`;
const TOKEN = new RegExp(String.raw`[ \t\n\r]*(?:([{}[\]:,])|(${TEXT})|(${VALUE}))`, 'y');

/**
 * Where JSON goes wrong: `unexpected "h" at line 1, column 7 (character 6)`. The parser of newer engines quotes the text around
 * the fault instead, which could be a secret.
 */
export function locateJsonError(text: string): string {
  const at = firstFault(text);
  const end = /\S/.exec(text.slice(at));
  if (!end) return `it ends too early, after ${text.length} characters`;
  const position = at + end.index;
  const before = text.slice(0, position);
  const line = before.split('\n').length;
  const column = position - before.lastIndexOf('\n');
  const character = String.fromCodePoint(text.codePointAt(position)!);
  return `unexpected ${JSON.stringify(character)} at line ${line}, column ${column} (character ${position})`;
}

/** Walks tokens with the grammar's states; the index where the first token stands that may not stand there. */
function firstFault(text: string): number {
  const open: ('{' | '[')[] = [];
  let expect: 'value' | 'valueOrEnd' | 'key' | 'keyOrEnd' | 'colon' | 'next' = 'value';
  let at = 0;
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) return at;
    const [, mark, string] = match;
    const inside = open.at(-1);
    const closes: boolean = (mark === '}' && inside === '{') || (mark === ']' && inside === '[');
    if (closes && (expect === 'next' || (mark === '}' ? expect === 'keyOrEnd' : expect === 'valueOrEnd'))) {
      open.pop();
      expect = 'next';
    } else if (expect === 'next' && mark === ',' && inside) {
      expect = inside === '{' ? 'key' : 'value';
    } else if (expect === 'colon' && mark === ':') {
      expect = 'value';
    } else if ((expect === 'key' || expect === 'keyOrEnd') && string !== undefined) {
      expect = 'colon';
    } else if ((expect === 'value' || expect === 'valueOrEnd') && (mark === '{' || mark === '[')) {
      open.push(mark);
      expect = mark === '{' ? 'keyOrEnd' : 'valueOrEnd';
    } else if ((expect === 'value' || expect === 'valueOrEnd') && mark === undefined) {
      expect = 'next';
    } else {
      return at;
    }
    at = TOKEN.lastIndex;
  }
  return text.length;
}
