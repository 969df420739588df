import { expect } from 'chai';
import type { DatasetTable, WarehouseTable } from '../../../core/kernel/datasets.ts';
import type { DatasetRef, OperationalStore } from '../../../core/kernel/stores/operational.ts';
import {
  columnOf,
  datasetDatabase,
  fileOf,
  loadInto,
  rowsOf,
  tableOf,
  type DatasetDatabase,
} from './dataset-database.ts';

const SHOP = tableOf('shop', ['id text', 'title text?']);
const ITEM = tableOf('item', ['id text', 'shop_id text', 'count integer', 'version integer'], {
  version: 'version',
  history: true,
  references: { shop_id: 'shop' },
});
const TYPES = tableOf('types', [
  'id text',
  'price decimal(6,2)?',
  'good boolean?',
  'day date?',
  'seen_at timestamp?',
  'more json?',
  'note text?',
]);
const DELETED = columnOf('_deleted boolean');

describe('What an export takes of a table', () => {
  let database: DatasetDatabase;
  let dataset: DatasetRef;
  let store: OperationalStore;
  before(async () => {
    database = await datasetDatabase();
  });
  after(() => database.drop());
  beforeEach(async () => {
    dataset = await database.newDataset();
    store = await database.stores.open(dataset, [SHOP, ITEM, TYPES]);
  });

  const night = columnOf('partition_date date');
  const warehouseOf = (table: DatasetTable, history = false): WarehouseTable => ({
    name: table.name,
    from: table.name,
    history,
    load: 'incremental',
    columns: [night, ...table.columns, table.versionColumn],
    rowKey: [...table.key, ...(history ? ['_version'] : [])],
    sortBy: table.key,
  });
  async function exported(exportId: number, table: DatasetTable, history = false): Promise<string[]> {
    const warehouse = warehouseOf(table, history);
    const chunks: Uint8Array[] = [];
    const csv = store.exported(warehouse, [...warehouse.columns, DELETED], exportId, '2026-01-05');
    for await (const chunk of csv) chunks.push(chunk);
    return Buffer.concat(chunks)
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .sort();
  }

  it('is CSV as the warehouse reads it', async () => {
    await loadInto(
      store,
      TYPES,
      'a,"b".csv',
      ['t1', '1.5', true, '2026-01-31', '2026-01-31 08:00:00.000100', '{"b":1,"a":"x,y"}', ''],
      ['t2', null, false, null, '2026-01-31 08:00:00', null, null],
    );
    expect(await exported(await database.newExport(dataset), TYPES)).to.deep.equal([
      '2026-01-05,t1,1.50,t,2026-01-31,2026-01-31 08:00:00.0001,"{""a"": ""x,y"", ""b"": 1}","","a,""b"".csv",f',
      '2026-01-05,t2,,f,,2026-01-31 08:00:00,,,"a,""b"".csv",f',
    ]);
  });

  it('is the newest version of each key that its loads brought, whatever happened since', async () => {
    await loadInto(store, SHOP, 'a', ['s1', null]);
    await loadInto(store, ITEM, 'a', ['i1', 's1', 1, 1], ['i2', 's1', 1, 5]);
    await loadInto(store, ITEM, 'b', ['i1', 's1', 2, 2], ['i2', 's1', 2, 4]);
    const first = await database.newExport(dataset);
    const then = ['2026-01-05,i1,s1,2,2,2,f', '2026-01-05,i2,s1,1,5,5,f'];
    expect(await exported(first, ITEM)).to.deep.equal(then);
    await loadInto(store, ITEM, 'c', ['i1', 's1', 3, 3], ['i3', 's1', 1, 1]);
    await store.patch('item', { id: 'i2' }, { count: 9 });
    await store.delete('shop', { id: 's1' });
    await loadInto(store, SHOP, 'b', ['s1', null]);
    expect(await exported(first, ITEM)).to.deep.equal(then);
  });

  it('has what was deleted, with a mark', async () => {
    await loadInto(store, SHOP, 'a', ['s1', 'One'], ['s2', 'Two']);
    await loadInto(store, ITEM, 'a', ['i1', 's1', 1, 1], ['i2', 's2', 1, 1]);
    await database.newExport(dataset);
    await store.delete('shop', { id: 's1' });
    const second = await database.newExport(dataset);
    expect(await exported(second, ITEM)).to.deep.equal(['2026-01-05,i1,s1,1,1,2,t']);
    expect((await exported(second, SHOP)).map((line) => line.replace(/~.*Z/, '~'))).to.deep.equal([
      '2026-01-05,s1,One,a~,t',
    ]);
  });

  it('has held rows in the night they came in, and not again when they find what they refer to', async () => {
    await loadInto(store, ITEM, 'a', ['i1', 's1', 1, 1]);
    await loadInto(store, ITEM, 'b', ['i1', 's1', 2, 2]);
    const first = await database.newExport(dataset);
    expect(await exported(first, ITEM)).to.deep.equal(['2026-01-05,i1,s1,2,2,2,f']);
    await loadInto(store, SHOP, 'a', ['s1', null]);
    const second = await database.newExport(dataset);
    expect(await exported(second, ITEM)).to.deep.equal([]);
    await loadInto(store, ITEM, 'c', ['i1', 's1', 3, 3]);
    expect(await exported(first, ITEM)).to.deep.equal(['2026-01-05,i1,s1,2,2,2,f']);
  });

  it('of a history is every version, also one whose content was replaced later', async () => {
    await loadInto(store, SHOP, 'a', ['s1', null]);
    await loadInto(store, ITEM, 'a', ['i1', 's1', 3, 3], ['i1', 's1', 1, 1]);
    const first = await database.newExport(dataset);
    await loadInto(store, ITEM, 'b', ['i1', 's1', 2, 2], ['i1', 's1', 9, 1], ['i2', 's9', 1, 1]);
    const second = await database.newExport(dataset);
    expect(await exported(first, ITEM, true)).to.deep.equal(['2026-01-05,i1,s1,1,1,1,f', '2026-01-05,i1,s1,3,3,3,f']);
    expect(await exported(second, ITEM, true)).to.deep.equal([
      '2026-01-05,i1,s1,2,2,2,f',
      '2026-01-05,i1,s1,9,1,1,f',
      '2026-01-05,i2,s9,1,1,1,f',
    ]);
  });

  it('is nothing where the night has no loads', async () => {
    expect(await exported(await database.newExport(dataset), ITEM)).to.deep.equal([]);
  });

  it('can be left in the middle', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => [`s${i}`, 'x'.repeat(100)]);
    await store.load(fileOf('shop', 'a'), rowsOf(SHOP, rows));
    const id = await database.newExport(dataset);
    for await (const chunk of store.exported(warehouseOf(SHOP), SHOP.columns, id, '2026-01-05')) {
      expect(chunk.length).to.be.greaterThan(0);
      break;
    }
    expect(await exported(id, SHOP)).to.have.length(20_000);
  });
});
