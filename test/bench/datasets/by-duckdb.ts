import { mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import pg from 'pg';
import { withQueries } from '../../../core/domains/datasets/warehouse/sql.ts';
import { testQuery } from '../../../core/domains/datasets/warehouse/test-queries.ts';
import type { DatasetPlan } from '../../../core/language/plan-dataset.ts';
import { latestRows } from '../../../core/language/sql/latest-rows.ts';
import { loadDefinition } from './definition.ts';
import { dayOf } from './files.ts';
import { SHOP } from './shop.ts';
import type { Stand } from './stand.ts';

type Model = DatasetPlan['models'][number];

/**
 * The models as one would build them by hand: their SQL sent to one DuckDB with the same memory, over the same Parquet
 * objects; each date of each model sorted, written as a Parquet file of its own and flushed; what is built is read by what
 * depends on it. Then their tests, in the same SQL.
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

  /** @returns seconds of the models, and of their tests */
  async build(): Promise<{ readonly models: number; readonly tests: number }> {
    await rm(this.#out, { recursive: true, force: true });
    await mkdir(this.#out, { recursive: true });
    const began = performance.now();
    const settings = { memory_limit: this.#memory, temp_directory: join(this.#out, 'temp') };
    const instance = await DuckDBInstance.create(':memory:', settings);
    const connection = await instance.connect();
    for (const table of this.#plan.warehouse) {
      const files = (this.#objects.get(table.name) ?? []).map((path) => `'${path}'`);
      await connection.run(`CREATE VIEW ${table.name} AS SELECT * FROM read_parquet([${files.join(', ')}])`);
      // One night alone has each row once.
      const latest = files.length === 1 ? `SELECT * FROM ${table.name}` : latestRows(table);
      await connection.run(`CREATE VIEW latest_${table.name} AS ${latest}`);
    }
    for (const model of this.#plan.models) await this.#build(connection, model);
    const built = performance.now();
    for (const model of this.#plan.models) await this.#test(connection, model);
    connection.closeSync();
    instance.closeSync();
    return { models: (built - began) / 1000, tests: (performance.now() - built) / 1000 };
  }

  async #build(connection: DuckDBConnection, model: Model): Promise<void> {
    const files = model.partition === undefined ? await this.#whole(connection, model) : await this.#cut(connection, model, model.partition);
    const list = files.map((file) => `'${file}'`).join(', ');
    await connection.run(`CREATE VIEW ${model.name} AS SELECT * FROM read_parquet([${list}])`);
  }

  async #whole(connection: DuckDBConnection, { name, sql, sortBy }: Model): Promise<string[]> {
    const file = join(this.#out, `${name}.parquet`);
    await write(connection, `SELECT * FROM (${sql.sql}\n) AS rows ORDER BY ${sortBy.join(', ')}`, file);
    return [file];
  }

  /** One COPY with PARTITION_BY would be a statement less, but several threads write its files, which are not sorted then. */
  async #cut(connection: DuckDBConnection, { name, sql, sortBy }: Model, partition: string): Promise<string[]> {
    await mkdir(join(this.#out, name));
    await connection.run(`CREATE TABLE _rows AS SELECT * FROM (${sql.sql}\n) AS rows`);
    const dates = await connection.runAndReadAll(`SELECT DISTINCT CAST(${partition} AS VARCHAR) FROM _rows ORDER BY 1`);
    const files: string[] = [];
    for (const [date] of dates.getRows()) {
      const file = join(this.#out, name, `${String(date)}.parquet`);
      await write(connection, `SELECT * FROM _rows WHERE ${partition} = '${String(date)}' ORDER BY ${sortBy.join(', ')}`, file);
      files.push(file);
    }
    await connection.run('DROP TABLE _rows');
    return files;
  }

  async #test(connection: DuckDBConnection, model: Model): Promise<void> {
    const place = { columns: model.columns ?? [], scope: undefined, date: dayOf(0), timezone: 'UTC', warehouse: 'duckdb' };
    for (const test of model.tests) {
      const query = testQuery(test, model, place);
      if (!query) continue;
      const wrong = async (select: string): Promise<boolean> => {
        const answer = await connection.runAndReadAll(withQueries(query.queries, select));
        return answer.getRows().length > 0;
      };
      if (query.proof !== undefined && !(await wrong(query.proof))) continue;
      if (await wrong(query.select)) throw new Error(`A test of ${model.name} fails.`);
    }
  }
}

/** The file, and the entry of its folder, reach the disk. */
async function write(connection: DuckDBConnection, select: string, file: string): Promise<void> {
  await connection.run(`COPY (${select}) TO '${file}' (FORMAT parquet, COMPRESSION zstd)`);
  for (const path of [file, dirname(file)]) {
    const handle = await open(path);
    await handle.sync();
    await handle.close();
  }
}
