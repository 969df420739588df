import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { expect } from 'chai';
import { readDefinitions } from '../../core/cli/definition-files.ts';
import type { Column } from '../../core/kernel/columns.ts';
import { compileDefinition } from '../../core/language/compile.ts';
import type { DatasetPlan } from '../../core/language/plan-dataset.ts';
import { formatFinding } from '../../core/language/source.ts';
import { latestRows } from '../../core/language/sql/latest-rows.ts';
import { registry } from './registry.ts';

type Value = string | number | boolean | null;
type Row = readonly Value[];

function commerce(): DatasetPlan {
  const [source] = readDefinitions(['definitions/datasets/commerce.yaml']).sources;
  const { plan, findings } = compileDefinition(source!, registry);
  expect(findings.map(formatFinding)).to.deep.equal([]);
  return plan!.dataset!;
}

const TYPES: Readonly<Record<string, string>> = { text: 'VARCHAR' };

function declared(columns: readonly Column[]): string {
  return columns.map(({ name, type }) => `"${name}" ${TYPES[type] ?? type}`).join(', ');
}

/** The warehouse of a dataset with rows made by hand, in DuckDB; its models are made by their own SQL. */
class HandMade {
  readonly #plan: DatasetPlan;
  readonly #duckdb: DuckDBConnection;

  private constructor(plan: DatasetPlan, duckdb: DuckDBConnection) {
    this.#plan = plan;
    this.#duckdb = duckdb;
  }

  static async of(plan: DatasetPlan): Promise<HandMade> {
    const made = new HandMade(plan, await (await DuckDBInstance.create(':memory:')).connect());
    for (const table of plan.warehouse) {
      await made.#run(`create table "${table.name}" (${declared(table.columns)})`);
      await made.#run(`create view "latest_${table.name}" as ${latestRows(table)}`);
      await made.#run(`create table "changed_${table.name}" (${declared(table.columns)}, "_old" boolean)`);
    }
    return made;
  }

  async #run(sql: string): Promise<void> {
    await this.#duckdb.run(sql);
  }

  async add(table: string, ...rows: readonly Row[]): Promise<void> {
    const written = rows.map((row) => `(${row.map(literal).join(', ')})`);
    await this.#run(`insert into "${table}" values ${written.join(', ')}`);
  }

  /** Builds the model as a table, and gives its rows in their order. */
  async build(name: string): Promise<readonly Row[]> {
    const model = this.#plan.models.find((one) => one.name === name)!;
    await this.#run(
      `create or replace table "${name}" as select * from (${model.sql.sql}\n) order by ${model.sortBy.join(', ')}`,
    );
    const types = await this.rows(
      `select column_name, data_type from information_schema.columns where table_name = '${name}' order by ordinal_position`,
    );
    const wanted = model.columns!.map(({ name: column, type }) => [column, (TYPES[type] ?? type).toUpperCase()]);
    expect(types, `columns of ${name}`).to.deep.equal(wanted);
    return this.rows(`select * from "${name}"`);
  }

  async rows(sql: string): Promise<readonly Row[]> {
    const reader = await this.#duckdb.runAndReadAll(sql);
    return reader.getRowsJson() as readonly Row[];
  }

  async dirty(name: string): Promise<readonly Value[]> {
    const { dirty } = this.#plan.models.find((one) => one.name === name)!;
    return (await this.rows(`select * from (${dirty!.sql}\n) order by 1`)).map(([date]) => date!);
  }

  close(): void {
    this.#duckdb.closeSync();
  }
}

function literal(value: Value): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
}

const T1 = '2026-03-01 10:00:00';
const T2 = '2026-03-02 10:00:00';
const T3 = '2026-03-03 10:00:00';

describe('the commerce dataset', () => {
  let plan: DatasetPlan;
  let made: HandMade;

  before(() => {
    plan = commerce();
  });
  beforeEach(async () => {
    made = await HandMade.of(plan);
  });
  afterEach(() => made.close());

  const order = (id: string, at: string, customer = 'c1', night = '2026-03-01') =>
    made.add('orders', [night, id, at, customer, at]);
  const line = (id: string, of: string, variant: string, revenue: number, night = '2026-03-01') =>
    made.add('order_lines', [night, id, 1, variant, revenue, of, 'order_lines/dt=2026-03-01/1.csv']);
  const transaction = (id: string, of: string, status: string, at: string, version = at, night = '2026-03-01') =>
    made.add('transaction', [night, id, of, status, at, version]);
  const variant = (id: string, product: string, price = 100, night = '2026-03-01') =>
    made.add('variant', [night, id, product, price, 'V', T1, T1, T1, T1]);
  /** What matters of the fact: line, transaction, status, revenue, product and whether it is the latest. */
  const fact = async () => {
    await made.build('dwd_orders_variant_status');
    return made.rows(
      'select order_line_id, transaction_id, order_status, revenue, product_id, is_latest from dwd_orders_variant_status order by all',
    );
  };

  describe('the fact of orders', () => {
    it('has a row for each line and transaction, of which those of the last transaction count', async () => {
      await variant('v1', 'p1');
      await order('o1', T1);
      await line('l1', 'o1', 'v1', 500);
      await line('l2', 'o1', 'v1', 700);
      await transaction('t1', 'o1', 'failure', T1);
      await transaction('t2', 'o1', 'success', T2);
      expect(await fact()).to.deep.equal([
        ['l1', 't1', 'failure', 500, 'p1', false],
        ['l1', 't2', 'success', 500, 'p1', true],
        ['l2', 't1', 'failure', 700, 'p1', false],
        ['l2', 't2', 'success', 700, 'p1', true],
      ]);
    });

    it('has lines without a transaction, and transactions of orders without lines, but none of orders that are not there', async () => {
      await order('o1', T1);
      await order('o2', T1);
      await order('o3', T1);
      await line('l1', 'o1', 'unknown', 500);
      await transaction('t2', 'o2', 'success', T1);
      await transaction('t9', 'o9', 'success', T1);
      await line('l9', 'o9', 'v1', 100);
      expect(await fact()).to.deep.equal([
        ['l1', null, null, 500, null, false],
        [null, 't2', 'success', null, null, true],
      ]);
    });

    it('decides between transactions of one moment by what they say, and not by which came first', async () => {
      await order('o1', T1);
      await line('l1', 'o1', 'v1', 500);
      await transaction('b', 'o1', 'failure', T2);
      await transaction('a', 'o1', 'success', T2);
      const latest = (await fact()).filter((row) => row[5] === true);
      expect(latest).to.deep.equal([['l1', 'a', 'success', 500, null, true]]);
    });

    it('takes the newest version of each row, whichever night has brought it', async () => {
      await order('o1', T2, 'c2', '2026-03-05');
      await order('o1', T1, 'c1', '2026-03-06');
      await transaction('t1', 'o1', 'success', T1, T2, '2026-03-02');
      await transaction('t1', 'o1', 'failure', T1, T1, '2026-03-03');
      const rows = await made.build('dwd_orders_variant_status');
      expect(rows.map((row) => [row[2], row[5], row[8]])).to.deep.equal([['c2', 'success', '2026-03-02']]);
    });

    it('still knows the product of a variant that was deleted', async () => {
      await variant('v1', 'p1', 100, '2026-03-01');
      await variant('v2', 'p1', 100, '2026-03-02');
      await order('o1', T1);
      await line('l1', 'o1', 'v1', 500);
      expect(await fact()).to.deep.equal([['l1', null, null, 500, 'p1', false]]);
    });

    it('is reconciled with the lines of the orders that are there', async () => {
      await order('o1', T1);
      await order('o2', T2);
      await line('l1', 'o1', 'v1', 500);
      await line('l2', 'o2', 'v1', 700);
      await line('l9', 'o9', 'v1', 9);
      await transaction('t1', 'o1', 'failure', T1);
      await transaction('t2', 'o1', 'success', T2);
      await made.build('dwd_orders_variant_status');
      const [test] = plan.models
        .find(({ name }) => name === 'dwd_orders_variant_status')!
        .tests.filter((one) => one.test === 'reconcile');
      if (test?.test !== 'reconcile') throw new Error('There is no such test.');
      const here = await made.rows(
        `select partition_date, sum(${test.metric.column}) from dwd_orders_variant_status where ${test.metric.where} group by 1 order by 1`,
      );
      expect(here).to.deep.equal([
        ['2026-03-01', '500'],
        ['2026-03-02', '700'],
      ]);
      expect(await made.rows(`select partition_date, value from (${test.equals.sql}\n) order by 1`)).to.deep.equal(
        here,
      );
    });
  });

  describe('the dates that an export makes dirty', () => {
    const dirty = () => made.dirty('dwd_orders_variant_status');

    it('are both of an order whose date was corrected', async () => {
      await order('o1', T2);
      await made.add(
        'changed_orders',
        ['2026-03-01', 'o1', T1, 'c1', T1, true],
        ['2026-03-02', 'o1', T2, 'c1', T2, false],
      );
      expect(await dirty()).to.deep.equal(['2026-03-01', '2026-03-02']);
    });

    it('are those of the orders that a line belongs to now and belonged to before', async () => {
      await order('o1', T1);
      await order('o2', T2);
      await order('o3', T3);
      await made.add(
        'changed_order_lines',
        ['2026-03-04', 'l1', 1, 'v1', 5, 'o1', 'k1', true],
        ['2026-03-05', 'l1', 1, 'v1', 5, 'o2', 'k2', false],
      );
      expect(await dirty()).to.deep.equal(['2026-03-01', '2026-03-02']);
    });

    it('are those of the orders that a transaction belongs to, if they are there', async () => {
      await order('o1', T1);
      await made.add(
        'changed_transaction',
        ['2026-03-04', 't1', 'o1', 'success', T3, T3, false],
        ['2026-03-04', 't2', 'o9', 'success', T3, T3, false],
      );
      expect(await dirty()).to.deep.equal(['2026-03-01']);
    });

    it('are those of lines of a variant that is new or has moved, and not of one whose price has changed', async () => {
      for (const [id, at] of [
        ['1', T1],
        ['2', T2],
        ['3', T3],
      ] as const) {
        await order(`o${id}`, at);
        await line(`l${id}`, `o${id}`, `v${id}`, 500);
      }
      const changed = (id: string, product: string, price: number, old: boolean): Row => [
        '2026-03-04',
        id,
        product,
        price,
        'V',
        T1,
        T1,
        T1,
        T1,
        old,
      ];
      await made.add('changed_variant', changed('v1', 'p1', 1, false));
      await made.add('changed_variant', changed('v2', 'p1', 1, true), changed('v2', 'p2', 1, false));
      await made.add('changed_variant', changed('v3', 'p1', 1, true), changed('v3', 'p1', 2, false));
      expect(await dirty()).to.deep.equal(['2026-03-01', '2026-03-02']);
    });
  });

  describe('its answers', () => {
    it('sell what the last status of an order calls a success', async () => {
      await variant('v1', 'p1');
      for (const [id, statuses] of [
        ['1', ['failure', 'success']],
        ['2', ['success', 'refund']],
        ['3', ['success']],
        ['4', []],
      ] as const) {
        await order(`o${id}`, T1);
        await line(`l${id}`, `o${id}`, 'v1', 500);
        for (const [i, status] of statuses.entries()) await transaction(`t${id}${i}`, `o${id}`, status, [T1, T2][i]!);
      }
      await made.build('dwd_orders_variant_status');
      // The driver shows a bigint as text.
      expect(await made.build('app_sales')).to.deep.equal([['p1', 'c1', '2026-03-01', '2', '1000']]);
    });

    it('list each change of a price in the order of versions, two of a day too, and no first price', async () => {
      const version = (price: number, at: string): Row => ['2026-03-04', 'v1', 'p1', price, 'V', T1, at, at, at];
      await made.add(
        'variant_history',
        version(300, '2026-03-02 18:00:00'),
        version(100, T1),
        version(200, '2026-03-02 09:00:00'),
        version(300, T3),
      );
      expect((await made.build('app_price_changes')).map((row) => [row[2], row[3], row[5]])).to.deep.equal([
        [100, 200, '2026-03-02'],
        [200, 300, '2026-03-02'],
      ]);
      await made.add('changed_variant_history', ['2026-03-04', 'v1', 'p1', 100, 'V', T1, T1, T1, T1, false]);
      expect(await made.dirty('app_price_changes')).to.deep.equal(['2026-03-01', '2026-03-02', '2026-03-03']);
    });

    it('say whether and when an order was paid: by its first success', async () => {
      await variant('v1', 'p1');
      await order('o1', T1);
      await order('o2', T1);
      await line('l1', 'o1', 'v1', 500);
      await line('l2', 'o1', 'v1', 500);
      await line('l3', 'o2', 'v1', 500);
      await transaction('t1', 'o1', 'failure', T1);
      await transaction('t2', 'o1', 'success', T2);
      await transaction('t3', 'o1', 'success', T3);
      await transaction('t4', 'o1', 'refund', T3);
      await made.build('dwd_orders_variant_status');
      expect(await made.build('app_payments')).to.deep.equal([
        ['o1', 'p1', 'c1', '2026-03-01', true, T2],
        ['o2', 'p1', 'c1', '2026-03-01', false, null],
      ]);
      await made.add('changed_transaction', ['2026-03-04', 't2', 'o1', 'success', T2, T2, false]);
      expect(await made.dirty('app_payments')).to.deep.equal(['2026-03-01']);
    });

    it('tell of each payment whose order nobody knows, as it was last known', async () => {
      await order('o1', T1);
      await transaction('t1', 'o1', 'success', T1);
      await transaction('t2', 'o9', 'failure', T1);
      await transaction('t2', 'o9', 'success', T1, T2, '2026-03-02');
      await transaction('t3', 'o8', 'failure', T1);
      expect(await made.build('unmatched_transactions')).to.deep.equal([
        ['t3', 'o8', 'failure', T1],
        ['t2', 'o9', 'success', T1],
      ]);
      await order('o9', T1, 'c1', '2026-03-03');
      expect((await made.build('unmatched_transactions')).map(([id]) => id)).to.deep.equal(['t3']);
    });

    it('describe each variant once, with both times of creation, and products without variants', async () => {
      await made.add(
        'product',
        ['2026-03-01', 'p1', 'Shirt', 'Clothes', T1, 'a'],
        ['2026-03-02', 'p1', 'Shirt', 'Clothes', T1, 'a'],
        ['2026-03-02', 'p2', 'Hat', 'Clothes', T2, 'a'],
      );
      await variant('v1', 'p1', 100, '2026-03-01');
      await variant('v1', 'p1', 100, '2026-03-02');
      const rows = await made.build('dim_product');
      expect(rows.map((row) => [row[0], row[3], row[4], row[7]])).to.deep.equal([
        ['p1', T1, 'v1', T1],
        ['p2', T2, null, null],
      ]);
    });

    it('know one order of a customer once, whatever nights it came in', async () => {
      await order('o2', T1, 'c1');
      await order('o1', T1, 'c1');
      await order('o1', T2, 'c2', '2026-03-02');
      expect(await made.build('dim_customer_orders')).to.deep.equal([
        ['c1', 'o2'],
        ['c2', 'o1'],
      ]);
    });
  });
});
