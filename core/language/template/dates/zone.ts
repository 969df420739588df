const OFFSET = /^([+-])(\d\d)(?::?(\d\d))?$/;

/** Formatters are costly to make; names are IANA's, so few. */
const formatters = new Map<string, Intl.DateTimeFormat | undefined>();
const KEPT = 256;

/** True for `UTC`, `Z`, an offset such as `+02:00`, and the names of the IANA time zone database. */
export function isZone(zone: string): boolean {
  return fixedOffset(zone) !== undefined || formatter(zone) !== undefined;
}

/** How far a zone's clocks are ahead of UTC at an instant, in milliseconds. */
export function zoneOffset(ms: number, zone: string): number {
  const fixed = fixedOffset(zone);
  if (fixed !== undefined) return fixed;
  const parts: Record<string, number> = {};
  for (const { type, value } of formatter(zone)?.formatToParts(ms) ?? []) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const local = new Date(Date.UTC(2000, month - 1, day, hour, minute, second));
  local.setUTCFullYear(year, month - 1, day);
  return local.getTime() - Math.floor(ms / 1000) * 1000;
}

/** The instant at which a zone's clocks show `local` (ms, as if it were UTC). A skipped hour counts as the next one. */
export function toInstant(local: number, zone: string): number {
  const fixed = fixedOffset(zone);
  if (fixed !== undefined) return local - fixed;
  const guess = local - zoneOffset(local, zone);
  return local - zoneOffset(guess, zone);
}

/** `+02:00`, or `Z` where the offset is zero. */
export function offsetText(offset: number): string {
  if (offset === 0) return 'Z';
  const minutes = Math.round(Math.abs(offset) / 60_000);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function fixedOffset(zone: string): number | undefined {
  if (zone === 'UTC' || zone === 'Z') return 0;
  const match = OFFSET.exec(zone);
  if (!match) return undefined;
  const [hours, minutes] = [Number(match[2]), Number(match[3] ?? 0)];
  if (hours > 23 || minutes > 59) return undefined;
  return (match[1] === '-' ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

function formatter(zone: string): Intl.DateTimeFormat | undefined {
  if (formatters.has(zone)) return formatters.get(zone);
  if (formatters.size >= KEPT) formatters.clear();
  const made = make(zone);
  formatters.set(zone, made);
  return made;
}

function make(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return undefined;
  }
}
