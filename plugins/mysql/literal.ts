import { LogStoreError, type LogType, type LogValue } from '../../core/sdk.ts';

/**
 * Values as they stand in a statement's text. The sessions are set up for it (session.ts): utf8mb4, and a SQL mode in
 * which a backslash escapes and double quotes are no identifiers.
 */

const SPECIAL = /[\0'\\]/;
const EVERY_SPECIAL = /[\0'\\]/g;
const INTEGER = /^-?\d{1,19}$/;

export function quote(text: string): string {
  return SPECIAL.test(text) ? `'${text.replace(EVERY_SPECIAL, escape)}'` : `'${text}'`;
}

function escape(character: string): string {
  return character === '\0' ? '\\0' : `\\${character}`;
}

/** A bound value of a query. Numbers stay as they were written: 1.5 is a DECIMAL to MySQL, 1.5e0 a DOUBLE. */
export function literal(value: LogValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  return String(checkFinite(value));
}

/** Puts the values of a statement in the place of its `?`. What is in quotes, backticks or comments stays. */
export function bind(sql: string, values: readonly LogValue[]): string {
  let next = 0;
  const text = sql.replace(/'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*"|`[^`]*`|\?/g, (token) => {
    if (token !== '?') return token;
    const value = values[next++];
    if (value === undefined)
      throw new LogStoreError('refused', `The statement binds more than ${values.length} values.`);
    return literal(value);
  });
  if (next !== values.length) {
    throw new LogStoreError('refused', `The statement binds ${next} values and was given ${values.length}.`);
  }
  return text;
}

/** How values of a column are written in an INSERT. */
export function writerOf(type: LogType): (value: LogValue) => string {
  return WRITERS[type];
}

const asText = (value: LogValue): string => (typeof value === 'string' ? quote(value) : literal(value));

const WRITERS: Readonly<Record<LogType, (value: LogValue) => string>> = {
  string: asText,
  json: asText,
  timestamp: asText,
  bool: literal,
  int: (value) => (typeof value === 'string' && INTEGER.test(value) ? value : literal(value)),
  // With an exponent the server reads it as a double at once, instead of rounding a decimal.
  float(value) {
    if (typeof value !== 'number') return literal(value);
    const text = String(checkFinite(value));
    return text.includes('e') ? text : `${text}e0`;
  },
};

/** The same number. @throws LogStoreError `refused` for NaN and the infinities, which have no literal. */
export function checkFinite(value: number): number {
  if (Number.isFinite(value)) return value;
  throw new LogStoreError('refused', `${value} is not a number that can be stored.`);
}
