import type { CopyText } from '../copy-text.ts';
import type { FieldWriter } from './field-writer.ts';

const [DASH, COLON, POINT, BLANK, PLUS, ZERO] = [0x2d, 0x3a, 0x2e, 0x20, 0x2b, 0x30];
const [UPPER_T, LOWER_T, UPPER_Z, LOWER_Z] = [0x54, 0x74, 0x5a, 0x7a];
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const NO_DATE = 'Expected a day of the calendar as YYYY-MM-DD, of the years 0001 to 9999.';
const NO_TIMESTAMP =
  'Expected a time as 2026-01-31T12:00:00Z or 2026-01-31 12:00:00.123456 (UTC), of the years 0001 to 9999, to microseconds.';

/** YYYY-MM-DD. */
export const writeDate: FieldWriter = (bytes, from, to, out) => {
  if (to - from !== 10 || !isDate(bytes, from)) return NO_DATE;
  out.copy(bytes, from, to);
  return undefined;
};

/**
 * RFC 3339, or as SQL writes it; T or a blank between, at most six digits behind the point, `Z`, an offset or nothing
 * for UTC. It is written in UTC. A leap second and 24:00 have no place of their own in a timestamp.
 */
export const writeTimestamp: FieldWriter = (bytes, from, to, out) => {
  if (!isDate(bytes, from) || !isTime(bytes, from + 11)) return NO_TIMESTAMP;
  const between = bytes[from + 10];
  if (between !== UPPER_T && between !== BLANK && between !== LOWER_T) return NO_TIMESTAMP;
  const behind = behindFraction(bytes, from + 19, to);
  const offset = offsetAt(bytes, behind, to);
  // A field that is too short has none, whatever stands behind it.
  if (!(behind <= to) || !Number.isFinite(offset)) return NO_TIMESTAMP;
  if (offset === 0) {
    out.copy(bytes, from, from + 10);
    out.byte(BLANK);
    out.copy(bytes, from + 11, from + 19);
  } else if (!writeMoved(bytes, from, offset, out)) {
    return NO_TIMESTAMP;
  }
  out.copy(bytes, from + 19, behind);
  // With its zone it means the same to both of PostgreSQL's types.
  out.byte(PLUS);
  out.byte(ZERO);
  out.byte(ZERO);
  return undefined;
};

/** Where one to six digits behind a point end; `at` where there is no point, NaN where there are not so many. */
function behindFraction(bytes: Uint8Array, at: number, to: number): number {
  if (at >= to || bytes[at] !== POINT) return at;
  let end = at + 1;
  while (end < to && bytes[end]! >= ZERO && bytes[end]! <= ZERO + 9) end++;
  const digits = end - at - 1;
  return digits >= 1 && digits <= 6 ? end : Number.NaN;
}

/** Minutes east of UTC; NaN where it is no offset. */
function offsetAt(bytes: Uint8Array, at: number, to: number): number {
  if (at === to) return 0;
  const sign = bytes[at];
  if (sign === UPPER_Z || sign === LOWER_Z) return to === at + 1 ? 0 : Number.NaN;
  if ((sign !== PLUS && sign !== DASH) || to !== at + 6 || bytes[at + 3] !== COLON) return Number.NaN;
  const hours = two(bytes, at + 1);
  const minutes = two(bytes, at + 4);
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  return (sign === DASH ? -1 : 1) * (hours * 60 + minutes);
}

/** The time that stands at `from` with an offset, in UTC and to seconds. False where its year is none then. */
function writeMoved(bytes: Uint8Array, from: number, offset: number, out: CopyText): boolean {
  const time = new Date(0);
  // Date.UTC would read a year before 100 as one of the 20th century.
  time.setUTCFullYear(four(bytes, from), two(bytes, from + 5) - 1, two(bytes, from + 8));
  time.setUTCHours(two(bytes, from + 11), two(bytes, from + 14) - offset, two(bytes, from + 17));
  const year = time.getUTCFullYear();
  if (year < 1 || year > 9999) return false;
  out.digits(year, 4);
  out.byte(DASH);
  out.digits(time.getUTCMonth() + 1, 2);
  out.byte(DASH);
  out.digits(time.getUTCDate(), 2);
  out.byte(BLANK);
  out.digits(time.getUTCHours(), 2);
  out.byte(COLON);
  out.digits(time.getUTCMinutes(), 2);
  out.byte(COLON);
  out.digits(time.getUTCSeconds(), 2);
  return true;
}

function isDate(bytes: Uint8Array, at: number): boolean {
  if (bytes[at + 4] !== DASH || bytes[at + 7] !== DASH) return false;
  const year = four(bytes, at);
  const month = two(bytes, at + 5);
  const day = two(bytes, at + 8);
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= DAYS[month - 1]!)) return false;
  return month !== 2 || day < 29 || (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

function isTime(bytes: Uint8Array, at: number): boolean {
  if (bytes[at + 2] !== COLON || bytes[at + 5] !== COLON) return false;
  return two(bytes, at) <= 23 && two(bytes, at + 3) <= 59 && two(bytes, at + 6) <= 59;
}

/** Two decimal digits; NaN where there are others. */
function two(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - ZERO;
  const ones = bytes[at + 1]! - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

const four = (bytes: Uint8Array, at: number): number => two(bytes, at) * 100 + two(bytes, at + 2);
