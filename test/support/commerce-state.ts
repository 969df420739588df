import { expect } from 'chai';
import { inputsOf } from '../../core/domains/datasets/warehouse/inputs.ts';
import { contentHashSql } from '../../core/kernel/content-hash.ts';
import type { CurrentPartition } from '../../core/kernel/stores/warehouse-records.ts';
import type { WarehouseSession } from '../../core/kernel/warehouse.ts';
import { latestRows } from '../../core/language/sql/latest-rows.ts';
import { schemaOf } from '../../db/datasets/schema-name.ts';
import duckdb from '../../plugins/duckdb/index.ts';
import folder from '../../plugins/folder/index.ts';
import { objectStoreOf } from '../plugins/object-store.contract.ts';
import { warehouseOf } from '../plugins/warehouse.contract.ts';
import type { CommercePlace } from './commerce.ts';
import { commerce, compiled } from './dataset.ts';

const DATASET = compiled(commerce()).dataset!;

const LIMITS = { maxRows: 100_000, timeoutMs: 60_000 };

/** Rows of each part of a dataset as text, in an order of their own: what is the same whatever happened on the way. */
export type CommerceState = Readonly<Record<string, readonly string[]>>;

const QUESTIONS = [
  { model: 'app_sales', metrics: ['revenue_total'], dimensions: [] },
  { model: 'app_sales', metrics: ['revenue_total', 'items_sold'], dimensions: ['partition_date'] },
  { model: 'app_sales', metrics: ['revenue_total'], dimensions: ['product_id'] },
  { model: 'app_payments', metrics: ['orders', 'paid_orders', 'first_paid_at', 'last_paid_at'], dimensions: ['partition_date'] },
  { model: 'app_price_changes', metrics: ['changes', 'lowest_price', 'highest_price'], dimensions: ['product_id'] },
  { model: 'unmatched_transactions', metrics: ['transactions'], dimensions: ['status'] },
  { model: 'dim_product', metrics: ['variants'], dimensions: ['product_type'] },
];

/** What a dataset has come to, whose runs have ended; what must hold of any is asserted on the way. */
export async function commerceState(place: CommercePlace): Promise<CommerceState> {
  await expectNothingOpen(place);
  const objects = objectStoreOf(folder).open(place.objectsFolder);
  const warehouse = warehouseOf(duckdb).open('duckdb:?memory=256MB&threads=2', { objects, scratch: place.scratch });
  try {
    const current = await currentOf(place);
    for (const partition of current) await expectWhole(warehouse, partition);
    return {
      ...(await operational(place)),
      ...(await ledger(place)),
      ...(await replicas(warehouse, current)),
      models: modelsOf(current),
      answers: await answers(place),
    };
  } finally {
    await warehouse.close();
    await objects.close();
  }
}

/** Names of the parts in which two states differ, and what each of them has of its own. */
export function differences(one: CommerceState, other: CommerceState): readonly string[] {
  return Object.keys({ ...one, ...other }).flatMap((part) => {
    const [ours, theirs] = [one[part] ?? [], other[part] ?? []];
    const only = (rows: readonly string[], less: readonly string[]): readonly string[] => {
      const known = new Set(less);
      return rows.filter((row) => !known.has(row));
    };
    const [more, missing] = [only(ours, theirs), only(theirs, ours)];
    if (more.length + missing.length === 0 && ours.length === theirs.length) return [];
    return [`${part}, ${ours.length} and ${theirs.length}: only here ${more.slice(0, 3).join(' ')}; only there ${missing.slice(0, 3).join(' ')}`];
  });
}

/** No run, export or staged partition is left, no mark, and each load's rows add up. */
async function expectNothingOpen({ db }: CommercePlace): Promise<void> {
  const counted = async (sql: string): Promise<readonly object[]> => (await db.query<object>(sql)).rows;
  expect(await counted(`SELECT kind, state, error FROM runs WHERE state <> 'succeeded'`), 'runs').to.deep.equal([]);
  expect(await counted(`SELECT id FROM dataset_exports WHERE committed_at IS NULL`), 'open exports').to.deep.equal([]);
  expect(await counted(`SELECT table_name, partition FROM dataset_staged`), 'staged').to.deep.equal([]);
  expect(await counted(`SELECT table_name, partition, error FROM dataset_marks`), 'marks').to.deep.equal([]);
  expect(await counted(`SELECT id FROM dataset_loads WHERE state = 'loaded' AND export_id IS NULL`), 'loads').to.deep.equal([]);
  const wrong = await counted(`SELECT object FROM dataset_loads WHERE rows <> loaded + held + quarantined + deduplicated`);
  expect(wrong, 'counts of loads').to.deep.equal([]);
}

async function currentOf({ db }: CommercePlace): Promise<readonly CurrentPartition[]> {
  const { rows } = await db.query<CurrentPartition>(`
    SELECT table_name AS table, partition, object_key AS key, rows::int, hash_high::text AS high, hash_low::text AS low, bytes::int
    FROM dataset_partitions ORDER BY 1, 2`);
  return rows;
}

const columnsOf = (table: string) => [...DATASET.warehouse, ...DATASET.models].find(({ name }) => name === table)?.columns ?? [];

/** The object is there, and holds what the manifest says. */
async function expectWhole(warehouse: WarehouseSession, { table, partition, key, rows, high, low }: CurrentPartition): Promise<void> {
  const columns = columnsOf(table);
  const input = { [table]: { columns, objects: [{ key, ...(partition === '' ? {} : { partition }) }] } };
  const { rows: found } = await warehouse.query(input, { sql: contentHashSql('duckdb', columns, `"${table}"`) }, LIMITS);
  expect(found, `${table} ${partition}`).to.deep.equal([[String(rows), high, low]]);
}

/** Tables, what is held, and histories, but for the loads that rows came with. */
async function operational(place: CommercePlace): Promise<CommerceState> {
  const schema = schemaOf({ tenantId: place.base.tenantId, id: 'commerce' });
  const { rows } = await place.db.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = $1 AND tablename !~ '^_(past|deleted)_' ORDER BY 1`,
    [schema],
  );
  const parts: [string, readonly string[]][] = [];
  for (const { name } of rows) {
    const sql = `SELECT to_jsonb(t) - '_load_id' AS row FROM "${schema}"."${name}" AS t`;
    parts.push([`table ${name}`, await jsonRows(place, sql)]);
  }
  return Object.fromEntries(parts);
}

async function jsonRows({ db }: CommercePlace, sql: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ text: string }>(`SELECT to_jsonb(r)::text AS text FROM (${sql}) AS r ORDER BY 1`);
  return rows.map(({ text }) => text);
}

/** Messages come in any order: which of two of one transaction was the newer one when it came is not told. */
async function ledger(place: CommercePlace): Promise<CommerceState> {
  const outcome = (column: string): string => `CASE WHEN kind = 'file' THEN ${column} END AS ${column}`;
  return {
    loads: await jsonRows(
      place,
      `SELECT kind, source, object, etag, state, error, rows, quarantined, ${['loaded', 'held', 'deduplicated'].map(outcome).join(', ')} FROM dataset_loads`,
    ),
    quarantine: await jsonRows(
      place,
      `SELECT l.object, q.line, q.column_name, q.value, q.reason FROM dataset_quarantine q JOIN dataset_loads l ON l.id = q.load_id`,
    ),
  };
}

/** The newest row of each key over all partitions: the nights do not count, since midnight may have passed. */
async function replicas(warehouse: WarehouseSession, current: readonly CurrentPartition[]): Promise<CommerceState> {
  const parts: [string, readonly string[]][] = [];
  for (const table of DATASET.warehouse) {
    const partitions = current.filter((one) => one.table === table.name);
    // A snapshot holds all there is.
    const held = table.load === 'snapshot' ? partitions.slice(-1) : partitions;
    const inputs = inputsOf(DATASET, new Map(), [table.name], held);
    const own = table.columns.map(({ name }) => name).filter((name) => name !== 'partition_date');
    const sql = `select ${own.map((name) => `"${name}"`).join(', ')} from (${latestRows(table)}) as newest`;
    const { rows } = await warehouse.query(inputs, { sql }, LIMITS);
    parts.push([`replica ${table.name}`, rows.map((row) => JSON.stringify(row)).sort()]);
  }
  return Object.fromEntries(parts);
}

function modelsOf(current: readonly CurrentPartition[]): readonly string[] {
  const names = new Set(DATASET.models.map(({ name }) => name));
  return current
    .filter(({ table }) => names.has(table))
    .map(({ table, partition, rows, high, low }) => [table, partition, rows, high, low].join(' '));
}

async function answers(place: CommercePlace): Promise<readonly string[]> {
  const asked = QUESTIONS.map(async (question) => {
    const { status, body } = await place.call('POST', '/v1/datasets/commerce:query', question);
    expect(status, JSON.stringify(body)).to.equal(200);
    return body.rows.map((row: unknown) => JSON.stringify([question.model, question.dimensions, row])).sort() as readonly string[];
  });
  return (await Promise.all(asked)).flat();
}
