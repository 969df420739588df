import { toInstant } from './zone.ts';

/** A point in time. `nanos` is what is left below a millisecond; `day` says that no time of day was given. */
export interface Instant {
  readonly ms: number;
  readonly nanos: number;
  readonly day: boolean;
}

/** The last millisecond a Date can hold (ECMA-262, section 21.4.1.1). */
const LAST = 8.64e15;

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9})\d*)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/**
 * Reads ISO 8601 text, or a number of milliseconds since the epoch. Text without an offset, and a day without a
 * time, are local to `zone`.
 * @returns undefined where it is neither, or no day of the calendar
 */
export function parseInstant(value: string | number, zone: string): Instant | undefined {
  if (typeof value === 'number') {
    return Math.abs(value) <= LAST ? { ms: Math.floor(value), nanos: 0, day: false } : undefined;
  }
  const match = ISO.exec(value.trim());
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const midnight = new Date(Date.UTC(2000, month - 1, day));
  midnight.setUTCFullYear(year, month - 1, day);
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return undefined;
  const fraction = (match[7] ?? '').padEnd(9, '0');
  const local =
    midnight.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + Number(fraction.slice(0, 3));
  const nanos = Number(fraction.slice(3));
  const isDay = match[4] === undefined;
  const offset = match[8];
  return { ms: toInstant(local, offset === undefined ? zone : offset.toUpperCase()), nanos, day: isDay };
}
