import { expect } from 'chai';
import type { DatasetRef, NewLoad, OperationalStore } from '../../../core/kernel/stores/operational.ts';
import { rejection } from '../../support/rejection.ts';
import {
  contentOf,
  datasetDatabase,
  fileOf,
  loadInto,
  rowsOf,
  tableOf,
  type DatasetDatabase,
} from './dataset-database.ts';

const PRODUCT = tableOf('product', ['id text', 'title text?', 'weight decimal(6,2)?']);
const VARIANT = tableOf('variant', ['id text', 'price integer', 'updated_at timestamp', 'note json?'], {
  version: 'updated_at',
});
const PAYMENT = tableOf('payment', ['id text', 'status text'], { version: '_event_time' });
const [MONDAY, TUESDAY] = ['2026-01-05 08:00:00.000001', '2026-01-06 08:00:00.000002'];

describe('A load of a dataset', () => {
  let database: DatasetDatabase;
  let dataset: DatasetRef;
  let store: OperationalStore;
  before(async () => {
    database = await datasetDatabase();
  });
  after(() => database.drop());
  beforeEach(async () => {
    dataset = await database.newDataset();
    store = await database.stores.open(dataset, [PRODUCT, VARIANT, PAYMENT]);
  });

  const ledger = () =>
    database.query<Record<string, unknown>>(
      dataset,
      `SELECT object, etag, state, error, rows, loaded, held, quarantined, deduplicated FROM dataset_loads
       WHERE dataset = $1 ORDER BY id`,
      [dataset.id],
    );
  const counted = (counts: Record<string, number>) => ({
    rows: 0,
    loaded: 0,
    held: 0,
    quarantined: 0,
    deduplicated: 0,
    ...counts,
  });

  it('takes rows in as they are, with an entry in the ledger', async () => {
    const counts = await loadInto(store, PRODUCT, 'a.csv', ['p1', 'Tea\\\t"x"\n', '1.50'], ['p2', '', null]);
    expect(counts).to.deep.equal(counted({ rows: 2, loaded: 2 }));
    expect(await contentOf(store, PRODUCT)).to.deep.equal([
      ['p1', 'Tea\\\t"x"\n', '1.50'],
      ['p2', '', null],
    ]);
    expect(await ledger()).to.deep.equal([
      { object: 'a.csv', etag: 'one', state: 'loaded', error: null, ...counted({ rows: 2, loaded: 2 }) },
    ]);
  });

  it('of a file that was loaded is known, and of another content under its name is not', async () => {
    await loadInto(store, PRODUCT, 'a.csv', ['p1', 'Tea', null]);
    const unread = rowsOf(PRODUCT, [['p2', 'Unread', null]]);
    expect(await store.load(fileOf('product', 'a.csv'), unread)).to.equal('known');
    await store.load(fileOf('product', 'a.csv', 'two'), rowsOf(PRODUCT, [['p3', 'Cups', null]]));
    expect((await contentOf(store, PRODUCT)).map(([id]) => id)).to.deep.equal(['p1', 'p3']);
  });

  it('keeps the newest version of a key within a file and between files, whichever comes first', async () => {
    const first = await loadInto(store, VARIANT, 'b.csv', ['v1', 2, TUESDAY, null], ['v1', 1, MONDAY, null]);
    expect(first).to.deep.equal(counted({ rows: 2, loaded: 1, deduplicated: 1 }));
    const older = await loadInto(store, VARIANT, 'c.csv', ['v1', 3, MONDAY, null], ['v2', 1, MONDAY, null]);
    expect(older).to.deep.equal(counted({ rows: 2, loaded: 1, deduplicated: 1 }));
    await loadInto(store, VARIANT, 'a.csv', ['v2', 5, TUESDAY, null]);
    expect((await contentOf(store, VARIANT)).map((row) => row.slice(0, 2))).to.deep.equal([
      ['v1', 2],
      ['v2', 5],
    ]);
  });

  it('decides between contents of one version by the content, null above all', async () => {
    await loadInto(store, VARIANT, 'a.csv', ['v1', 10, MONDAY, '{"a":1}'], ['v2', 1, MONDAY, '[1]']);
    const again = await loadInto(store, VARIANT, 'b.csv', ['v1', 9, MONDAY, null], ['v2', 1, MONDAY, '[1]']);
    expect(again).to.include({ loaded: 0, deduplicated: 2 });
    await loadInto(store, VARIANT, 'c.csv', ['v1', 10, MONDAY, null], ['v2', 1, MONDAY, '[2]']);
    expect((await contentOf(store, VARIANT)).map((row) => row[3])).to.deep.equal([null, [2]]);
    const numbers = await loadInto(store, VARIANT, 'd.csv', ['v3', 1, MONDAY, '1'], ['v3', 1, MONDAY, '1.0']);
    expect(numbers).to.include({ loaded: 1, deduplicated: 1 });
  });

  it('is ordered by its object where no column orders it, by bytes', async () => {
    await loadInto(store, PRODUCT, 'dt=2026-01-02/Z.csv', ['p1', 'capital', null]);
    await loadInto(store, PRODUCT, 'dt=2026-01-02/a.csv', ['p1', 'small', null]);
    await loadInto(store, PRODUCT, 'dt=2026-01-01/z.csv', ['p1', 'day before', null]);
    const row = await store.row('product', { id: 'p1' });
    expect(row?.values).to.include({ title: 'small', _version: 'dt=2026-01-02/a.csv' });
  });

  it('is ordered by the time of its message where that is declared', async () => {
    const message = (object: string, eventTime: number): NewLoad => ({
      ...fileOf('payment', object, ''),
      kind: 'message',
      eventTime,
    });
    await store.load(message('m2', 2000), rowsOf(PAYMENT, [['t1', 'paid']]));
    await store.load(message('m1', 1000), rowsOf(PAYMENT, [['t1', 'pending']]));
    expect(await store.load(message('m2', 3000), rowsOf(PAYMENT, [['t1', 'again']]))).to.equal('known');
    const row = await store.row('payment', { id: 't1' });
    expect(row?.values).to.deep.equal({ id: 't1', status: 'paid', _version: '1970-01-01T00:00:02.000000Z' });
  });

  it('counts what was put into quarantine, and keeps its reasons', async () => {
    const bad = [{ line: 7, column: 'weight', value: 'a\0b', reason: 'No number.' }];
    const counts = await store.load(fileOf('product', 'a.csv'), rowsOf(PRODUCT, [['p1', null, null]], bad));
    expect(counts).to.deep.equal(counted({ rows: 2, loaded: 1, quarantined: 1 }));
    expect(
      await database.query(dataset, 'SELECT line, column_name, value, reason FROM dataset_quarantine'),
    ).to.deep.equal([{ line: 7, column_name: 'weight', value: 'a\uFFFDb', reason: 'No number.' }]);
  });

  it('puts into quarantine what no index can take', async () => {
    const long = Array.from({ length: 3000 }, (_, i) => String.fromCodePoint(0x4e00 + ((i * 7919) % 20_000))).join('');
    const counts = await loadInto(store, PRODUCT, 'a.csv', ['p1', long, null], [long, 'long key', null]);
    expect(counts).to.deep.equal(counted({ rows: 2, loaded: 1, quarantined: 1 }));
    const [row] = await database.query<{ reason: string }>(
      dataset,
      'SELECT line, column_name, reason FROM dataset_quarantine WHERE dataset = $1',
      [dataset.id],
    );
    expect(row).to.include({ line: 2, column_name: 'id' });
    expect(row?.reason).to.include('9000 bytes');
  });

  it('that breaks off while it is read leaves nothing, and says why', async () => {
    const broken = new Error('The object has changed.');
    async function* text(): AsyncIterable<string> {
      for (let i = 0; i < 5000; i++) yield `${i}\tp${i}\tTea\t1.00\n`;
      throw broken;
    }
    const rows = { columns: PRODUCT.columns, text: text(), quarantined: () => ({ count: 0, rows: [] }) };
    expect(await rejection(store.load(fileOf('product', 'a.csv'), rows))).to.equal(broken);
    expect(await contentOf(store, PRODUCT)).to.deep.equal([]);
    expect(await ledger()).to.deep.equal([]);
    expect(await loadInto(store, PRODUCT, 'a.csv', ['p1', null, null])).to.include({ loaded: 1 });
  });

  it('whose reader let through what is none of its type says which column, and leaves nothing', async () => {
    const error = await rejection(loadInto(store, VARIANT, 'a.csv', ['v1', 'twelve', MONDAY, null]));
    expect(error).to.include({ name: 'OperationalError', fault: 'invalid' });
    expect(error.message).to.include('column price').and.include('twelve');
    expect(await ledger()).to.deep.equal([]);
  });

  it('is refused as a whole until its content or the definition is another', async () => {
    const file = fileOf('product', 'a.csv');
    await store.refuse(file, 'Too many bad rows.');
    const files = [file, fileOf('product', 'a.csv', 'two'), fileOf('product', 'b.csv')].map(({ object, etag }) => ({
      object,
      etag,
    }));
    expect(await store.known('product', files, 'hash')).to.deep.equal([files[0]]);
    expect(await store.known('product', files, 'other')).to.deep.equal([]);
    expect(await store.load(file, rowsOf(PRODUCT, []))).to.equal('known');
    await store.load({ ...file, definitionHash: 'other' }, rowsOf(PRODUCT, [['p1', null, null]]));
    await store.refuse({ ...file, definitionHash: 'third' }, 'Late.');
    expect(await store.known('product', files, 'hash')).to.deep.equal([files[0]]);
    expect(await ledger()).to.deep.equal([
      { object: 'a.csv', etag: 'one', state: 'loaded', error: null, ...counted({ rows: 1, loaded: 1 }) },
    ]);
  });
});
