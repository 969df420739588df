import type { FieldWriter } from './field-writer.ts';

const MINUS = 0x2d;
const DIGITS_ONLY = 'Expected an integer: digits, "-" in front where it is negative, no zeros in front.';

/** -2147483648 to 2147483647. */
export const writeInteger: FieldWriter = (bytes, from, to, out) => {
  const digits = digitsOf(bytes, from, to);
  if (digits === 0) return DIGITS_ONLY;
  if (digits > 10 || (digits === 10 && isBeyond(bytes, to - digits, LARGEST_INTEGER[bytes[from] === MINUS ? 1 : 0]!)))
    return 'An integer is from -2147483648 to 2147483647. A column of larger ones is declared as bigint.';
  out.copy(bytes, from, to);
  return undefined;
};

/** -9223372036854775808 to 9223372036854775807. */
export const writeBigint: FieldWriter = (bytes, from, to, out) => {
  const digits = digitsOf(bytes, from, to);
  if (digits === 0) return DIGITS_ONLY;
  if (digits > 19 || (digits === 19 && isBeyond(bytes, to - digits, LARGEST_BIGINT[bytes[from] === MINUS ? 1 : 0]!)))
    return 'A bigint is from -9223372036854775808 to 9223372036854775807.';
  out.copy(bytes, from, to);
  return undefined;
};

/** The largest number, and the digits of the smallest one. */
const LARGEST_INTEGER = ['2147483647', '2147483648'].map((digits) => Buffer.from(digits));
const LARGEST_BIGINT = ['9223372036854775807', '9223372036854775808'].map((digits) => Buffer.from(digits));

/** How many digits `-?(0|[1-9][0-9]*)` has; 0 where it is something else. */
export function digitsOf(bytes: Uint8Array, from: number, to: number): number {
  const first = bytes[from] === MINUS ? from + 1 : from;
  if (first >= to || (bytes[first] === 0x30 && to > first + 1)) return 0;
  for (let index = first; index < to; index++) {
    const digit = bytes[index]! - 0x30;
    if (digit < 0 || digit > 9) return 0;
  }
  return to - first;
}

function isBeyond(bytes: Uint8Array, from: number, largest: Uint8Array): boolean {
  for (let index = 0; index < largest.length; index++) {
    const difference = bytes[from + index]! - largest[index]!;
    if (difference !== 0) return difference > 0;
  }
  return false;
}
