import { toInstant } from '../../../language/template/dates/zone.ts';

const DAY_MS = 86_400_000;

/** The days between two dates, both among them; none where the second is the earlier one. */
export function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  for (let ms = Date.parse(from); ms <= Date.parse(to); ms += DAY_MS) days.push(new Date(ms).toISOString().slice(0, 10));
  return days;
}

/** The end of a date: as its calendar shows it (ms, as if that were UTC), and the instant in a time zone. */
export function endOfDay(date: string, timezone: string): { readonly local: number; readonly instant: number } {
  const local = Date.parse(date) + DAY_MS;
  return { local, instant: toInstant(local, timezone) };
}
