import { offsetText } from './zone.ts';

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

const pad = (n: number, width: number): string => String(n).padStart(width, '0');
const twelve = (hour: number): number => hour % 12 || 12;

/** Letters as in Unicode TR 35, date format patterns. `d` holds the local time in its UTC fields. */
const FIELDS: Readonly<Record<string, (d: Date, offset: number) => string>> = {
  yyyy: (d) => pad(d.getUTCFullYear(), 4),
  yy: (d) => pad(d.getUTCFullYear() % 100, 2),
  MMMM: (d) => MONTHS[d.getUTCMonth()]!,
  MMM: (d) => MONTHS[d.getUTCMonth()]!.slice(0, 3),
  MM: (d) => pad(d.getUTCMonth() + 1, 2),
  M: (d) => String(d.getUTCMonth() + 1),
  dd: (d) => pad(d.getUTCDate(), 2),
  d: (d) => String(d.getUTCDate()),
  EEEE: (d) => DAYS[d.getUTCDay()]!,
  EEE: (d) => DAYS[d.getUTCDay()]!.slice(0, 3),
  HH: (d) => pad(d.getUTCHours(), 2),
  H: (d) => String(d.getUTCHours()),
  hh: (d) => pad(twelve(d.getUTCHours()), 2),
  h: (d) => String(twelve(d.getUTCHours())),
  mm: (d) => pad(d.getUTCMinutes(), 2),
  m: (d) => String(d.getUTCMinutes()),
  ss: (d) => pad(d.getUTCSeconds(), 2),
  s: (d) => String(d.getUTCSeconds()),
  SSS: (d) => pad(d.getUTCMilliseconds(), 3),
  a: (d) => (d.getUTCHours() < 12 ? 'AM' : 'PM'),
  XXX: (_, offset) => offsetText(offset),
};

const TOKEN = /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'/g;

/** Says what is wrong with a date pattern. */
export function checkPattern(pattern: string): string | undefined {
  for (const [token, quoted] of pattern.matchAll(TOKEN)) {
    if (token === "'") return "a quote opens in it that is never closed; write '' for the mark itself.";
    if (quoted === undefined && /^[A-Za-z]/.test(token) && !Object.hasOwn(FIELDS, token)) {
      return `"${token}" is not known in it. A pattern takes ${Object.keys(FIELDS).join(' ')}, with other letters in quotes ('T').`;
    }
  }
  return undefined;
}

/**
 * A date by a pattern that `checkPattern` accepts.
 * @param offset how far local clocks are ahead of UTC, in ms
 */
export function formatPattern(ms: number, offset: number, pattern: string): string {
  const local = new Date(ms + offset);
  return pattern.replace(TOKEN, (token: string, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted === '' ? "'" : quoted.replaceAll("''", "'");
    return FIELDS[token]?.(local, offset) ?? token;
  });
}
