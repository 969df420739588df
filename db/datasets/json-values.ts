import type { Column } from '../../core/kernel/columns.ts';
import type { Json, JsonObject } from '../../core/kernel/json.ts';
import { OperationalError } from '../../core/kernel/stores/operational.ts';

/**
 * A JSON value as the text that PostgreSQL reads for a column, null as null. Nothing is rounded or guessed; integers
 * and decimals may be text, times are RFC 3339.
 * @throws OperationalError `invalid`
 */
export function columnText(column: Column, value: Json): string | null {
  if (value === null) {
    if (column.nullable) return null;
    throw refused(column, value, 'a value, since it may not be null');
  }
  const text = READERS[column.type](value, column);
  if (text === undefined) throw refused(column, value, ACCEPTED[column.type](column));
  return text;
}

const MOST_SHOWN = 100;

function refused({ name }: Column, value: Json, accepted: string): OperationalError {
  const shown = JSON.stringify(value);
  const short = shown.length > MOST_SHOWN ? `${shown.slice(0, MOST_SHOWN)}...` : shown;
  return new OperationalError('invalid', `${short} does not fit column "${name}", which takes ${accepted}.`, {
    column: name,
  });
}

type Reader = (value: Json, column: Column) => string | undefined;

const ACCEPTED: Readonly<Record<Column['type'], (column: Column) => string>> = {
  text: () => 'text without U+0000',
  integer: () => 'an integer of 32 bits',
  bigint: () => 'an integer of 64 bits, beyond 2^53 as text',
  decimal: ({ precision = 0, scale = 0 }) =>
    `a decimal with at most ${precision - scale} digits before the point and ${scale} behind it, such as "12.50"`,
  boolean: () => 'true or false',
  date: () => 'a day such as "2026-01-31"',
  timestamp: () => 'a time by RFC 3339 to microseconds, such as "2026-01-31T12:00:00Z"',
  json: () => 'JSON whose texts hold no U+0000',
};

const READERS: Readonly<Record<Column['type'], Reader>> = {
  text: (value) => (typeof value === 'string' && isStorable(value) ? value : undefined),
  integer: (value) => integer(value, 31n),
  bigint: (value) => integer(value, 63n),
  decimal,
  boolean: (value) => (typeof value === 'boolean' ? String(value) : undefined),
  date: (value) => (typeof value === 'string' && isDay(value) ? value : undefined),
  timestamp: (value) => (typeof value === 'string' ? utc(value) : undefined),
  json: (value) => (isStorableJson(value) ? JSON.stringify(value) : undefined),
};

const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');

function isStorableJson(value: Json): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value as JsonObject).every(([name, inner]) => isStorable(name) && isStorableJson(inner));
}

function integer(value: Json, bits: bigint): string | undefined {
  const fits =
    typeof value === 'number' ? Number.isSafeInteger(value) : typeof value === 'string' && /^-?\d{1,19}$/.test(value);
  if (!fits) return undefined;
  const number = BigInt(value as string | number);
  return number >= -(2n ** bits) && number < 2n ** bits ? String(number) : undefined;
}

function decimal(value: Json, { precision = 0, scale = 0 }: Column): string | undefined {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') return undefined;
  const [, before, behind = ''] = /^-?0*(\d*?)(?:\.(\d+?)0*)?$/.exec(text) ?? [];
  if (before === undefined || !/^-?\d/.test(text)) return undefined;
  return before.length <= precision - scale && (behind === '0' ? 0 : behind.length) <= scale ? text : undefined;
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || text.startsWith('0000')) return false;
  const time = new Date(`${text}T00:00:00Z`);
  // JavaScript takes February 31st for a day of March.
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
}

/** RFC 3339, section 5.6, in its upper-case form. */
const TIME = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?(Z|[+-]\d{2}:\d{2})$/;

/** A time in UTC without a zone; undefined where it is none, or in no year of four digits. */
function utc(text: string): string | undefined {
  const [, day, time, fraction = '', zone] = TIME.exec(text) ?? [];
  if (day === undefined || !isDay(day)) return undefined;
  const seconds = new Date(`${day}T${time}${zone}`);
  if (Number.isNaN(seconds.getTime()) || time?.startsWith('24')) return undefined;
  const shown = seconds.toISOString();
  if (!/^(?!0000)\d{4}-/.test(shown)) return undefined;
  return `${shown.slice(0, 19).replace('T', ' ')}.${fraction.padEnd(6, '0')}`;
}
