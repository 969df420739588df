import type pg from 'pg';
import type { Column } from '../../core/kernel/columns.ts';
import type { DatasetTable, WarehouseTable } from '../../core/kernel/datasets.ts';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { Page, PageRequest } from '../../core/kernel/stores/page.ts';
import type {
  DatasetRef,
  FileVersion,
  LoadCounts,
  LoadRows,
  NewLoad,
  OperationalStore,
  OperationalStores,
  StoredRow,
} from '../../core/kernel/stores/operational.ts';
import { countsOf } from './counts.ts';
import { deleteRow } from './delete.ts';
import { exportedRows } from './exported.ts';
import { groupsOf, groupWith, type Group } from './group.ts';
import { layoutsOf, type Layout } from './layout.ts';
import { knownOf, refuse } from './ledger.ts';
import { takeIn } from './load.ts';
import { lockTables } from './lock.ts';
import { patchRow } from './patch.ts';
import { retireRows } from './retire.ts';
import { pageOf, rowOf } from './rows.ts';
import { schemaOf } from './schema-name.ts';
import { Schemas } from './schema.ts';
import { stagingOf } from './staging.ts';
import { BEGIN_LONG, within } from './transaction.ts';

/** Datasets' rows in PostgreSQL, over the pool `datasets` of the database: COPY takes a connection without pipelining. */
export function operationalStores(pool: pg.Pool): OperationalStores {
  const schemas = new Schemas(pool);
  return {
    async open(dataset, tables) {
      await schemas.ensure(dataset, tables);
      return new PostgresStore(pool, dataset, tables);
    },
  };
}

class PostgresStore implements OperationalStore {
  readonly #pool: pg.Pool;
  readonly #dataset: DatasetRef;
  readonly #layouts: ReadonlyMap<string, Layout>;
  readonly #groups: readonly Group[];

  constructor(pool: pg.Pool, dataset: DatasetRef, tables: readonly DatasetTable[]) {
    this.#pool = pool;
    this.#dataset = dataset;
    this.#layouts = layoutsOf(schemaOf(dataset), tables);
    this.#groups = groupsOf(this.#layouts.values());
  }

  load(load: NewLoad, rows: LoadRows): Promise<LoadCounts | 'known'> {
    return takeIn(this.#pool, this.#dataset, this.#groups, load, rows);
  }

  refuse(load: NewLoad, reason: string): Promise<void> {
    return within(this.#pool, (client) => refuse(client, this.#dataset, load, reason));
  }

  known(source: string, files: readonly FileVersion[], definitionHash: string): Promise<readonly FileVersion[]> {
    return within(this.#pool, (client) => knownOf(client, this.#dataset, source, files, definitionHash));
  }

  rows(table: string, filter: JsonObject, page: PageRequest): Promise<Page<StoredRow>> {
    return within(this.#pool, (client) => pageOf(client, this.#layout(table), filter, page));
  }

  row(table: string, key: JsonObject): Promise<StoredRow | undefined> {
    return within(this.#pool, (client) => rowOf(client, this.#layout(table), key));
  }

  patch(table: string, key: JsonObject, values: JsonObject, expected?: string): Promise<StoredRow> {
    const layout = this.#layout(table);
    const staging = stagingOf(layout.table.columns, 0);
    return within(
      this.#pool,
      (client) => patchRow(client, this.#dataset, this.#groupOf(layout), layout, staging, key, values, expected),
      `BEGIN; ${staging.create}`,
    );
  }

  delete(table: string, key: JsonObject, expected?: string): Promise<void> {
    const layout = this.#layout(table);
    return within(
      this.#pool,
      (client) => deleteRow(client, this.#dataset, this.#groupOf(layout), layout, key, expected),
      BEGIN_LONG,
    );
  }

  counts(): Promise<Readonly<Record<string, { readonly rows: number; readonly held: number }>>> {
    return within(this.#pool, (client) => countsOf(client, [...this.#layouts.values()]));
  }

  exported(
    table: WarehouseTable,
    columns: readonly Column[],
    exportId: number,
    night: string,
  ): AsyncIterable<Uint8Array> {
    return exportedRows(this.#pool, this.#dataset, this.#layout(table.from), table, columns, exportId, night);
  }

  async retire(now: Date, limit: number): Promise<{ readonly rows: number; readonly done: boolean }> {
    let rows = 0;
    for (const group of this.#groups) {
      const piece = await within(
        this.#pool,
        async (client) => {
          await lockTables(client, this.#dataset, group.keys());
          return retireRows(client, this.#dataset, group, now, limit - rows);
        },
        BEGIN_LONG,
      );
      rows += piece.rows;
      if (!piece.done) return { rows, done: false };
    }
    return { rows, done: true };
  }

  #groupOf(layout: Layout): Group {
    return groupWith(this.#groups, (one) => one === layout);
  }

  #layout(table: string): Layout {
    const layout = this.#layouts.get(table);
    if (layout) return layout;
    throw new Error(`The dataset "${this.#dataset.id}" has no table "${table}".`);
  }
}
