import { SluiceError } from '../kernel/errors.ts';
import { pointerSegment } from '../kernel/json.ts';
import { endOfString, locateJsonError, MAX_DEPTH } from './json-text.ts';

/**
 * Parses JSON in which no object has a key twice: of two equal keys a parser keeps one, and events must not lose a field
 * unseen. Every key has a colon outside of strings, so the colons against the keys that were parsed tell; only where they
 * differ is the place looked for.
 * @param at where the text stands in the request: the path of what is refused begins with it
 * @throws SluiceError INVALID_JSON, VALIDATION_FAILED (depth)
 */
export function parseUnique(text: string, at = ''): unknown {
  const colons = countColons(text, MAX_DEPTH);
  if (colons === undefined) {
    const message = `Lists and objects may be nested ${MAX_DEPTH} levels deep at most.`;
    throw new SluiceError('VALIDATION_FAILED', `The body nests deeper than ${MAX_DEPTH} levels.`, {
      errors: [{ path: at, message }],
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const where = at === '' ? 'The body' : `The line of ${at}`;
    throw new SluiceError('INVALID_JSON', `${where} is not valid JSON: ${locateJsonError(text)}.`);
  }
  if (countKeys(value) !== colons) throw duplicate(text, at);
  return value;
}

/** Colons outside of strings; undefined where the text nests deeper than `limit`. */
function countColons(text: string, limit: number): number | undefined {
  let colons = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22:
        i = endOfString(text, i);
        break;
      case 0x3a:
        colons++;
        break;
      case 0x5b:
      case 0x7b:
        if (++depth > limit) return undefined;
        break;
      case 0x5d:
      case 0x7d:
        depth--;
        break;
    }
  }
  return colons;
}

/** Parsed JSON has own keys only, `__proto__` among them. */
function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let keys = 0;
  if (Array.isArray(value)) {
    for (const item of value) keys += countKeys(item);
    return keys;
  }
  for (const key in value) {
    keys++;
    const item = (value as Record<string, unknown>)[key];
    if (typeof item === 'object') keys += countKeys(item);
  }
  return keys;
}

function duplicate(text: string, at: string): SluiceError {
  const path = at + (firstDuplicate(text) ?? '');
  const message = 'The key stands twice in one object. Send it once.';
  return new SluiceError('INVALID_JSON', `${path}: ${message}`, { errors: [{ path, message }] });
}

interface Frame {
  /** Of an object, as far as read. */
  readonly keys: Set<string> | undefined;
  expectsKey: boolean;
  segment: string | number;
}

/** The JSON Pointer of the first key that an object of valid JSON has twice. */
function firstDuplicate(text: string): string | undefined {
  const open: Frame[] = [];
  for (let i = 0; i < text.length; i++) {
    const frame = open.at(-1);
    switch (text[i]) {
      case '"': {
        const end = endOfString(text, i);
        if (frame?.keys && frame.expectsKey) {
          frame.segment = JSON.parse(text.slice(i, end + 1)) as string;
          if (frame.keys.has(frame.segment))
            return open.map(({ segment }) => pointerSegment(segment)).join('');
          frame.keys.add(frame.segment);
          frame.expectsKey = false;
        }
        i = end;
        break;
      }
      case '{':
        open.push({ keys: new Set(), expectsKey: true, segment: '' });
        break;
      case '[':
        open.push({ keys: undefined, expectsKey: false, segment: 0 });
        break;
      case ',':
        if (frame?.keys) frame.expectsKey = true;
        else if (frame) frame.segment = Number(frame.segment) + 1;
        break;
      case '}':
      case ']':
        open.pop();
        break;
    }
  }
  return undefined;
}
