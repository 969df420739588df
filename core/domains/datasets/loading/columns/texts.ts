import { parseJson } from '../../../../runtime/decode.ts';
import type { FieldWriter } from './field-writer.ts';

const NUL = 'The text holds a NUL character (U+0000), which cannot be stored.';

/** Any text, UTF-8 by now. */
export const writeText: FieldWriter = (bytes, from, to, out) => (out.escape(bytes, from, to) ? undefined : NUL);

/** A JSON document that jsonb takes, as it was written. */
export const writeJson: FieldWriter = (bytes, from, to, out) => {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString();
  return jsonProblem(text) ?? writeText(bytes, from, to, out);
};

function jsonProblem(text: string): string | undefined {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return 'Expected JSON.';
  }
  // NUL and half a surrogate pair can be in it by an escape only.
  if (text.includes('\\u') && !isStorable(value))
    return 'The JSON holds a NUL character or half of a surrogate pair, which cannot be stored.';
  const numbers = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '');
  return /[eE][+-]?\d{4}/.test(numbers) || /\d{1000}/.test(numbers)
    ? 'The JSON holds a number of more than 1,000 digits.'
    : undefined;
}

function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\0') && value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, item]) => isStorable(key) && isStorable(item));
}
