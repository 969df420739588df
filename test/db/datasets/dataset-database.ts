import type { Column, ColumnTypeName } from '../../../core/kernel/columns.ts';
import type { DatasetTable } from '../../../core/kernel/datasets.ts';
import { uuid7 } from '../../../core/kernel/ids.ts';
import type {
  DatasetRef,
  LoadCounts,
  LoadRows,
  NewLoad,
  OperationalStore,
  OperationalStores,
  Quarantined,
} from '../../../core/kernel/stores/operational.ts';
import { operationalStores } from '../../../db/datasets/operational-stores.ts';
import { schemaOf } from '../../../db/datasets/schema-name.ts';
import { testDatabase, type TestDatabase } from '../../support/database.ts';

/** Values of a row in the order of the columns; null is null. */
export type Values = readonly (string | number | boolean | null)[];

/** A database with a tenant, and datasets of it. */
export interface DatasetDatabase extends TestDatabase {
  readonly tenantId: string;
  readonly stores: OperationalStores;
  /** A dataset that has been turned on. */
  newDataset(id?: string): Promise<DatasetRef>;
  /** Rows of a statement; `$schema` stands for the dataset's. */
  query<Row extends object>(dataset: DatasetRef, sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Closes a night with all loads that are in none. @returns its id */
  newExport(dataset: DatasetRef, committed?: Date): Promise<number>;
}

export async function datasetDatabase(): Promise<DatasetDatabase> {
  const database = await testDatabase();
  const { engine, datasets } = database.db;
  const tenantId = uuid7();
  await engine.query(`INSERT INTO tenants (id, name, data_key, master_key_id) VALUES ($1, 'Ours', '', '')`, [tenantId]);
  let count = 0;
  return {
    ...database,
    tenantId,
    stores: operationalStores(datasets),
    async newDataset(id = `shop-${++count}`) {
      await engine.query('INSERT INTO datasets (tenant_id, id) VALUES ($1, $2)', [tenantId, id]);
      return { tenantId, id };
    },
    async query<Row extends object>(dataset: DatasetRef, sql: string, values: readonly unknown[] = []) {
      const text = sql.replaceAll('$schema', `"${schemaOf(dataset)}"`);
      return (await datasets.query<Row>(text, [...values])).rows;
    },
    async newExport(dataset, committed) {
      // One at a time is open.
      await engine.query(
        'UPDATE dataset_exports SET committed_at = now() WHERE tenant_id = $1 AND dataset = $2 AND committed_at IS NULL',
        [dataset.tenantId, dataset.id],
      );
      const { rows } = await engine.query<{ id: number }>(
        `INSERT INTO dataset_exports (tenant_id, dataset, night, closes, run_id, committed_at)
         VALUES ($1, $2, '2026-01-01', true, $3, $4) RETURNING id`,
        [dataset.tenantId, dataset.id, uuid7(), committed],
      );
      const { id } = rows[0]!;
      await engine.query(
        `UPDATE dataset_loads SET export_id = $3
         WHERE tenant_id = $1 AND dataset = $2 AND export_id IS NULL AND state = 'loaded'`,
        [dataset.tenantId, dataset.id, id],
      );
      return id;
    },
  };
}

/** A column as in a definition: `amount decimal(12,2)?`. */
export function columnOf(text: string): Column {
  const [, name = '', type = '', precision, scale, optional] =
    /^(\w+) (\w+)(?:\((\d+),(\d+)\))?(\?)?$/.exec(text) ?? [];
  const digits = precision === undefined ? {} : { precision: Number(precision), scale: Number(scale) };
  return { name, type: type as ColumnTypeName, nullable: optional === '?', ...digits };
}

/** A table of the columns and settings; ordered by the object of a load, where it says nothing. */
export function tableOf(
  name: string,
  columns: readonly string[],
  { version: by, references = {}, ...settings }: TableSettings = {},
): DatasetTable {
  const own = columns.map(columnOf);
  const ordering = own.find((column) => column.name === by);
  return {
    name,
    from: name,
    columns: own,
    key: ['id'],
    version:
      by === undefined ? { by: 'object' } : ordering ? { by: 'column', column: ordering.name } : { by: 'eventTime' },
    versionColumn: {
      ...(ordering ?? { type: by === undefined ? 'text' : 'timestamp', nullable: false }),
      name: '_version',
    },
    history: false,
    write: ['patch', 'delete'],
    references: Object.entries(references).map(([column, table]) => ({
      column,
      table,
      delete: 'cascade',
      missing: 'hold',
    })),
    indexes: [],
    ...settings,
  };
}

type TableSettings = Partial<Omit<DatasetTable, 'version' | 'references' | 'columns' | 'name'>> & {
  /** A column, or `_event_time`. */
  readonly version?: string;
  /** Column -> table. */
  readonly references?: Readonly<Record<string, string>>;
};

export const fileOf = (source: string, object: string, etag = 'one'): NewLoad => ({
  kind: 'file',
  source,
  object,
  etag,
  definitionHash: 'hash',
});

/** Rows as a reader gives them, in pieces. */
export function rowsOf(
  { columns }: Pick<DatasetTable, 'columns'>,
  rows: readonly Values[],
  quarantined: readonly Quarantined[] = [],
): LoadRows {
  async function* text(): AsyncIterable<string> {
    for (const [i, row] of rows.entries()) yield `${[i + 1, ...row.map(field)].join('\t')}\n`;
  }
  return { columns, text: text(), quarantined: () => ({ count: quarantined.length, rows: quarantined }) };
}

function field(value: Values[number]): string {
  if (value === null) return '\\N';
  return String(value).replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n');
}

/** Loads rows into a table, as a file. */
export function loadInto(
  store: OperationalStore,
  table: DatasetTable,
  object: string,
  ...rows: readonly Values[]
): Promise<LoadCounts | 'known'> {
  return store.load(fileOf(table.from, object), rowsOf(table, rows));
}

/** All rows of a table as lists of values in the order of its columns, by key. */
export async function contentOf(store: OperationalStore, { name, columns }: DatasetTable): Promise<unknown[][]> {
  const { items } = await store.rows(name, {}, { limit: 1000 });
  return items.map(({ values }) => columns.map((column) => values[column.name]));
}
