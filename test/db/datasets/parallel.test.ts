import { expect } from 'chai';
import type { OperationalStore } from '../../../core/kernel/stores/operational.ts';
import { operationalStores } from '../../../db/datasets/operational-stores.ts';
import { lockTables } from '../../../db/datasets/lock.ts';
import { openDatabase } from '../../../db/open.ts';
import {
  contentOf,
  datasetDatabase,
  fileOf,
  loadInto,
  rowsOf,
  tableOf,
  type DatasetDatabase,
  type Values,
} from './dataset-database.ts';

const ORDERS = tableOf('orders', ['id text', 'number integer'], { version: 'number' });
const LINE = tableOf('line', ['id text', 'order_id text'], { references: { order_id: 'orders' } });
const PAYMENT = tableOf('payment', ['id text', 'order_id text']);
const TABLES = [ORDERS, LINE];

describe('Loads at the same time', () => {
  let database: DatasetDatabase;
  before(async () => {
    database = await datasetDatabase();
  });
  after(() => database.drop());

  it('of the same file are one', async () => {
    const dataset = await database.newDataset();
    const other = await openDatabase({ url: database.url });
    try {
      const stores = await Promise.all(
        [database.stores, operationalStores(other.datasets), database.stores].map((all) => all.open(dataset, TABLES)),
      );
      const rows = Array.from({ length: 200 }, (_, i): Values => [`o${i}`, i]);
      const outcomes = await Promise.all(
        stores.map((store) => store.load(fileOf('orders', 'a'), rowsOf(ORDERS, rows))),
      );
      expect(outcomes.filter((outcome) => outcome === 'known')).to.have.length(2);
      expect(outcomes.find((outcome) => outcome !== 'known')).to.include({ rows: 200, loaded: 200 });
      expect(await stores[0]!.counts()).to.deep.include({ orders: { rows: 200, held: 0 } });
    } finally {
      await other.close();
    }
  });

  it('of rows and of those they refer to leave none behind', async () => {
    const dataset = await database.newDataset();
    const store = await database.stores.open(dataset, TABLES);
    const numbers = Array.from({ length: 30 }, (_, i) => i);
    await Promise.all(
      numbers.flatMap((i) => [
        loadInto(store, LINE, `l${i}`, [`l${i}`, `o${i}`]),
        loadInto(store, ORDERS, `o${i}`, [`o${i}`, 1], ['same', i]),
      ]),
    );
    expect(await store.counts()).to.deep.equal({ orders: { rows: 31, held: 0 }, line: { rows: 30, held: 0 } });
    expect((await store.row('orders', { id: 'same' }))?.values['number']).to.equal(29);
  });

  it('and changes, deletions and retention do not get into each other', async () => {
    const dataset = await database.newDataset();
    const store = await database.stores.open(dataset, TABLES);
    await loadInto(store, ORDERS, 'a', ['o1', 1]);
    await Promise.all([
      ...Array.from({ length: 10 }, (_, i) => loadInto(store, LINE, `l${i}`, [`l${i}`, 'o1'])),
      ...Array.from({ length: 5 }, () => store.patch('orders', { id: 'o1' }, {})),
      store.retire(new Date(), 100),
    ]);
    expect((await store.row('orders', { id: 'o1' }))?.values['number']).to.equal(6);
    await Promise.all([
      store.delete('orders', { id: 'o1' }),
      ...Array.from({ length: 10 }, (_, i) => loadInto(store, LINE, `m${i}`, [`m${i}`, 'o1'])),
    ]);
    const counts = await store.counts();
    // Those that came before the deletion went with the order, the others wait for it.
    expect(counts['line']?.rows).to.equal(0);
    expect(await contentOf(store, ORDERS)).to.deep.equal([]);
  });

  it('of tables that no reference connects do not wait for each other', async () => {
    const dataset = await database.newDataset();
    const store = await database.stores.open(dataset, [...TABLES, PAYMENT]);
    const client = await database.db.datasets.connect();
    try {
      await client.query('BEGIN');
      // As a file of orders does while it is merged.
      await lockTables(client, dataset, ['line', 'orders']);
      const merged: string[] = [];
      const file = loadInto(store, LINE, 'a', ['l1', 'o1']).then(() => merged.push('file'));
      expect(await loadInto(store, PAYMENT, 'm', ['p1', 'o1'])).to.include({ loaded: 1 });
      await store.patch('payment', { id: 'p1' }, { order_id: 'o2' });
      await store.delete('payment', { id: 'p1' });
      expect(merged).to.deep.equal([]);
      await client.query('COMMIT');
      await file;
      expect(await store.counts()).to.deep.include({ line: { rows: 0, held: 1 }, payment: { rows: 0, held: 0 } });
    } finally {
      client.release();
    }
  });

  it('are merged one after the other, in the order that the ledger says', async () => {
    const dataset = await database.newDataset();
    const store: OperationalStore = await database.stores.open(dataset, TABLES);
    const client = await database.db.datasets.connect();
    try {
      await client.query('BEGIN');
      await lockTables(client, dataset, ['orders']);
      const waiting = [loadInto(store, ORDERS, 'a', ['o1', 1]), loadInto(store, ORDERS, 'b', ['o1', 2])];
      const { rows } = await client.query<{ at: Date }>('SELECT clock_timestamp() AS at');
      await client.query('COMMIT');
      await Promise.all(waiting);
      const loads = await database.query<{ later: boolean }>(
        dataset,
        `SELECT loaded_at > $2 AND loaded_at >= coalesce(lag(loaded_at) OVER (ORDER BY id), $2) AS later
         FROM dataset_loads WHERE dataset = $1`,
        [dataset.id, rows[0]!.at],
      );
      expect(loads).to.deep.equal([{ later: true }, { later: true }]);
    } finally {
      client.release();
    }
  });
});
