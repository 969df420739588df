import type { SqlFile, WarehouseTable } from '../../../kernel/datasets.ts';
import type { Column } from '../../../kernel/columns.ts';
import { latestRows } from '../../../language/sql/latest-rows.ts';

/** A query under a name that another one may use. */
export interface NamedQuery {
  readonly name: string;
  readonly sql: string;
}

/** A name in SQL. Those of definitions hold no quote; ours begin with `_`, which theirs do not. */
export const quoted = (name: string): string => `"${name}"`;

export const listOf = (names: readonly string[]): string => names.map(quoted).join(', ');

export const namesOf = (columns: readonly Column[]): readonly string[] => columns.map(({ name }) => name);

/** The SQL of a file for a kind of warehouse. */
export function sqlFor({ sql, forWarehouse }: SqlFile, warehouse: string): string {
  return forWarehouse[warehouse] ?? sql;
}

/** SQL of a definition as something to select from. It may end in a comment. */
export function asTable(sql: string, name: string): string {
  return `(\n${sql}\n) as ${quoted(name)}`;
}

/** A query that may use those before it by their names. */
export function withQueries(queries: readonly NamedQuery[], select: string): string {
  if (queries.length === 0) return select;
  return `with ${queries.map(({ name, sql }) => `${quoted(name)} as (${sql})`).join(',\n')}\n${select}`;
}

/**
 * What `latest_<table>` stands for, where a table has so many partitions. One partition holds a key once: nothing has to
 * be found out about it.
 */
export function latestQueries(
  tables: readonly WarehouseTable[],
  partitionsOf: (table: string) => number,
): readonly NamedQuery[] {
  return tables.map((table) => {
    const { name, columns } = table;
    const isPlain = partitionsOf(name) <= 1;
    return { name: `latest_${name}`, sql: isPlain ? `select ${listOf(namesOf(columns))} from ${quoted(name)}` : latestRows(table) };
  });
}

/** Rows of these partitions. */
export function inPartitions(column: string, partitions: readonly string[]): string {
  return `${quoted(column)} in (${partitions.map((date) => `date '${date}'`).join(', ')})`;
}
