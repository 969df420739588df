import type { Column } from '../../../../kernel/columns.ts';
import type { Json } from '../../../../kernel/json.ts';
import type { CopyText } from '../copy-text.ts';
import type { ColumnWriter } from './column-writer.ts';

/** Digits up to which each decimal number is another double: beyond them JSON has rounded it already. */
const EXACT_DIGITS = 15;

type ValueText = { readonly text: string } | { readonly problem: string };

/**
 * Checks a value of a message and writes it as COPY reads it. Text is text, and for columns of other types the same as in
 * a file. A number is what it is worth (12.0 is 12) as long as JSON is sure to hold it: others are sent as text.
 * @returns what is wrong with it
 */
export function writeValue(writer: ColumnWriter, value: Json, out: CopyText): string | undefined {
  if (value === null) {
    if (writer.null === undefined) out.null();
    return writer.null;
  }
  const given = valueText(writer.column, value);
  if ('problem' in given) return given.problem;
  const bytes = Buffer.from(given.text);
  return writer.write(bytes, 0, bytes.length, out);
}

function valueText({ type }: Column, value: Json): ValueText {
  if (type === 'json') return { text: JSON.stringify(value) };
  if (typeof value === 'string') return value.isWellFormed() ? { text: value } : { problem: HALF_A_PAIR };
  if (typeof value === 'boolean' && type === 'boolean') return { text: String(value) };
  if (typeof value === 'number' && (type === 'integer' || type === 'bigint')) return integerText(value);
  if (typeof value === 'number' && type === 'decimal') return decimalText(value);
  return { problem: `Expected ${type}, got ${kindOf(value)}.` };
}

const HALF_A_PAIR = 'The text holds half of a surrogate pair, which is no character.';

function integerText(value: number): ValueText {
  if (!Number.isInteger(value)) return { text: String(value) };
  return Number.isSafeInteger(value)
    ? { text: String(value + 0) }
    : { problem: 'The number is beyond 2^53-1, where numbers of JSON lose digits. Send it as text.' };
}

function decimalText(value: number): ValueText {
  const text = String(value + 0);
  const [mantissa = '', exponent = '0'] = text.split('e');
  const digits = mantissa.replaceAll(/\D/g, '');
  if (digits.replace(/^0+/, '').length > EXACT_DIGITS)
    return {
      problem: `The number has more than ${EXACT_DIGITS} digits, and numbers of JSON lose those beyond. Send it as text.`,
    };
  const behind = (mantissa.split('.')[1] ?? '').length - Number(exponent);
  return { text: exponent.startsWith('-') && behind <= 100 ? value.toFixed(behind) : text };
}

function kindOf(value: Json): string {
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
