import { expect } from 'chai';
import type { JsonObject } from '../../../core/kernel/json.ts';
import type { DatasetRef, OperationalStore } from '../../../core/kernel/stores/operational.ts';
import { rejection } from '../../support/rejection.ts';
import { contentOf, datasetDatabase, loadInto, tableOf, type DatasetDatabase } from './dataset-database.ts';

const SHOP = tableOf('shop', [
  'id text',
  'title text',
  'opened date?',
  'rating decimal(4,2)?',
  'more json?',
  'size bigint?',
]);
const ITEM = tableOf('item', ['id text', 'shop_id text?', 'count integer', 'seen_at timestamp'], {
  version: 'seen_at',
  references: { shop_id: 'shop' },
});
const PART = tableOf('part', ['item_id text', 'name text', 'day date'], {
  version: 'day',
  key: ['item_id', 'name'],
  references: { item_id: 'item' },
});
const COUNTED = tableOf('counted', ['id text', 'number integer'], { version: 'number' });
const LATE = '2999-12-31 23:59:59.999999';

describe('A change by the API', () => {
  let database: DatasetDatabase;
  let dataset: DatasetRef;
  let store: OperationalStore;
  before(async () => {
    database = await datasetDatabase();
  });
  after(() => database.drop());
  beforeEach(async () => {
    dataset = await database.newDataset();
    store = await database.stores.open(dataset, [SHOP, ITEM, PART, COUNTED]);
    await loadInto(
      store,
      SHOP,
      'dt=2/a.csv',
      ['s1', 'One', null, null, null, null],
      ['s2', 'Two', null, null, null, null],
    );
    await loadInto(
      store,
      ITEM,
      'i',
      ['i1', 's1', 1, '2026-01-05 08:00:00'],
      ['i2', 's1', 1, LATE],
      ['i3', 's2', 1, LATE],
    );
    await loadInto(store, PART, 'p', ['i1', 'lid', '2026-01-05'], ['i3', 'lid', '2026-01-05']);
    await loadInto(store, COUNTED, 'c', ['n', 7]);
  });

  it('changes columns of a row, and is a load of its own', async () => {
    const values = {
      title: 'Ein "Laden"',
      opened: '2026-02-28',
      rating: '12.50',
      more: { a: [1] },
      size: '9007199254740993',
    };
    const row = await store.patch('shop', { id: 's1' }, values);
    expect(row.values).to.include({
      id: 's1',
      title: 'Ein "Laden"',
      opened: '2026-02-28',
      rating: '12.50',
      size: '9007199254740993',
    });
    expect(row).to.deep.equal(await store.row('shop', { id: 's1' }));
    const [load] = await database.query<object>(
      dataset,
      'SELECT kind, source, etag, rows, loaded FROM dataset_loads WHERE id = $1',
      [row.load],
    );
    expect(load).to.deep.equal({ kind: 'change', source: 'shop', etag: '', rows: 1, loaded: 1 });
  });

  it('stands above the file that the row came in, and below the next', async () => {
    await store.patch('shop', { id: 's1' }, { title: 'Changed' });
    const { values } = await store.patch('shop', { id: 's1' }, { title: 'Changed again' });
    expect(values['_version']).to.match(/^dt=2\/a\.csv~\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    expect(await loadInto(store, SHOP, 'dt=1/z.csv', ['s1', 'Before', null, null, null, null])).to.include({
      loaded: 0,
    });
    expect(await loadInto(store, SHOP, 'dt=3/a.csv', ['s1', 'After', null, null, null, null])).to.include({
      loaded: 1,
    });
  });

  it('sets the column that orders a row to now, or above what is there', async () => {
    const now = await store.patch('item', { id: 'i1' }, { count: 2 });
    expect(now.values['seen_at'])
      .to.match(/^20\d\d-/)
      .and.not.equal('2026-01-05T08:00:00.000000Z');
    expect(now.values['_version']).to.equal(now.values['seen_at']);
    const above = await store.patch('item', { id: 'i2' }, { count: 2 });
    expect(above.values['seen_at']).to.equal('3000-01-01T00:00:00.000000Z');
    const given = await store.patch('item', { id: 'i1' }, { seen_at: '2998-01-01T01:00:00.5+01:00' });
    expect(given.values['_version']).to.equal('2998-01-01T00:00:00.500000Z');
    expect((await store.patch('counted', { id: 'n' }, {})).values).to.deep.equal({ id: 'n', number: 8, _version: 8 });
    const error = await rejection(store.patch('item', { id: 'i1' }, { seen_at: '2998-01-01T00:00:00.5Z' }));
    expect(error).to.include({ fault: 'invalid', column: 'seen_at' });
  });

  it('is refused where the row is not there, or was changed meanwhile', async () => {
    expect(await rejection(store.patch('shop', { id: 's9' }, {}))).to.include({ fault: 'missing' });
    expect(await rejection(store.delete('shop', { id: 's9' }))).to.include({ fault: 'missing' });
    const read = await store.row('shop', { id: 's1' });
    await store.patch('shop', { id: 's1' }, { title: 'Other' }, read?.load);
    expect(await rejection(store.patch('shop', { id: 's1' }, { title: 'Mine' }, read?.load))).to.include({
      fault: 'changed',
    });
    expect(await rejection(store.delete('shop', { id: 's1' }, read?.load))).to.include({ fault: 'changed' });
  });

  const wrong: readonly {
    readonly table: string;
    readonly key?: JsonObject;
    readonly values: JsonObject;
    readonly column: string;
  }[] = [
    { table: 'shop', values: { name: 'x' }, column: 'name' },
    { table: 'shop', values: { _load_id: 1 }, column: '_load_id' },
    { table: 'shop', values: { id: 's9' }, column: 'id' },
    { table: 'shop', values: { title: null }, column: 'title' },
    { table: 'shop', values: { title: 7 }, column: 'title' },
    { table: 'shop', values: { title: 'a\0' }, column: 'title' },
    { table: 'shop', values: { title: '\ud800' }, column: 'title' },
    { table: 'shop', values: { opened: '2026-02-29' }, column: 'opened' },
    { table: 'shop', values: { opened: 'infinity' }, column: 'opened' },
    { table: 'shop', values: { rating: '1.234' }, column: 'rating' },
    { table: 'shop', values: { rating: '100.00' }, column: 'rating' },
    { table: 'shop', values: { rating: 'NaN' }, column: 'rating' },
    { table: 'shop', values: { rating: '1e1' }, column: 'rating' },
    { table: 'shop', values: { size: 2 ** 53 }, column: 'size' },
    { table: 'shop', values: { size: '9223372036854775808' }, column: 'size' },
    { table: 'shop', values: { more: { 'a\0': 1 } }, column: 'more' },
    { table: 'item', key: { id: 'i1' }, values: { count: 1.5 }, column: 'count' },
    { table: 'item', key: { id: 'i1' }, values: { count: 2 ** 31 }, column: 'count' },
    { table: 'item', key: { id: 'i1' }, values: { seen_at: '2999-01-01 00:00:00' }, column: 'seen_at' },
    { table: 'item', key: { id: 'i1' }, values: { seen_at: '2999-01-01T24:00:00Z' }, column: 'seen_at' },
    { table: 'item', key: { id: 'i1' }, values: { shop_id: 's9' }, column: 'shop_id' },
    { table: 'shop', key: { title: 'One' }, values: {}, column: 'title' },
    { table: 'part', key: { item_id: 'i1' }, values: {}, column: 'name' },
  ];
  for (const { table, key = { id: 's1' }, values, column } of wrong)
    it(`is refused of ${table} ${JSON.stringify(key)} with ${JSON.stringify(values)}, naming the column`, async () => {
      const error = await rejection(store.patch(table, key, values));
      expect(error).to.include({ name: 'OperationalError', fault: 'invalid', column });
    });

  it('deletes a row with all that go with it, and leaves the others', async () => {
    await store.delete('shop', { id: 's1' });
    expect((await contentOf(store, SHOP)).map(([id]) => id)).to.deep.equal(['s2']);
    expect((await contentOf(store, ITEM)).map(([id]) => id)).to.deep.equal(['i3']);
    expect((await contentOf(store, PART)).map(([id]) => id)).to.deep.equal(['i3']);
  });

  it('deletes for good: only a newer version brings a row back', async () => {
    await store.delete('shop', { id: 's1' });
    const same = await loadInto(store, SHOP, 'dt=2/a.csv/again', ['s1', 'One', null, null, null, null]);
    const older = await loadInto(store, SHOP, 'dt=1/a.csv', ['s1', 'One', null, null, null, null]);
    expect([older, same]).to.deep.equal([
      { rows: 1, loaded: 0, held: 0, quarantined: 0, deduplicated: 1 },
      { rows: 1, loaded: 0, held: 0, quarantined: 0, deduplicated: 1 },
    ]);
    await loadInto(store, SHOP, 'dt=3/a.csv', ['s1', 'Back', null, null, null, null]);
    expect(await loadInto(store, ITEM, 'j', ['i1', 's1', 1, '2026-01-05 08:00:00'])).to.include({ deduplicated: 1 });
    expect(await loadInto(store, ITEM, 'k', ['i1', 's1', 1, '2999-01-05 08:00:00'])).to.include({ loaded: 1 });
  });

  it('is not undone by a row that waited meanwhile and is no newer', async () => {
    await loadInto(store, ITEM, 'j', ['i1', 's3', 9, '2026-01-06 00:00:00'], ['i2', 's3', 9, '3001-01-01 00:00:00']);
    await store.delete('shop', { id: 's1' });
    await loadInto(store, SHOP, 'dt=4/a.csv', ['s3', 'Three', null, null, null, null]);
    expect((await contentOf(store, ITEM)).map(([id]) => id)).to.deep.equal(['i2', 'i3']);
  });
});
