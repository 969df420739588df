import type { Column, ColumnTypeName } from '../../../kernel/columns.ts';
import type { Json } from '../../../kernel/json.ts';
import { show } from '../../../language/schema/show.ts';
import { parseInstant } from '../../../language/template/dates/instant.ts';

/** A value as it is bound, or why it is none of its column. */
export type ColumnValue = { readonly bound: string | boolean } | { readonly fault: string };

/** What a value of a column is compared with. Numbers and times are bound as text, and cast to the column's type. */
export function columnValue(column: Column, value: Json): ColumnValue {
  const bound = BOUND[column.type](value, column);
  return bound === undefined ? { fault: `Expected ${wanted(column)}, got ${show(value)}.` } : { bound };
}

type Bind = (value: Json, column: Column) => string | boolean | undefined;

const integer =
  (bits: bigint): Bind =>
  (value) => {
    const digits = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
    if (typeof digits !== 'string' || !/^-?\d{1,19}$/.test(digits)) return undefined;
    const number = BigInt(digits);
    return number >= -(1n << bits) && number < 1n << bits ? String(number) : undefined;
  };

/** A cast would round what has more digits than the column. */
const decimal: Bind = (value, { precision = 38, scale = 0 }) => {
  const digits = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  const match = typeof digits === 'string' ? /^(-?)0*(\d+)(?:\.(\d*?)0*)?$/.exec(digits) : undefined;
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = ''] = match;
  if (fraction.length > scale || whole.replace(/^0$/, '').length > precision - scale) return undefined;
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
};

/** A time without an offset is UTC, as all times of a dataset are. */
const timestamp: Bind = (value) => {
  const instant = typeof value === 'string' ? parseInstant(value, 'UTC') : undefined;
  if (!instant || instant.nanos % 1000 > 0) return undefined;
  const text = new Date(instant.ms).toISOString();
  if (!/^\d{4}-/.test(text) || text.startsWith('0000')) return undefined;
  return `${text.slice(0, -1).replace('T', ' ')}${String(instant.nanos / 1000).padStart(3, '0')}`;
};

const BOUND: Readonly<Record<ColumnTypeName, Bind>> = {
  text: (value) => (typeof value === 'string' && !/\p{Surrogate}|\0/u.test(value) ? value : undefined),
  integer: integer(31n),
  bigint: integer(63n),
  decimal,
  boolean: (value) => (typeof value === 'boolean' ? value : undefined),
  date: (value) => (typeof value === 'string' && isDay(value) ? value : undefined),
  timestamp,
  json: () => undefined,
};

function wanted({ type, precision, scale }: Column): string {
  switch (type) {
    case 'text':
      return 'text';
    case 'integer':
      return 'a whole number of 32 bits';
    case 'bigint':
      return 'a whole number of 64 bits (as text beyond 2^53)';
    case 'decimal':
      return `a decimal(${precision},${scale}) as text, such as ${decimalExample(scale)}`;
    case 'boolean':
      return 'true or false';
    case 'date':
      return 'a date such as "2026-01-31"';
    case 'timestamp':
      return 'a time such as "2026-01-31T12:00:00Z", of microseconds at most';
    case 'json':
      return 'isNull, since values of JSON are not compared';
  }
}

function decimalExample(scale = 0): string {
  return scale === 0 ? '"12"' : `"12.${'5'.padEnd(scale, '0')}"`;
}

/** Whether a text is a day of the calendar, `YYYY-MM-DD`. */
export function isDay(text: string): boolean {
  return (
    /^\d{4}-\d\d-\d\d$/.test(text) && !text.startsWith('0000') && parseInstant(text, 'UTC') !== undefined
  );
}

/** The type of a column as a cast in SQL names it. */
export function sqlType({ type, precision, scale }: Column): string {
  return type === 'decimal' ? `DECIMAL(${precision}, ${scale})` : SQL_TYPES[type];
}

const SQL_TYPES: Readonly<Record<Exclude<ColumnTypeName, 'decimal'>, string>> = {
  text: 'VARCHAR',
  json: 'VARCHAR',
  integer: 'BIGINT',
  bigint: 'BIGINT',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
};
