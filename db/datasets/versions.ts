import type { Column } from '../../core/kernel/columns.ts';
import type { DatasetTable } from '../../core/kernel/datasets.ts';
import { OperationalError, type NewLoad } from '../../core/kernel/stores/operational.ts';
import { comparable, list, literal, typeOf } from './column-sql.ts';

/** A row in a statement: its relation, and its version. */
export interface Versioned {
  readonly row: string;
  readonly version: string;
}

export const storedVersion = (row: string): Versioned => ({ row, version: `${row}._version` });

/** The version of rows that come with a load, where no column of theirs says it. @returns text that its type reads */
export function versionOfLoad({ name, version }: DatasetTable, { object, eventTime }: NewLoad): string | undefined {
  if (version.by === 'column') return undefined;
  if (version.by === 'object') return object;
  if (eventTime !== undefined) return new Date(eventTime).toISOString();
  throw new OperationalError(
    'invalid',
    `Rows of "${name}" are ordered by the time of their message, and ${object} has none.`,
  );
}

/** The version of a staged row. */
export function stagedVersion(table: DatasetTable, row: string, ofLoad: string | undefined): Versioned {
  const { version, versionColumn } = table;
  if (version.by === 'column') return { row, version: list([version.column], row) };
  const collation = versionColumn.type === 'text' ? ' COLLATE "C"' : '';
  return { row, version: `(${literal(ofLoad ?? '')}::${typeOf(versionColumn)}${collation})` };
}

/**
 * A condition that one row stands above another of the same key: by its version, and of the same version by its content.
 * Contents are compared column by column as they are declared; null is the greatest.
 */
export function newer(table: DatasetTable, one: Versioned, other: Versioned): string {
  return `(${one.version} > ${other.version} OR (${one.version} = ${other.version} AND ${greater(table, one.row, other.row)}))`;
}

/** A condition that the content of one row is greater than another's. */
export function greater(table: DatasetTable, one: string, other: string): string {
  const columns = contentOf(table);
  if (columns.length === 0) return 'false';
  // Records are compared with nulls, which a comparison of two row constructors is not.
  const content = (row: string): string =>
    `ROW(${columns.map((column) => comparable(column, row)).join(', ')})::record`;
  return `${content(one)} > ${content(other)}`;
}

/** What a list of rows is ordered by, so that the one that stands above all others of its key is the first. */
export function newestFirst(table: DatasetTable, { row, version }: Versioned): string {
  return [`${version} DESC`, ...greatestFirst(table, row)].join(', ');
}

/** The same of rows of one version. */
export function greatestFirst(table: DatasetTable, row: string): readonly string[] {
  return contentOf(table).map((column) => `${comparable(column, row)} DESC`);
}

function contentOf({ columns, key, version }: DatasetTable): readonly Column[] {
  const same = new Set([...key, ...(version.by === 'column' ? [version.column] : [])]);
  return columns.filter(({ name }) => !same.has(name));
}

/** How a change by the API marks the version of a row that came in a file, so that it is above the file and below the next. */
const CHANGED = '~[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z~*$';
const NOW = `(clock_timestamp() AT TIME ZONE 'UTC')`;

/**
 * An expression for the version of a change to a stored row: now, and above the present one in any case. Of a row that
 * is ordered by its file it is the file's key with the time behind it.
 */
export function nextVersion({ versionColumn }: DatasetTable, present: string): string {
  switch (versionColumn.type) {
    case 'timestamp':
      return `greatest(${NOW}, ${present} + interval '1 microsecond')`;
    case 'date':
      return `greatest(${NOW}::date, ${present} + 1)`;
    case 'integer':
    case 'bigint':
      return `${present} + 1`;
    default: {
      const time = `to_char(${NOW}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
      // A clock that was set back gives a time below the present one; a text with more behind it is above in any case.
      return `greatest(regexp_replace(${present}, '${CHANGED}', '') || '~' || ${time}, ${present} || '~') COLLATE "C"`;
    }
  }
}
