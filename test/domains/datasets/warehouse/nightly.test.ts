import { expect } from 'chai';
import { line, order, payment, product, variant } from './shop-rows.ts';
import { commerce, DatasetStand } from '../../../support/dataset.ts';

const FACT = 'dwd_orders_variant_status';

describe('a nightly run of a dataset', function () {
  this.timeout(60_000);
  let stand: DatasetStand;
  before(async () => {
    stand = await DatasetStand.open(commerce());
  });
  after(() => stand.close());
  beforeEach(async () => {
    await stand.turnOn('2026-03-01T00:00:00Z');
    stand.now('2026-03-04T03:00:00Z');
  });

  const succeeded = async (...run: Parameters<DatasetStand['run']>) => {
    const ended = await stand.run(...run);
    expect(ended.state, ended.error?.message).to.equal('succeeded');
    return ended;
  };
  const at = (day: string): string => `${day}T10:00:00Z`;
  const shop = async (day: string): Promise<void> => {
    await stand.load('products', at(day), product('p1'));
    await stand.load('variants', at(day), variant('v1', 'p1', 100, day));
    await stand.load('orders', at(day), order('o1', day));
    await stand.load('order_lines', at(day), line('l1', 'o1', 500));
  };
  const sales = () => stand.ask('select partition_date, product_id, items, revenue from app_sales order by all');
  /** What each partition of all models holds. */
  const hashes = async () => {
    const models = stand.dataset.models.map(({ name }) => name);
    return (await stand.current(...models)).map(({ table, partition, rows, high, low }) => ({ table, partition, rows, high, low }));
  };

  it('exports the nights that were missed one after the other, each with what was known at its end', async () => {
    await shop('2026-03-01');
    await stand.load('transactions', at('2026-03-02'), payment('t1', 'o1', 'success', '2026-03-02'));
    await stand.load('products', at('2026-03-03'), product('p1', 'Blouse'), product('p2', 'Hat'));
    await stand.load('products', at('2026-03-04'), product('p3', 'Shoe'));
    const { outputs } = await succeeded('nightly', { date: '2026-03-03' });
    expect(outputs).to.deep.include({ export: { loads: 6, rows: 8 } });
    expect(await stand.partitions('orders')).to.deep.equal({ '2026-03-01': 1 });
    expect(await stand.partitions('transaction')).to.deep.equal({ '2026-03-02': 1 });
    const known = await stand.ask('select partition_date, id, title from product order by all');
    expect(known).to.deep.equal([
      ['2026-03-01', 'p1', 'Shirt'],
      ['2026-03-02', 'p1', 'Shirt'],
      ['2026-03-03', 'p1', 'Blouse'],
      ['2026-03-03', 'p2', 'Hat'],
    ]);
    expect(await sales()).to.deep.equal([['2026-03-01', 'p1', 1, 500]]);
    expect(await stand.marks()).to.deep.equal([]);
  });

  it('adds to the night of a day that was exported before its end, and then closes it', async () => {
    await shop('2026-03-04');
    await succeeded('build');
    expect(await stand.partitions('order_lines')).to.deep.equal({ '2026-03-04': 1 });
    await stand.load('order_lines', '2026-03-04T20:00:00Z', line('l1', 'o1', 600), line('l2', 'o1', 50));
    await stand.load('transactions', '2026-03-05T01:00:00Z', payment('t1', 'o1', 'success', '2026-03-04'));
    stand.now('2026-03-05T02:00:00Z');
    await succeeded('nightly', { date: '2026-03-04' });
    expect(await stand.ask('select id, revenue from order_lines order by id')).to.deep.equal([['l1', 600], ['l2', 50]]);
    expect(await stand.partitions('transaction')).to.deep.equal({});
    await succeeded('build');
    expect(await sales()).to.deep.equal([['2026-03-04', 'p1', 2, 650]]);
  });

  it('builds the dates of an order whose date was corrected: it is gone from the first one', async () => {
    await shop('2026-03-01');
    await stand.load('transactions', at('2026-03-01'), payment('t1', 'o1', 'success', '2026-03-01'));
    await succeeded('nightly', { date: '2026-03-01' });
    expect(await sales()).to.deep.equal([['2026-03-01', 'p1', 1, 500]]);
    await stand.load('orders', at('2026-03-02'), order('o1', '2026-03-02'));
    await succeeded('nightly', { date: '2026-03-02' });
    expect(await sales()).to.deep.equal([['2026-03-02', 'p1', 1, 500]]);
    expect(await stand.partitions(FACT)).to.deep.equal({ '2026-03-02': 1 });
    expect(await stand.partitions('app_sales')).to.deep.equal({ '2026-03-02': 1 });
  });

  it('builds only the dates that were touched, and what follows only where a partition holds something else', async () => {
    await shop('2026-03-01');
    await stand.load('orders', at('2026-03-02'), order('o2', '2026-03-02'));
    await stand.load('order_lines', at('2026-03-02'), line('l2', 'o2', 700));
    await succeeded('nightly', { date: '2026-03-02' });
    const before = await stand.current(FACT, 'app_payments', 'app_sales');
    await stand.load('transactions', at('2026-03-03'), payment('t2', 'o2', 'failure', '2026-03-03'));
    await succeeded('nightly', { date: '2026-03-03' });
    const after = await stand.current(FACT, 'app_payments', 'app_sales');
    const same = before.filter(({ key }) => after.some((one) => one.key === key)).map(({ table, partition }) => `${table} ${partition}`);
    expect(same).to.deep.equal(['app_payments 2026-03-01', `${FACT} 2026-03-01`]);
  });

  it('comes to the same as a build of all days, and a second build to the same again', async () => {
    await shop('2026-03-01');
    await stand.load('orders', at('2026-03-01'), order('o2', '2026-03-01', 'c2'), order('o3', '2026-02-27', 'c3'));
    await stand.load('order_lines', at('2026-03-02'), line('l2', 'o2', 70), line('l3', 'o3', 30, 'v2'));
    await stand.load('transactions', at('2026-03-01'), payment('t1', 'o1', 'failure', '2026-03-01'), payment('t3', 'o3', 'success', '2026-03-01'));
    await stand.load('variants', at('2026-03-02'), variant('v2', 'p1', 50, '2026-03-01'), variant('v1', 'p1', 110, '2026-03-02'));
    await stand.load('transactions', at('2026-03-03'), payment('t1', 'o1', 'success', '2026-03-03'), payment('t2', 'o2', 'success', '2026-03-02'));
    await stand.load('orders', at('2026-03-03'), order('o2', '2026-03-02', 'c2'));
    for (const date of ['2026-03-01', '2026-03-02', '2026-03-03']) await succeeded('nightly', { date });
    const incremental = await hashes();
    expect(incremental.map(({ table, partition }) => `${table} ${partition}`)).to.include.members([`${FACT} 2026-02-27`, `${FACT} 2026-03-02`, 'app_price_changes 2026-03-02', 'dim_product ']);
    for (let again = 0; again < 2; again++) {
      const before = await stand.current(FACT);
      await succeeded('build', { from: '2026-02-20', to: '2026-03-05' });
      expect(await hashes()).to.deep.equal(incremental);
      expect((await stand.current(FACT)).map(({ key }) => key)).to.not.include.members(before.map(({ key }) => key));
    }
  });

  it('counts a refund of an order that the operational store has let go', async () => {
    await shop('2026-03-01');
    await stand.load('transactions', at('2026-03-01'), payment('t1', 'o1', 'success', '2026-03-01'));
    await succeeded('nightly', { date: '2026-03-01' });
    stand.now('2026-03-20T03:00:00Z');
    await succeeded('retire');
    const store = await stand.deps.operational.open(stand.ref, stand.dataset.tables);
    expect(await store.row('orders', { id: 'o1' })).to.equal(undefined);
    await stand.load('transactions', at('2026-03-19'), payment('t9', 'o1', 'refund', '2026-03-19'));
    await succeeded('nightly', { date: '2026-03-19' });
    expect(await stand.ask(`select order_status, revenue, is_latest from ${FACT} order by transaction_id`)).to.deep.equal([
      ['success', 500, false],
      ['refund', 500, true],
    ]);
    expect(await sales()).to.deep.equal([]);
  });
});
