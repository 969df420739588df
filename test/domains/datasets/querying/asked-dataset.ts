import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerQuery, type Answer } from '../../../../core/domains/datasets/querying/answer.ts';
import { modelColumns } from '../../../../core/domains/datasets/warehouse/model-columns.ts';
import { freshKey } from '../../../../core/domains/datasets/keys.ts';
import type { DatasetModel } from '../../../../core/kernel/datasets.ts';
import type { Objects } from '../../../../core/kernel/objects.ts';
import type { DatasetRef } from '../../../../core/kernel/stores/operational.ts';
import type { CurrentPartition } from '../../../../core/kernel/stores/warehouse-records.ts';
import type { WarehouseSession } from '../../../../core/kernel/warehouse.ts';
import { compileDefinition } from '../../../../core/language/compile.ts';
import type { Plan } from '../../../../core/language/plan.ts';
import { formatFinding } from '../../../../core/language/source.ts';
import duckdb from '../../../../plugins/duckdb/index.ts';
import folder from '../../../../plugins/folder/index.ts';
import { registry } from '../../../language/registry.ts';
import { objectStoreOf } from '../../../plugins/object-store.contract.ts';
import { csvOf, warehouseOf } from '../../../plugins/warehouse.contract.ts';

const DEFINITION = `apiVersion: sluice/v1
kind: dataset
id: shop
version: 1.0.0
title: Shop
sources: { sold: { csv: { prefix: sold/, columns: { id: text, product: text?, day: date, cents: bigint?, price: "decimal(12,2)?", count: integer?, big: bigint?, paid: boolean?, at: timestamp?, note: json? } } } }
tables: { sold: { from: sold, key: [id] } }
warehouse: { sold: { from: sold, load: incremental } }
models:
  sales:
    sql: sales.sql
    dirty: sales.dirty.sql
    dependsOn: [sold]
    columns: { product: text?, day: date, cents: bigint?, price: "decimal(12,2)?", count: integer?, big: bigint?, paid: boolean?, at: timestamp?, note: json? }
    partition: day
    load: replacePartition
    dimensions: [product, day, price, big, paid, at, note]
    metrics:
      revenue: { sum: cents, scale: 2 }
      paid_revenue: { sum: cents, scale: 2, where: "paid and product <> 'a '';'" }
      smallest: { min: cents, scale: 2 }
      thousandths: { max: cents, scale: 3 }
      price_total: { sum: price }
      cents: { sum: cents }
      items: { sum: count }
      bigs: { sum: big }
      lines: { count: "*" }
      priced: { count: price }
      paid_rows: { count: "*", where: paid }
      first_at: { min: at }
  notes:
    sql: notes.sql
    dependsOn: [sold]
    load: full
    dimensions: [product]
    metrics: { lines: { count: "*" } }
`;

const FILES = {
  'sales.sql': 'select product, day, cents, price, count, big, paid, at, note from latest_sold',
  'sales.dirty.sql': 'select day from changed_sold',
  'notes.sql': 'select product from latest_sold',
};

function compiled(): Plan {
  const { plan, findings } = compileDefinition(
    { file: 'shop.yaml', text: DEFINITION, files: FILES },
    registry,
  );
  if (!plan) throw new Error(findings.map(formatFinding).join('\n'));
  return plan;
}

/** A dataset whose models hold what a test has written, in DuckDB over a folder; which objects are current is kept here. */
export class AskedDataset {
  readonly ref: DatasetRef = { tenantId: 'tenant', id: 'shop' };
  readonly objects: Objects;
  readonly #plan = compiled();
  readonly #place: string;
  readonly #warehouse: WarehouseSession;
  /** What is read as current, oldest first; the last stays. */
  readonly readings: CurrentPartition[][] = [];
  #current: CurrentPartition[] = [];

  private constructor(place: string) {
    this.#place = place;
    this.objects = objectStoreOf(folder).open(join(place, 'objects'));
    this.#warehouse = warehouseOf(duckdb).open('duckdb:?threads=1', {
      objects: this.objects,
      scratch: join(place, 'scratch'),
    });
  }

  static async open(): Promise<AskedDataset> {
    const place = await mkdtemp(join(tmpdir(), 'sluice-test-'));
    await mkdir(join(place, 'objects'));
    return new AskedDataset(place);
  }

  get current(): readonly CurrentPartition[] {
    return this.#current;
  }

  model(name: string): DatasetModel {
    return this.#plan.dataset!.models.find((model) => model.name === name)!;
  }

  /** Makes these lines of CSV what a model's partition holds. */
  async build(table: string, partition: string, ...lines: readonly string[]): Promise<void> {
    const { sortBy } = this.model(table);
    const columns = (await modelColumns(this.#warehouse, this.#plan.dataset!)).get(table)!;
    const key = freshKey(this.ref, table, partition);
    const { rows, high, low, bytes } = await this.#warehouse.writeRows(csvOf(...lines), {
      columns,
      sortBy,
      key,
    });
    const others = this.#current.filter((one) => one.table !== table || one.partition !== partition);
    this.#current = [...others, { table, partition, key, rows, high, low, bytes }];
  }

  ask(
    body: unknown,
    { signal, timeoutMs, id = this.ref.id }: { signal?: AbortSignal; timeoutMs?: number; id?: string } = {},
  ): Promise<Answer> {
    const deps = {
      catalogue: { plan: (name: string) => (name === this.ref.id ? this.#plan : undefined) },
      records: {
        current: (_: DatasetRef, tables?: readonly string[]) => {
          const all = this.readings.shift() ?? this.#current;
          return Promise.resolve(all.filter(({ table }) => tables?.includes(table) ?? true));
        },
      },
      warehouse: this.#warehouse,
    };
    return answerQuery(deps, { ...this.ref, id }, body, signal, timeoutMs);
  }

  async rows(body: object): Promise<Answer['rows']> {
    return (await this.ask({ model: 'sales', ...body })).rows;
  }

  async close(): Promise<void> {
    await this.#warehouse.close();
    await this.objects.close();
    await rm(this.#place, { recursive: true, force: true });
  }
}
