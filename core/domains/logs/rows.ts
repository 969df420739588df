import { invalidBody, type Violation } from '../../kernel/errors.ts';
import { pointerSegment, type JsonObject } from '../../kernel/json.ts';
import type { LogColumn, LogType, LogValue } from '../../kernel/logs.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { nameFault } from './names.ts';
import { MOST_FINDINGS } from './request.ts';
import { SchemaFault } from './schema-fault.ts';
import { STORED, ValueFault } from './values.ts';

/** Events as rows of the columns that occur in them. */
export interface Rows {
  readonly columns: readonly LogColumn[];
  readonly rows: readonly (readonly LogValue[])[];
  /** Where texts hold U+0000, which not every store can hold. The first few. */
  readonly nuls: readonly Violation[];
}

interface Place {
  readonly column: LogColumn;
  readonly stored: (typeof STORED)[LogType];
  readonly isText: boolean;
  /** In the rows of the call under way; -1 until the column occurs. */
  index: number;
}

/**
 * Turns events into rows, each value checked against its column's type.
 * @param family for what is said of them
 * @param columns all that the family has and the request declares
 * @throws SluiceError VALIDATION_FAILED with the first twenty findings
 */
export function rowsOf(family: string, logs: readonly JsonObject[], columns: readonly LogColumn[]): Rows {
  const layout = layoutOf(columns);
  const { places } = layout;
  for (const place of places.values()) place.index = -1;
  const used: LogColumn[] = [];
  const rows: LogValue[][] = [];
  const violations: Violation[] = [];
  const nuls: Violation[] = [];
  let fault: SchemaFault | undefined;
  for (let i = 0; i < logs.length && violations.length < MOST_FINDINGS; i++) {
    const log = logs[i]!;
    const row: LogValue[] = Array(used.length).fill(null);
    // Parsed JSON has own keys only.
    for (const key in log) {
      const place = places.get(key);
      if (place === undefined) {
        violations.push({ path: pathOf(i, key), message: unknownField(key, places) });
        fault ??= new SchemaFault(family, key);
        continue;
      }
      const value = log[key]!;
      if (value === null) continue;
      const stored = place.stored(value);
      if (stored instanceof ValueFault) {
        violations.push({ path: pathOf(i, key), message: stored.message });
        continue;
      }
      if (place.isText && (stored as string).includes('\0') && nuls.length < MOST_FINDINGS) {
        nuls.push({ path: pathOf(i, key), message: NUL });
      }
      if (place.index < 0) place.index = used.push(place.column) - 1;
      while (row.length < used.length) row.push(null);
      row[place.index] = stored;
    }
    rows.push(row);
  }
  if (violations.length > 0) throw invalidBody(violations.slice(0, MOST_FINDINGS), fault);
  // Columns that first occurred later are missing in the rows before.
  for (const row of rows) while (row.length < used.length) row.push(null);
  if (!isSame(used, layout.used)) layout.used = used;
  return { columns: layout.used, rows, nuls };
}

/** What is made of a list of columns once: requests of a family bring the same list again and again. */
interface Layout {
  readonly places: ReadonlyMap<string, Place>;
  /** The columns that occurred last time, so that like requests have the very same list. */
  used: readonly LogColumn[];
}

const layouts = new WeakMap<readonly LogColumn[], Layout>();

function layoutOf(columns: readonly LogColumn[]): Layout {
  let layout = layouts.get(columns);
  if (!layout) {
    const places = columns.map((column) => {
      const place: Place = { column, stored: STORED[column.type], isText: column.type === 'string', index: -1 };
      return [column.name, place] as const;
    });
    layout = { places: new Map(places), used: [] };
    layouts.set(columns, layout);
  }
  return layout;
}

function isSame(one: readonly LogColumn[], other: readonly LogColumn[]): boolean {
  return one.length === other.length && one.every((column, at) => column === other[at]);
}

const NUL = "The text holds a NUL character (U+0000), which this family's store cannot hold. Leave it out.";

function pathOf(index: number, key: string): string {
  return `/logs/${index}${pointerSegment(key)}`;
}

function unknownField(key: string, places: ReadonlyMap<string, Place>): string {
  return (
    nameFault(key) ??
    `"${key}" is neither in the schema nor a column of the family.${didYouMean(key, places.keys())} Declare its type in "schema".`
  );
}
