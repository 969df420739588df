import { expect } from 'chai';
import type { DatasetTable } from '../../../core/kernel/datasets.ts';
import type { DatasetRef, OperationalStore } from '../../../core/kernel/stores/operational.ts';
import { contentOf, datasetDatabase, loadInto, tableOf, type DatasetDatabase } from './dataset-database.ts';

const DAY = 86_400_000;
const [OLD, RECENT] = ['2026-01-01 00:00:00', '2026-01-10 00:00:00'];
const NOW = new Date('2026-01-11T00:00:00Z');
/** Loads are of the present, whatever the rows say: when they have been there for long. */
const LATER = new Date(Date.now() + 4 * DAY);

const retention = (exportedOnly: boolean) => ({ afterMs: 3 * DAY, by: 'placed_at', exportedOnly });
const ORDERS = (exportedOnly = true): DatasetTable =>
  tableOf('orders', ['id text', 'placed_at timestamp'], {
    version: 'placed_at',
    history: true,
    retention: retention(exportedOnly),
  });
const LINE = tableOf('line', ['id text', 'order_id text'], { references: { order_id: 'orders' } });
const NOTE = tableOf('note', ['id text', 'line_id text?', 'order_id text?'], {
  references: { line_id: 'line', order_id: 'orders' },
});

describe('Retention of a dataset', () => {
  let database: DatasetDatabase;
  let dataset: DatasetRef;
  let store: OperationalStore;
  before(async () => {
    database = await datasetDatabase();
  });
  after(() => database.drop());
  const open = async (orders: DatasetTable): Promise<void> => {
    dataset = await database.newDataset();
    store = await database.stores.open(dataset, [orders, LINE, NOTE]);
  };
  const idsIn = async (table: DatasetTable) => (await contentOf(store, table)).map(([id]) => id);

  it('removes rows past their age with all that goes with them, once these were exported', async () => {
    await open(ORDERS());
    await loadInto(store, ORDERS(), 'a', ['o1', OLD], ['o2', OLD], ['o3', RECENT]);
    await loadInto(store, LINE, 'a', ['l1', 'o1'], ['l3', 'o3']);
    await loadInto(store, NOTE, 'a', ['n1', 'l1', 'o1'], ['n3', 'l3', null]);
    expect(await store.retire(NOW, 100)).to.deep.equal({ rows: 0, done: true });
    await database.newExport(dataset, new Date(NOW));
    await loadInto(store, NOTE, 'b', ['n2', null, 'o2']);
    expect(await store.retire(NOW, 100)).to.deep.equal({ rows: 5, done: true });
    expect([await idsIn(ORDERS()), await idsIn(LINE), await idsIn(NOTE)]).to.deep.equal([
      ['o2', 'o3'],
      ['l3'],
      ['n2', 'n3'],
    ]);
    expect(await database.query(dataset, 'SELECT id FROM $schema.orders_history ORDER BY id')).to.deep.equal([
      { id: 'o3' },
    ]);
    await database.newExport(dataset, new Date(NOW));
    await store.retire(NOW, 100);
    expect([await idsIn(ORDERS()), await idsIn(NOTE)]).to.deep.equal([['o3'], ['n3']]);
  });

  it('removes a piece at a time, and says when none is left', async () => {
    await open(ORDERS());
    await loadInto(store, ORDERS(), 'a', ['o1', OLD], ['o2', OLD], ['o3', OLD]);
    await database.newExport(dataset, new Date(NOW));
    const pieces: unknown[] = [];
    for (let i = 0; i < 5; i++) pieces.push(await store.retire(NOW, 2));
    // Three rows, and three versions of the history.
    expect(pieces).to.deep.equal([
      { rows: 2, done: false },
      { rows: 2, done: false },
      { rows: 2, done: false },
      { rows: 0, done: true },
      { rows: 0, done: true },
    ]);
  });

  it('keeps what is not exported for the export, where rows may go before', async () => {
    await open(ORDERS(false));
    await loadInto(store, ORDERS(false), 'a', ['o1', OLD]);
    await loadInto(store, LINE, 'a', ['l1', 'o1']);
    expect(await store.retire(NOW, 100)).to.deep.equal({ rows: 2, done: true });
    expect(await idsIn(ORDERS())).to.deep.equal([]);
    expect(await database.query(dataset, 'SELECT id FROM $schema._past_line')).to.deep.equal([{ id: 'l1' }]);
    await database.newExport(dataset, new Date(NOW));
    // The history's version goes at once, those that were kept a day later.
    expect(await store.retire(new Date(NOW.getTime() + DAY), 100)).to.deep.equal({ rows: 1, done: true });
    expect(await store.retire(new Date(NOW.getTime() + DAY + 1), 100)).to.deep.equal({ rows: 2, done: true });
  });

  it('removes held rows that waited for longer, and were exported', async () => {
    await open(ORDERS());
    await loadInto(store, NOTE, 'a', ['n1', 'l1', null]);
    expect(await store.retire(LATER, 100)).to.deep.equal({ rows: 0, done: true });
    await database.newExport(dataset, LATER);
    expect(await store.retire(NOW, 100)).to.deep.equal({ rows: 0, done: true });
    expect(await store.retire(LATER, 100)).to.deep.equal({ rows: 1, done: true });
    expect(await store.counts()).to.deep.include({ note: { rows: 0, held: 0 } });
  });
});
