import { storedTimestamp } from '../timestamp.ts';
import { mismatch, refused } from './fault.ts';
import type { Typed } from './plan.ts';
import { decimal, FLOAT, INT, kindOf, NULL, TEXT, TIME, TRUTH, type SqlType } from './types.ts';

const BIGINT_MIN = -(2n ** 63n);
const BIGINT_MAX = 2n ** 63n - 1n;
/** Most digits of MySQL's DECIMAL, and most of them after the point. */
const MOST_DIGITS = 65;
const MOST_FRACTION = 30;

type Literal = Extract<Typed, { node: 'literal' }>;

export function nullLiteral(at: number): Literal {
  return { node: 'literal', value: null, type: NULL, at };
}

export function textLiteral(value: string, at: number): Literal {
  return { node: 'literal', value, type: TEXT, at };
}

export function truthLiteral(value: boolean, at: number): Literal {
  return { node: 'literal', value, type: TRUTH, at };
}

/** A number as MySQL types it: with an exponent a double, with a point a decimal, else BIGINT or a decimal beyond it. */
export function numberLiteral(digits: string, at: number): Literal {
  if (/e/i.test(digits)) {
    const value = Number(digits);
    if (!Number.isFinite(value)) throw refused(`${digits} is beyond the range of numbers`, at);
    return { node: 'literal', value, type: FLOAT, at };
  }
  const [, sign = '', whole = '', fraction = ''] = /^(-?)0*(\d*?)(?:\.(\d+))?$/.exec(digits) ?? [];
  const value = `${sign}${whole || '0'}${fraction ? `.${fraction}` : ''}`;
  if (whole.length + fraction.length > MOST_DIGITS || fraction.length > MOST_FRACTION) {
    throw refused(`a number has at most ${MOST_DIGITS} digits, ${MOST_FRACTION} of them after the point`, at);
  }
  if (fraction) return { node: 'literal', value, type: decimal(fraction.length), at };
  const integer = BigInt(value);
  const type = integer >= BIGINT_MIN && integer <= BIGINT_MAX ? INT : decimal(0);
  return { node: 'literal', value: String(integer), type, at };
}

/** A literal with its sign changed; undefined for what is no number literal. */
export function negated(expression: Typed, at: number): Typed | undefined {
  if (expression.node !== 'literal' || kindOf(expression.type) !== 'number') return undefined;
  const { value, type } = expression;
  if (typeof value === 'number') return { node: 'literal', value: -value, type, at };
  const text = String(value);
  return numberLiteral(text.startsWith('-') ? text.slice(1) : `-${text}`, at);
}

/** `now` as NOW() gives it: UTC, without a fraction of the second. */
export function nowLiteral(now: Date, at: number): Literal {
  const value = `${now.toISOString().slice(0, 19).replace('T', ' ')}.000000`;
  return { node: 'literal', value, type: TIME, at };
}

/**
 * A literal as what it stands beside: a text beside a time is a time, beside json it is json; 0 and 1 beside a bool are
 * FALSE and TRUE. All else stays as it is. Throws type_mismatch for a text that is no time.
 */
export function literalBeside(expression: Typed, beside: SqlType): Typed {
  if (expression.node !== 'literal') return expression;
  const { value, type, at } = expression;
  const kind = kindOf(beside);
  if (type.base === 'text' && kind === 'time') return { node: 'literal', value: timeOf(String(value), at), type: TIME, at };
  if (type.base === 'text' && kind === 'json') return { node: 'literal', value, type: { base: 'json' }, at };
  if (type.base === 'int' && kind === 'bool' && (value === '0' || value === '1')) return truthLiteral(value === '1', at);
  return expression;
}

const PLAIN_TIME = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(?::(\d\d(?:\.\d{1,6})?))?)?$/;

/** `YYYY-MM-DD`, `YYYY-MM-DD HH:MM[:SS[.ffffff]]` in UTC, or RFC 3339. */
function timeOf(text: string, at: number): string {
  const [matched, day, minutes = '00:00', seconds = '00'] = PLAIN_TIME.exec(text) ?? [];
  const stored = storedTimestamp(matched === undefined ? text : `${day}T${minutes}:${seconds}Z`);
  if (stored !== undefined) return stored;
  throw mismatch(
    `${JSON.stringify(text.slice(0, 60))} is compared with a time and is none: write '2026-01-31', '2026-01-31 12:00:00' (UTC) or '2026-01-31T12:00:00+01:00'`,
    at,
  );
}
