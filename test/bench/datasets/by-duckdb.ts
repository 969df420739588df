import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DuckDBInstance } from '@duckdb/node-api';
import pg from 'pg';
import { loadDefinition } from './definition.ts';
import type { DatasetPlan } from '../../../core/language/plan-dataset.ts';
import { latestRows } from '../../../core/language/sql/latest-rows.ts';
import { SHOP } from './shop.ts';
import type { Stand } from './stand.ts';

/**
 * The models as one would build them by hand: their SQL sent to one DuckDB with the same memory, over the same Parquet
 * objects, each sorted and written as Parquet, cut by date; what is built is read by what depends on it.
 */
export class ByDuckdb {
  readonly #plan: DatasetPlan;
  readonly #objects: ReadonlyMap<string, readonly string[]>;
  readonly #out: string;
  readonly #memory: string;

  private constructor(plan: DatasetPlan, objects: ReadonlyMap<string, readonly string[]>, { folder, memory }: Stand) {
    this.#plan = plan;
    this.#objects = objects;
    this.#out = join(folder, 'by-hand');
    this.#memory = memory;
  }

  static async open(stand: Stand): Promise<ByDuckdb> {
    const client = new pg.Client({ connectionString: stand.url });
    await client.connect();
    const { rows } = await client.query<{ table_name: string; keys: string[] }>(
      'SELECT table_name, array_agg(object_key) AS keys FROM dataset_partitions WHERE dataset = $1 GROUP BY table_name',
      [SHOP],
    );
    await client.end();
    const objects = new Map(rows.map(({ table_name, keys }) => [table_name, keys.map((key) => join(stand.objects, key))]));
    return new ByDuckdb(await loadDefinition(join(stand.folder, 'definitions')), objects, stand);
  }

  /** @returns seconds */
  async build(): Promise<number> {
    await rm(this.#out, { recursive: true, force: true });
    await mkdir(this.#out, { recursive: true });
    const began = performance.now();
    const instance = await DuckDBInstance.create(':memory:', { memory_limit: this.#memory, temp_directory: join(this.#out, 'temp') });
    const connection = await instance.connect();
    for (const table of this.#plan.warehouse) {
      await connection.run(`CREATE VIEW ${table.name} AS SELECT * FROM read_parquet([${this.#filesOf(table.name)}])`);
      await connection.run(`CREATE VIEW latest_${table.name} AS ${latestRows(table)}`);
    }
    for (const model of this.#plan.models) await this.#model(connection, model);
    connection.closeSync();
    instance.closeSync();
    return (performance.now() - began) / 1000;
  }

  async #model(connection: DuckDBConnection, { name, sql, partition, sortBy }: DatasetPlan['models'][number]): Promise<void> {
    const folder = join(this.#out, name);
    const order = [...(partition === undefined ? [] : [partition]), ...sortBy].join(', ');
    const cut = partition === undefined ? '' : `, PARTITION_BY (${partition}), WRITE_PARTITION_COLUMNS true`;
    const target = partition === undefined ? `${folder}.parquet` : folder;
    await connection.run(`COPY (SELECT * FROM (${sql.sql}\n) AS rows ORDER BY ${order}) TO '${target}' (FORMAT parquet, COMPRESSION zstd${cut})`);
    const files = partition === undefined ? target : `${folder}/**/*.parquet`;
    await connection.run(`CREATE VIEW ${name} AS SELECT * FROM read_parquet('${files}', hive_partitioning = false)`);
  }

  #filesOf(table: string): string {
    return (this.#objects.get(table) ?? []).map((path) => `'${path}'`).join(', ');
  }
}
