import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Column } from '../../core/kernel/columns.ts';
import type { WarehouseTable } from '../../core/kernel/datasets.ts';
import type { DatasetRef } from '../../core/kernel/stores/operational.ts';
import { list, literal, quoted } from './column-sql.ts';
import { namesOf, storedColumns, type Layout } from './layout.ts';
import { BEGIN_LONG, faultOf } from './transaction.ts';
import { newestFirst, storedVersion } from './versions.ts';

/** The loads of an export: an interval of ids that a BRIN index can use, and which of them. */
interface Loads {
  readonly least: number | string;
  readonly most: number | string;
  readonly query: string;
}

/** What an export takes of a table, as CSV; see the port. */
export async function* exportedRows(
  pool: pg.Pool,
  { tenantId, id }: DatasetRef,
  layout: Layout,
  warehouse: WarehouseTable,
  columns: readonly Column[],
  exportId: number,
  night: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const query = `
    SELECT id FROM public.dataset_loads
    WHERE tenant_id = ${literal(tenantId)} AND dataset = ${literal(id)} AND export_id = ${literal(String(exportId))}`;
  let client: pg.PoolClient | undefined;
  let whole = false;
  try {
    client = await pool.connect();
    // Of loads that came since the last ANALYZE the planner knows nothing, and would read a table once for each of them.
    await client.query(
      `${BEGIN_LONG}; SET TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ; SET LOCAL enable_nestloop = off`,
    );
    const { rows } = await client.query<Omit<Loads, 'query'>>(
      `SELECT min(id) AS least, max(id) AS most FROM (${query}) AS l`,
    );
    const select = newestOf(layout, warehouse, columns, night, { ...rows[0]!, query });
    for await (const chunk of client.query(copyTo(`COPY (${select}) TO STDOUT (FORMAT csv)`)))
      yield chunk as Uint8Array;
    await client.query('COMMIT');
    whole = true;
  } catch (error) {
    throw faultOf(error);
  } finally {
    // Who stops in the middle leaves a connection that is still being written to.
    client?.release(!whole);
  }
}

function newestOf(
  { table, rows, past, held, history, pastHistory }: Layout,
  warehouse: WarehouseTable,
  columns: readonly Column[],
  night: string,
  loads: Loads,
): string {
  const places = warehouse.history ? [history, pastHistory] : [rows, held];
  const parts = [
    ...places.flatMap((place) => (place === undefined ? [] : [partOf(place, table, 'false', loads)])),
    ...(warehouse.history ? [] : [partOf(past, table, '_deleted', loads)]),
  ];
  const key = list([...table.key, ...(warehouse.history ? [table.versionColumn.name] : [])], 'v');
  return `
    SELECT ${columns.map((column) => valueOf(column, night)).join(', ')} FROM (
      SELECT DISTINCT ON (${key}) v.* FROM (${parts.join(' UNION ALL ')}) AS v
      ORDER BY ${key}, ${newestFirst(table, storedVersion('v'))}
    ) AS newest`;
}

function partOf(place: string, table: Layout['table'], deleted: string, { least, most, query }: Loads): string {
  return `
    SELECT ${list(namesOf(storedColumns(table)))}, ${deleted} AS _deleted FROM ${place}
    WHERE _load_id BETWEEN ${least ?? 0} AND ${most ?? 0} AND _load_id IN (${query})`;
}

function valueOf({ name }: Column, night: string): string {
  return name === 'partition_date' ? `${literal(night)}::date` : quoted(name);
}
