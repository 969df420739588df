import type { Column } from '../../core/kernel/columns.ts';
import type { DatasetTable } from '../../core/kernel/datasets.ts';
import { quoted } from './column-sql.ts';

/** A table that another one refers to. */
export interface Parent {
  /** Of the table that refers. */
  readonly column: string;
  readonly table: string;
  /** Qualified and quoted. */
  readonly rows: string;
  readonly key: string;
}

/**
 * What a table consists of in its schema; names are qualified and quoted. A version that was accepted is in one place
 * at a time, and stays somewhere until it was exported: in `rows` or `held`, or, when another one takes its place, in
 * `past`. So nothing is written twice for the sake of exports, and they are exact whatever happened since.
 */
export interface Layout {
  readonly table: DatasetTable;
  /** The newest version of each key. */
  readonly rows: string;
  /** Versions that were replaced, and with `_deleted` marks of rows that were deleted. */
  readonly past: string;
  /** Keys that were deleted, and the version from which on they may come back. */
  readonly deleted: string;
  /** Rows that wait for one they refer to, the newest of each key and what it refers to. */
  readonly held: string | undefined;
  /** Every version by key and `_version`. */
  readonly history: string | undefined;
  /** Versions of the history that another content of the same version has replaced. */
  readonly pastHistory: string | undefined;
  readonly parents: readonly Parent[];
}

/** Names in a schema. Tables' own have 48 characters at most, so that these are within PostgreSQL's 63. */
export const PARTS = {
  rows: (table: string) => table,
  past: (table: string) => `_past_${table}`,
  deleted: (table: string) => `_deleted_${table}`,
  held: (table: string) => `_held_${table}`,
  history: (table: string) => `${table}_history`,
  pastHistory: (table: string) => `_past_${table}_history`,
} as const;

export const LOAD_ID: Column = { name: '_load_id', type: 'bigint', nullable: false };
export const DELETED: Column = { name: '_deleted', type: 'boolean', nullable: false };

/** The layouts of all tables, each behind those it refers to. */
export function layoutsOf(schema: string, tables: readonly DatasetTable[]): ReadonlyMap<string, Layout> {
  const byName = new Map(tables.map((table) => [table.name, table]));
  return new Map(tables.map((table) => [table.name, layoutOf(schema, table, byName)]));
}

function layoutOf(schema: string, table: DatasetTable, tables: ReadonlyMap<string, DatasetTable>): Layout {
  const place = (part: keyof typeof PARTS, of = table.name): string => `${quoted(schema)}.${quoted(PARTS[part](of))}`;
  return {
    table,
    rows: place('rows'),
    past: place('past'),
    deleted: place('deleted'),
    held: table.references.length > 0 ? place('held') : undefined,
    history: table.history ? place('history') : undefined,
    pastHistory: table.history ? place('pastHistory') : undefined,
    parents: table.references.map(({ column, table: name }) => ({
      column,
      table: name,
      rows: place('rows', name),
      key: keyOf(tables.get(name)),
    })),
  };
}

function keyOf(table: DatasetTable | undefined): string {
  const [key] = table?.key ?? [];
  if (key === undefined) throw new Error('A reference names a table that is not there.');
  return key;
}

export const namesOf = (columns: readonly Column[]): readonly string[] => columns.map(({ name }) => name);

/** What stands in `rows`, `held` and histories: own columns, the load, the version. */
export function storedColumns({ columns, versionColumn }: DatasetTable): readonly Column[] {
  return [...columns, LOAD_ID, versionColumn];
}

/** Columns that say what a row is held for, none twice. */
export function heldBy({ key, references }: DatasetTable): readonly string[] {
  return [...new Set([...key, ...references.map(({ column }) => column)])];
}
