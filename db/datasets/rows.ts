import type { ClientBase } from 'pg';
import type { Column } from '../../core/kernel/columns.ts';
import type { DatasetTable } from '../../core/kernel/datasets.ts';
import type { Json, JsonObject } from '../../core/kernel/json.ts';
import type { Page, PageRequest } from '../../core/kernel/stores/page.ts';
import { OperationalError, type StoredRow } from '../../core/kernel/stores/operational.ts';
import { list, literal, quoted, shown, typeOf } from './column-sql.ts';
import { columnText } from './json-values.ts';
import type { Layout } from './layout.ts';

type Queries = Pick<ClientBase, 'query'>;
type Found = Readonly<Record<string, Json>>;

/** A page of rows by key. @throws OperationalError `invalid` for a filter that fits no column, or another page's end */
export async function pageOf(
  client: Queries,
  { table, rows }: Layout,
  filter: JsonObject,
  { limit, after }: PageRequest,
): Promise<Page<StoredRow>> {
  const conditions = [
    ...Object.entries(filter).map(([name, value]) => equals(ownColumn(table, name), value)),
    ...(after === undefined ? [] : [behind(table, after)]),
  ];
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
  const { rows: found } = await client.query<Found>(
    // One row more than asked for tells whether there is a next page.
    `SELECT ${selected(table)} FROM ${rows} AS t ${where} ORDER BY ${list(table.key, 't')} LIMIT ${limit + 1}`,
  );
  const items = found.slice(0, limit).map((row) => storedRow(table, row));
  const last = found.length > limit ? items.at(-1) : undefined;
  return { items, next: last && JSON.stringify(Object.values(last.key)) };
}

/** One row. @throws OperationalError `invalid` where this is no key of the table */
export async function rowOf(client: Queries, { table, rows }: Layout, key: JsonObject): Promise<StoredRow | undefined> {
  const { rows: found } = await client.query<Found>(
    `SELECT ${selected(table)} FROM ${rows} AS t WHERE ${hasKey(table, key)}`,
  );
  return found[0] && storedRow(table, found[0]);
}

/** A condition that `t` is the row of this key. */
export function hasKey(table: DatasetTable, key: JsonObject): string {
  const wrong = Object.keys(key).find((name) => !table.key.includes(name)) ?? table.key.find((name) => !(name in key));
  if (wrong !== undefined)
    throw new OperationalError(
      'invalid',
      `The key of "${table.name}" consists of ${table.key.join(', ')}, no more and no less.`,
      {
        column: wrong,
      },
    );
  return table.key.map((name) => equals(ownColumn(table, name), key[name] ?? null)).join(' AND ');
}

/** @throws OperationalError `invalid` where the table has none of this name */
export function ownColumn({ name, columns }: DatasetTable, column: string): Column {
  const found = columns.find((one) => one.name === column);
  if (found) return found;
  const known = columns.map((one) => one.name).join(', ');
  throw new OperationalError('invalid', `"${name}" has no column "${column}"; it has: ${known}.`, { column });
}

/** A value as an expression of its column's type. */
export function valueOf(column: Column, value: Json): string {
  const text = columnText(column, value);
  return text === null ? `NULL::${typeOf(column)}` : `${literal(text)}::${typeOf(column)}`;
}

function equals(column: Column, value: Json): string {
  return value === null ? `t.${quoted(column.name)} IS NULL` : `t.${quoted(column.name)} = ${valueOf(column, value)}`;
}

function behind(table: DatasetTable, after: string): string {
  const values = keyValues(after);
  if (values?.length !== table.key.length)
    throw new OperationalError(
      'invalid',
      `${after} is not the end of a page of "${table.name}": take the one that the page before gave.`,
    );
  const ends = table.key.map((name, i) => valueOf(ownColumn(table, name), values[i] ?? null));
  return `(${list(table.key, 't')}) > (${ends.join(', ')})`;
}

function keyValues(after: string): readonly Json[] | undefined {
  try {
    const parsed = JSON.parse(after) as Json;
    return Array.isArray(parsed) ? (parsed as readonly Json[]) : undefined;
  } catch {
    return undefined;
  }
}

function selected({ columns, versionColumn }: DatasetTable): string {
  const values = [...columns, versionColumn].map((column) => `${shown(column, 't')} AS ${quoted(column.name)}`);
  return [...values, 't._load_id::text AS _load_id'].join(', ');
}

function storedRow({ key }: DatasetTable, { _load_id, ...values }: Found): StoredRow {
  return {
    key: Object.fromEntries(key.map((name) => [name, values[name] ?? null])),
    values,
    load: typeof _load_id === 'string' ? _load_id : '',
  };
}
