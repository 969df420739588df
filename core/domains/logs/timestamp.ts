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
  return storedUtc(text) ?? storedOther(text);
}

const [DASH, DOT, COLON, UPPER_T, UPPER_Z] = [0x2d, 0x2e, 0x3a, 0x54, 0x5a];

/** Nearly all are written like `2026-01-31T12:00:00.123Z`. Digit by digit this takes a quarter of the time of the pattern. */
function storedUtc(text: string): string | undefined {
  const end = text.length - 1;
  if (text.charCodeAt(end) !== UPPER_Z || text.charCodeAt(10) !== UPPER_T) return undefined;
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH) return undefined;
  if (text.charCodeAt(13) !== COLON || text.charCodeAt(16) !== COLON) return undefined;
  if (end !== 19 && (text.charCodeAt(19) !== DOT || end > 26 || !(digits(text, 20, end) >= 0))) return undefined;
  const year = digits(text, 0, 4);
  if (!(year >= FIRST_YEAR) || !isDate(year, digits(text, 5, 7), digits(text, 8, 10))) return undefined;
  if (!isTime(digits(text, 11, 13), digits(text, 14, 16), digits(text, 17, 19))) return undefined;
  return `${text.slice(0, 10)} ${text.slice(11, end)}${'.000000'.slice(end - 19)}`;
}

/** The number that the text has there in decimal digits; NaN where it has none, or something else. */
function digits(text: string, from: number, to: number): number {
  let number = from < to ? 0 : Number.NaN;
  for (let at = from; at < to; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}

/** Whatever else the pattern takes: offsets, small letters, digits beyond microseconds. */
function storedOther(text: string): string | undefined {
  const match = RFC_3339.exec(text);
  if (!match) return undefined;
  const [, years, months, days, hours, minutes, seconds, fraction = '', sign, offsetHours, offsetMinutes] =
    match;
  const [year, month, day] = [Number(years), Number(months), Number(days)];
  if (!isDate(year, month, day) || !isTime(Number(hours), Number(minutes), Number(seconds))) return undefined;
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

const isDate = (year: number, month: number, day: number): boolean =>
  month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month);

const isTime = (hours: number, minutes: number, seconds: number): boolean =>
  hours <= 23 && minutes <= 59 && seconds <= 59;

function daysOf(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && !leap ? 28 : DAYS[month - 1]!;
}
