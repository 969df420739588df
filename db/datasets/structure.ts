import type { Column } from '../../core/kernel/columns.ts';
import type { DatasetTable } from '../../core/kernel/datasets.ts';
import { DELETED, heldBy, namesOf, PARTS, storedColumns } from './layout.ts';

/** A table of the schema as it is to be. */
export interface StructuredTable {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly primaryKey: readonly string[];
  readonly references: readonly { readonly column: string; readonly table: string; readonly key: string }[];
  readonly indexes: readonly StructuredIndex[];
  /** What `_version` is taken from, kept as its comment: values of another column would be of no use. */
  readonly versionedBy: string;
  /** A table whose rows it begins with, where that is there before it. */
  readonly beginsWith?: string;
}

export interface StructuredIndex {
  readonly columns: readonly string[];
  /** Unique with nulls as values like others; `brin` where rows come in the order of the column, or nearly. */
  readonly kind: 'btree' | 'brin' | 'unique';
}

/** All tables of a dataset's schema, each behind those it refers to. */
export function structureOf(tables: readonly DatasetTable[]): readonly StructuredTable[] {
  const keys = new Map(tables.map(({ name, key }) => [name, key[0] ?? '']));
  return tables.flatMap((table) => [
    rowsOf(table, keys),
    copyOf(table, 'past', [...storedColumns(table), DELETED]),
    deletedOf(table),
    ...(table.references.length > 0 ? [heldOf(table)] : []),
    ...(table.history ? [historyOf(table), copyOf(table, 'pastHistory', storedColumns(table))] : []),
  ]);
}

const byLoad: StructuredIndex = { columns: ['_load_id'], kind: 'brin' };

function rowsOf(table: DatasetTable, keys: ReadonlyMap<string, string>): StructuredTable {
  return {
    ...copyOf(table, 'rows', storedColumns(table)),
    primaryKey: table.key,
    references: table.references.map(({ column, table: to }) => ({ column, table: to, key: keys.get(to) ?? '' })),
    indexes: [...declaredIndexes(table), byLoad, ...byAge(table)],
  };
}

/** What is declared, and for each reference one that finds the rows that go with a row. */
function declaredIndexes({ indexes, references, key }: DatasetTable): StructuredIndex[] {
  const led = new Set([key[0], ...indexes.map(([first]) => first)]);
  const missing = references.filter(({ column }) => !led.has(column)).map(({ column }) => [column]);
  return [...indexes, ...missing].map((columns) => ({ columns, kind: 'btree' }));
}

function byAge({ retention }: DatasetTable): StructuredIndex[] {
  return retention ? [{ columns: [retention.by], kind: 'brin' }] : [];
}

function copyOf(table: DatasetTable, part: keyof typeof PARTS, columns: readonly Column[]): StructuredTable {
  const { version } = table;
  return {
    name: PARTS[part](table.name),
    columns,
    primaryKey: [],
    references: [],
    indexes: [byLoad],
    versionedBy: version.by === 'column' ? version.column : version.by,
  };
}

function deletedOf(table: DatasetTable): StructuredTable {
  const key = table.columns.filter(({ name }) => table.key.includes(name));
  return { ...copyOf(table, 'deleted', [...key, table.versionColumn]), primaryKey: table.key, indexes: [] };
}

function heldOf(table: DatasetTable): StructuredTable {
  const indexes: StructuredIndex[] = [
    { columns: heldBy(table), kind: 'unique' },
    ...table.references.map(({ column }): StructuredIndex => ({ columns: [column], kind: 'btree' })),
  ];
  return { ...copyOf(table, 'held', storedColumns(table)), indexes };
}

function historyOf(table: DatasetTable): StructuredTable {
  return {
    ...copyOf(table, 'history', storedColumns(table)),
    primaryKey: [...table.key, table.versionColumn.name],
    indexes: [byLoad, ...byAge(table)],
    beginsWith: table.name,
  };
}

/** Columns that are indexed together, and are text: what stands in them must fit a page of the index. */
export function indexedTexts(table: DatasetTable): readonly (readonly string[])[] {
  const text = new Set(namesOf(table.columns.filter(({ type }) => type === 'text' || type === 'json')));
  const lists = [table.key, heldBy(table), ...table.references.map(({ column }) => [column]), ...table.indexes];
  return lists.map((columns) => columns.filter((name) => text.has(name))).filter((columns) => columns.length > 0);
}
