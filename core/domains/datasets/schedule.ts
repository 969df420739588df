import { CronExpressionParser } from 'cron-parser';
import type { Dataset } from '../../kernel/stores/datasets.ts';
import type { DatasetPlan } from '../../language/plan-dataset.ts';
import { zoneOffset } from '../../language/template/dates/zone.ts';

const DAY_MS = 86_400_000;

/**
 * The latest night that a dataset should have closed by now and has not: all before it that are missing go with it. What
 * counts is the last night on record, and not when a clock was last heard, so that a start makes up for what it missed.
 * @param now ms since the epoch
 * @returns `YYYY-MM-DD`, or undefined where nothing is due
 */
export function nightDue(
  { schedule, timezone }: Pick<DatasetPlan, 'schedule' | 'timezone'>,
  { exportedThrough, createdAt }: Pick<Dataset, 'exportedThrough' | 'createdAt'>,
  now: number,
): string | undefined {
  if (!schedule) return undefined;
  const night = dayBefore(dayIn(timezone, lastOccurrence(schedule.cron, timezone, now)), schedule.lagDays);
  // Nothing can have arrived before the day it was turned on.
  const behind = exportedThrough === undefined ? night >= dayIn(timezone, createdAt.getTime()) : night > exportedThrough;
  return behind ? night : undefined;
}

/** When a schedule was last to be heard, `now` included; ms since the epoch. */
function lastOccurrence(cron: string, tz: string, now: number): number {
  const at = (ms: number) => CronExpressionParser.parse(cron, { tz, currentDate: new Date(ms) });
  let last = at(now).prev().getTime();
  // Backwards the parser passes over an hour that the change to summer time skips; forwards it takes the one behind it.
  for (const later = at(last); ;) {
    const next = later.next().getTime();
    if (next > now) return last;
    last = next;
  }
}

/** The date that a zone's calendars show. */
export function dayIn(timezone: string, ms: number): string {
  return new Date(ms + zoneOffset(ms, timezone)).toISOString().slice(0, 10);
}

function dayBefore(date: string, days: number): string {
  return new Date(Date.parse(date) - days * DAY_MS).toISOString().slice(0, 10);
}
