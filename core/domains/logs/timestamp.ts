// RFC 3339, section 5.6: upper and lower case are alike, and the offset is not left out.
const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Years that MySQL's DATETIME holds. */
const FIRST_YEAR = 1000;
const LAST_YEAR = 9999;

/**
 * A time as it is stored: `YYYY-MM-DD HH:MM:SS.ffffff` in UTC. Digits beyond microseconds are cut off.
 * @returns undefined where it is no RFC 3339 time with an offset, or of a year before 1000 or after 9999 in UTC. A leap
 *   second (`:60`) is none: neither store can hold it.
 */
export function storedTimestamp(text: string): string | undefined {
  const match = RFC_3339.exec(text);
  if (!match) return undefined;
  const [, years, months, days, hours, minutes, seconds, fraction = '', sign, offsetHours, offsetMinutes] =
    match;
  const [year, month, day] = [Number(years), Number(months), Number(days)];
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const micros = fraction.slice(0, 6).padEnd(6, '0');
  if (sign === undefined) {
    return year < FIRST_YEAR
      ? undefined
      : `${years}-${months}-${days} ${hours}:${minutes}:${seconds}.${micros}`;
  }
  const offset = Number(offsetHours) * 60 + Number(offsetMinutes);
  if (Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return undefined;
  // Before year 100 Date.UTC would read the year as one of the 20th century; such years are refused all the same.
  const local = Date.UTC(year, month - 1, day, Number(hours), Number(minutes), Number(seconds));
  const utc = new Date(local - (sign === '-' ? -offset : offset) * 60_000);
  if (year < FIRST_YEAR - 1 || utc.getUTCFullYear() < FIRST_YEAR || utc.getUTCFullYear() > LAST_YEAR)
    return undefined;
  return `${utc.toISOString().slice(0, 19).replace('T', ' ')}.${micros}`;
}

function daysOf(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && !leap ? 28 : DAYS[month - 1]!;
}
