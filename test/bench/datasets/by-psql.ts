import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CsvFile } from './files.ts';

const run = promisify(execFile);

/** The tables of the operational store as one would write them by hand, with the same columns, keys and indexes. */
const TABLES = `
  CREATE SCHEMA by_hand;
  SET search_path = by_hand;
  CREATE TABLE products (id text PRIMARY KEY, title text NOT NULL, product_type text NOT NULL, created_at timestamp NOT NULL,
    _load_id bigint NOT NULL, _version text COLLATE "C" NOT NULL);
  CREATE TABLE variants (id text PRIMARY KEY,
    product_id text NOT NULL REFERENCES products ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, price int NOT NULL,
    title text NOT NULL, created_at timestamp NOT NULL, updated_at timestamp NOT NULL, ingested_at timestamp NOT NULL,
    _load_id bigint NOT NULL, _version timestamp NOT NULL);
  CREATE INDEX ON variants (product_id);
  CREATE TABLE orders (id text PRIMARY KEY, processed_timestamp timestamp NOT NULL, customer_id text NOT NULL,
    _load_id bigint NOT NULL, _version timestamp NOT NULL);
  CREATE INDEX ON orders (customer_id);
  CREATE TABLE order_lines (id text PRIMARY KEY, quantity int NOT NULL, variant_id text NOT NULL, revenue int NOT NULL,
    order_id text NOT NULL REFERENCES orders ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    _load_id bigint NOT NULL, _version text COLLATE "C" NOT NULL);
  CREATE INDEX ON order_lines (order_id);
  CREATE TABLE transactions (id text PRIMARY KEY, order_id text NOT NULL, status text NOT NULL, created_at timestamp NOT NULL,
    _load_id bigint NOT NULL, _version timestamp NOT NULL);
  CREATE INDEX ON transactions (order_id);`;

interface Table {
  readonly columns: readonly string[];
  /** Types of those that are no text. */
  readonly types: Readonly<Record<string, string>>;
  /** Of a row: a column, or where there is none the file's name. */
  readonly version?: string;
}

const time = 'timestamp';
const COLUMNS: Readonly<Record<string, Table>> = {
  products: { columns: ['id', 'title', 'product_type', 'created_at'], types: { created_at: time } },
  variants: {
    columns: ['id', 'product_id', 'price', 'title', 'created_at', 'updated_at', 'ingested_at'],
    types: { price: 'int', created_at: time, updated_at: time, ingested_at: time },
    version: 'updated_at',
  },
  orders: {
    columns: ['id', 'processed_timestamp', 'customer_id'],
    types: { processed_timestamp: time },
    version: 'processed_timestamp',
  },
  order_lines: {
    columns: ['id', 'quantity', 'variant_id', 'revenue', 'order_id'],
    types: { quantity: 'int', revenue: 'int' },
  },
  transactions: { columns: ['id', 'order_id', 'status', 'created_at'], types: { created_at: time }, version: 'created_at' },
};

/** psql with \copy into a staging table, and an upsert that keeps the newest of each key: one transaction a file. */
export class ByPsql {
  readonly #url: string;
  #loads = 0;

  constructor(url: string) {
    this.#url = url;
  }

  async prepare(): Promise<void> {
    await this.#psql([TABLES]);
  }

  async load(folder: string, files: readonly CsvFile[]): Promise<void> {
    for (const { source, name } of files) await this.#psql(this.#commands(source, join(folder, name), ++this.#loads));
  }

  #commands(source: string, path: string, load: number): string[] {
    const { columns, types, version } = COLUMNS[source]!;
    const typed = columns.map((column) => `${column} ${types[column] ?? 'text'}`).join(', ');
    const newest = version ?? `'${path}'::text COLLATE "C"`;
    const others = [...columns.slice(1), '_load_id', '_version'];
    return [
      'SET search_path = by_hand',
      'BEGIN',
      `CREATE TEMP TABLE staging (${typed}) ON COMMIT DROP`,
      `\\copy staging from '${path}' (format csv, header true)`,
      `INSERT INTO ${source} (${columns.join(', ')}, _load_id, _version)
       SELECT DISTINCT ON (id) ${columns.join(', ')}, ${load}, ${newest} FROM staging ORDER BY id, ${version ?? '2'} DESC
       ON CONFLICT (id) DO UPDATE SET ${others.map((name) => `${name} = excluded.${name}`).join(', ')}
       WHERE excluded._version > ${source}._version`,
      'COMMIT',
    ];
  }

  async #psql(commands: readonly string[]): Promise<void> {
    const args = [this.#url, '-X', '-q', '-v', 'ON_ERROR_STOP=1', ...commands.flatMap((command) => ['-c', command])];
    await run('psql', args);
  }
}
