import { invalidArgument } from './errors.ts';

/** A rectangle of cells, zero-based and inclusive. Open ends (`A:A`, `1:1`, a whole sheet) reach the grid's edge. */
export interface Area {
  readonly top: number;
  readonly left: number;
  readonly bottom: number | undefined;
  readonly right: number | undefined;
  /** Written as one cell: the place where writing begins, however much is written. */
  readonly single: boolean;
}

export interface Range {
  readonly sheet: string;
  readonly area: Area;
}

const WHOLE: Area = { top: 0, left: 0, bottom: undefined, right: undefined, single: false };

/**
 * Reads A1 notation against the sheets there are; without a sheet's name it means the first one.
 * Source: https://developers.google.com/sheets/api/guides/concepts#expandable-1
 * @throws GoogleError 400 "Unable to parse range: ..." as Google does, also where the sheet does not exist.
 */
export function parseRange(text: string, titles: readonly string[]): Range {
  const refuse = () => invalidArgument(`Unable to parse range: ${text}`);
  const split = /^('(?:[^']|'')+'|[^'!][^!]*)!(.+)$/s.exec(text);
  if (split) {
    const sheet = find(unquote(split[1] ?? ''), titles);
    const area = parseArea(split[2] ?? '');
    if (sheet === undefined || !area) throw refuse();
    return { sheet, area };
  }
  const whole = find(unquote(text), titles);
  if (whole !== undefined) return { sheet: whole, area: WHOLE };
  const area = parseArea(text);
  const first = titles[0];
  if (!area || first === undefined) throw refuse();
  return { sheet: first, area };
}

/** Titles are found without regard to case, as Google does. */
function find(title: string, titles: readonly string[]): string | undefined {
  return (
    titles.find((one) => one === title) ?? titles.find((one) => one.toLowerCase() === title.toLowerCase())
  );
}

function unquote(text: string): string {
  return /^'.*'$/s.test(text) ? text.slice(1, -1).replaceAll("''", "'") : text;
}

interface Corner {
  readonly column: number | undefined;
  readonly row: number | undefined;
}

function parseArea(text: string): Area | undefined {
  const parts = text.split(':');
  if (parts.length > 2) return undefined;
  const from = parseCorner(parts[0] ?? '');
  if (!from) return undefined;
  if (parts.length === 1) {
    if (from.column === undefined || from.row === undefined) return undefined;
    return { top: from.row, left: from.column, bottom: from.row, right: from.column, single: true };
  }
  const to = parseCorner(parts[1] ?? '');
  if (!to) return undefined;
  const columns = ordered(from.column, to.column);
  const rows = ordered(from.row, to.row);
  if (!columns || !rows) return undefined;
  return { top: rows[0], bottom: rows[1], left: columns[0], right: columns[1], single: false };
}

function parseCorner(text: string): Corner | undefined {
  const match = /^\$?([A-Za-z]{1,3})?\$?([1-9]\d{0,7})?$/.exec(text);
  if (!match || (match[1] === undefined && match[2] === undefined)) return undefined;
  return {
    column: match[1] === undefined ? undefined : columnIndex(match[1]),
    row: match[2] === undefined ? undefined : Number(match[2]) - 1,
  };
}

/** `A5:A` begins at row 5 and is open below; what is open at its beginning begins at 0. */
function ordered(a: number | undefined, b: number | undefined): [number, number | undefined] | undefined {
  if (a === undefined && b === undefined) return [0, undefined];
  if (a === undefined || b === undefined) return [a ?? b ?? 0, undefined];
  return a <= b ? [a, b] : [b, a];
}

/** `A` is 0, `Z` 25, `AA` 26. */
export function columnIndex(letters: string): number {
  return (
    Array.from(letters.toUpperCase()).reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0) - 1
  );
}

/** 0 is `A`, 26 is `AA`. */
export function columnName(index: number): string {
  const rest = index % 26;
  const before = Math.floor(index / 26) - 1;
  return (before >= 0 ? columnName(before) : '') + String.fromCharCode(65 + rest);
}

export interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** A rectangle in A1 notation, with the sheet's name quoted where it needs to be; one cell is written as one. */
export function formatBox(sheet: string, box: Box): string {
  const from = `${columnName(box.left)}${box.top + 1}`;
  const to = `${columnName(box.right)}${box.bottom + 1}`;
  return `${formatTitle(sheet)}!${from === to ? from : `${from}:${to}`}`;
}

export function formatTitle(title: string): string {
  return /^[A-Za-z_]\w*$/.test(title) ? title : `'${title.replaceAll("'", "''")}'`;
}
