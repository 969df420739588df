import { parseDuration } from '../../../kernel/duration.ts';
import type { Json } from '../../../kernel/json.ts';
import { type Instant, parseInstant } from '../dates/instant.ts';
import { checkPattern, formatPattern } from '../dates/pattern.ts';
import { isZone, offsetText, zoneOffset } from '../dates/zone.ts';
import { type Argument, type Helper, HelperRefusal, helper } from '../helper.ts';
import { show } from '../values.ts';

const DAY = 86_400_000;

const date: Argument = { name: 'date', kinds: ['text', 'number'] };

const NAMED: Readonly<Record<string, (at: Instant, zone: string) => Json>> = {
  iso: (at, zone) => isoText(at.ms, zoneOffset(at.ms, zone)),
  date: (at, zone) => formatPattern(at.ms, zoneOffset(at.ms, zone), 'yyyy-MM-dd'),
  unix: (at) => Math.floor(at.ms / 1000),
  unixMillis: (at) => at.ms,
  // Text: nanoseconds of today are beyond the numbers that JSON readers keep exactly.
  unixNanos: (at) => String(BigInt(at.ms) * 1_000_000n + BigInt(at.nanos)),
};

function isoText(ms: number, offset: number): string {
  return new Date(ms + offset).toISOString().replace('Z', offsetText(offset));
}

function instant(value: string | number, zone: string): Instant {
  const found = parseInstant(value, zone);
  if (found) return found;
  throw new HelperRefusal(
    `${show(value)} is no date; it must be ISO 8601 ("2026-01-31", "2026-01-31T08:00:00Z") or milliseconds since the epoch.`,
  );
}

function checkFormat(value: Json): string | undefined {
  if (typeof value !== 'string' || Object.hasOwn(NAMED, value)) return undefined;
  const wrong = checkPattern(value);
  return wrong && `it must be one of ${Object.keys(NAMED).join(', ')}, or a pattern: ${wrong}`;
}

function checkZone(value: Json): string | undefined {
  return typeof value !== 'string' || isZone(value)
    ? undefined
    : 'it must be a time zone such as UTC, Europe/Berlin or +02:00.';
}

/** Milliseconds; a leading `-` goes back. */
function durationOf(text: string): number | undefined {
  const ms = parseDuration(text.replace(/^-/, ''));
  return ms === undefined ? undefined : text.startsWith('-') ? -ms : ms;
}

function checkDuration(value: Json): string | undefined {
  return typeof value !== 'string' || durationOf(value) !== undefined
    ? undefined
    : 'it must be an ISO 8601 duration of weeks, days, hours, minutes and seconds, for example PT5M or -P1D.';
}

export const times: readonly Helper[] = [
  helper<[string | number, string, string?]>({
    name: 'formatDate',
    summary:
      'A date as iso, date (yyyy-MM-dd), unix (seconds), unixMillis, unixNanos (text), or by a pattern, in a time zone (UTC). Dates are ISO 8601 text or milliseconds since the epoch; one without an offset is local to the zone.',
    arguments: [
      date,
      { name: 'format', kinds: ['text'], check: checkFormat },
      { name: 'zone', kinds: ['text'], optional: true, check: checkZone },
    ],
    example: {
      template: '{{ formatDate input.at "dd.MM.yyyy HH:mm" "Europe/Berlin" }}',
      scope: { input: { at: '2026-07-01T08:05:00Z' } },
      result: '01.07.2026 10:05',
    },
    run(value, format, zone = 'UTC') {
      const at = instant(value, zone);
      const named = Object.hasOwn(NAMED, format) ? NAMED[format] : undefined;
      return named ? named(at, zone) : formatPattern(at.ms, zoneOffset(at.ms, zone), format);
    },
  }),
  helper<[string | number, string]>({
    name: 'addDuration',
    summary:
      'A date moved by an ISO 8601 duration, back with a leading "-". Text gives ISO text in UTC (a day moved by whole days a day), milliseconds give milliseconds.',
    arguments: [date, { name: 'duration', kinds: ['text'], check: checkDuration }],
    example: {
      template: '{{ addDuration input.at "PT90M" }}',
      scope: { input: { at: '2026-07-01T23:00:00Z' } },
      result: '2026-07-02T00:30:00.000Z',
    },
    run(value, duration) {
      const at = instant(value, 'UTC');
      const by = durationOf(duration) ?? 0;
      const { ms } = instant(at.ms + by, 'UTC');
      if (typeof value === 'number') return ms;
      const iso = new Date(ms).toISOString();
      return at.day && by % DAY === 0 ? iso.slice(0, iso.indexOf('T')) : iso;
    },
  }),
];
