import { formatTitle } from './a1.ts';
import { invalidArgument, invalidEnum } from './errors.ts';

/** What a cell holds. `shown` is what a person sees; an empty cell is undefined. */
export interface Cell {
  readonly value: string | number | boolean;
  readonly shown: string;
  /** A formula is kept, not calculated: the sandbox has no calculator. */
  readonly formula?: string;
}

export type Entry = 'RAW' | 'USER_ENTERED';
export type Rendering = 'FORMATTED_VALUE' | 'UNFORMATTED_VALUE' | 'FORMULA';

export function parseEntry(option: string | undefined): Entry {
  if (option === undefined || option === '' || option === 'INPUT_VALUE_OPTION_UNSPECIFIED') {
    throw invalidArgument("'valueInputOption' is required but not specified");
  }
  if (option === 'RAW' || option === 'USER_ENTERED') return option;
  throw invalidEnum('value_input_option', 'ValueInputOption', option);
}

/**
 * Makes a cell of one value of a request.
 * Source: https://developers.google.com/sheets/api/reference/rest/v4/ValueInputOption
 * @param place where the value stood, for the message: `values[0][1]`.
 * @returns undefined for an empty text, which empties the cell; `skip` for null, which leaves it as it was.
 */
export function enterCell(value: unknown, entry: Entry, place: string): Cell | undefined | 'skip' {
  if (value === null) return 'skip';
  if (typeof value === 'boolean') return { value, shown: value ? 'TRUE' : 'FALSE' };
  if (typeof value === 'number') return { value, shown: showNumber(value) };
  if (typeof value !== 'string') throw invalidArgument(`Invalid ${place}: ${structName(value)}`);
  if (value === '') return undefined;
  if (value.length > 50_000) {
    throw invalidArgument('Your input contains more than the maximum of 50000 characters in a single cell.');
  }
  return entry === 'RAW' ? { value, shown: value } : interpret(value);
}

function structName(value: unknown): string {
  return Array.isArray(value) ? 'list_value {\n}\n' : 'struct_value {\n}\n';
}

const NUMBER = /^[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;

/** As if a person had typed it: `+15551234567` becomes a number and `007` becomes 7. */
function interpret(text: string): Cell {
  if (text.startsWith("'")) return { value: text.slice(1), shown: text.slice(1) };
  if (text.startsWith('=')) return { value: text, shown: text, formula: text };
  if (/^(?:true|false)$/i.test(text)) {
    return { value: text.toLowerCase() === 'true', shown: text.toUpperCase() };
  }
  if (DATE.test(text)) {
    const serial = (Date.parse(`${text}T00:00:00Z`) - Date.UTC(1899, 11, 30)) / 86_400_000;
    if (Number.isFinite(serial)) return { value: serial, shown: text };
  }
  if (/\d/.test(text) && NUMBER.test(text)) {
    const value = Number(text.replaceAll(',', ''));
    return { value, shown: showNumber(value) };
  }
  return { value: text, shown: text };
}

/** The automatic format shows at most ten decimals. */
function showNumber(value: number): string {
  return Math.abs(value) < 1e15 ? String(Number(value.toFixed(10))) : String(value);
}

export function renderCell(cell: Cell | undefined, rendering: Rendering): string | number | boolean {
  if (!cell) return '';
  if (rendering === 'FORMATTED_VALUE') return cell.shown;
  return rendering === 'FORMULA' ? (cell.formula ?? cell.value) : cell.value;
}

/** Google's answer to a place outside the grid. */
export function outsideGrid(title: string, place: string, rows: number, columns: number): Error {
  return invalidArgument(
    `Range (${formatTitle(title)}!${place}) exceeds grid limits. Max rows: ${rows}, max columns: ${columns}`,
  );
}
