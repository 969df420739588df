import { expect } from 'chai';
import type { DatasetRef, OperationalStore } from '../../../core/kernel/stores/operational.ts';
import {
  contentOf,
  datasetDatabase,
  fileOf,
  loadInto,
  rowsOf,
  tableOf,
  type DatasetDatabase,
} from './dataset-database.ts';

const SHOP = tableOf('shop', ['id text']);
const ORDER = tableOf('ordered', ['id text', 'shop_id text?'], { references: { shop_id: 'shop' } });
const LINE = tableOf('line', ['id text', 'order_id text', 'quantity integer', 'version integer'], {
  version: 'version',
  references: { order_id: 'ordered' },
});
/** A customer and his visit in one file. */
const CUSTOMER = tableOf('customer', ['customer text', 'visit text'], { from: 'visits', key: ['customer'] });
const VISIT = tableOf('visit', ['customer text', 'visit text'], {
  from: 'visits',
  key: ['visit'],
  references: { customer: 'customer' },
});

describe('A row that refers to one that is not there', () => {
  let database: DatasetDatabase;
  let dataset: DatasetRef;
  let store: OperationalStore;
  before(async () => {
    database = await datasetDatabase();
  });
  after(() => database.drop());
  beforeEach(async () => {
    dataset = await database.newDataset();
    store = await database.stores.open(dataset, [SHOP, ORDER, LINE, CUSTOMER, VISIT]);
  });

  it('is held until that comes, and comes in with it as a row of its own load', async () => {
    expect(await loadInto(store, LINE, 'l', ['l1', 'o1', 2, 1], ['l2', 'o2', 2, 1])).to.include({ loaded: 0, held: 2 });
    expect(await store.counts()).to.deep.include({ line: { rows: 0, held: 2 } });
    expect(await loadInto(store, ORDER, 'o', ['o1', null])).to.include({ loaded: 1, held: 0 });
    expect(await store.counts()).to.deep.include({ line: { rows: 1, held: 1 } });
    const [line, order] = [await store.row('line', { id: 'l1' }), await store.row('ordered', { id: 'o1' })];
    expect(Number(line?.load)).to.be.lessThan(Number(order?.load));
  });

  it('comes in over several tables at once', async () => {
    await loadInto(store, LINE, 'l', ['l1', 'o1', 1, 1]);
    await loadInto(store, ORDER, 'o', ['o1', 's1']);
    expect(await contentOf(store, LINE)).to.deep.equal([]);
    await loadInto(store, SHOP, 's', ['s1']);
    expect(await contentOf(store, LINE)).to.deep.equal([['l1', 'o1', 1, 1]]);
    expect(await store.counts()).to.deep.include({ ordered: { rows: 1, held: 0 }, line: { rows: 1, held: 0 } });
  });

  it('is compared with others that wait for the same, and with the table when it comes in', async () => {
    await loadInto(store, ORDER, 'o', ['o1', null]);
    await loadInto(store, LINE, 'a', ['l1', 'o1', 1, 5]);
    expect(await loadInto(store, LINE, 'b', ['l1', 'o2', 2, 3], ['l1', 'o2', 3, 4])).to.include({
      held: 1,
      deduplicated: 1,
    });
    expect(await loadInto(store, LINE, 'c', ['l1', 'o2', 4, 2])).to.include({ held: 0, deduplicated: 1 });
    expect(await loadInto(store, LINE, 'd', ['l1', 'o3', 6, 6])).to.include({ held: 1 });
    await loadInto(store, ORDER, 'p', ['o2', null]);
    expect(await contentOf(store, LINE)).to.deep.equal([['l1', 'o1', 1, 5]]);
    await loadInto(store, ORDER, 'q', ['o3', null]);
    expect(await contentOf(store, LINE)).to.deep.equal([['l1', 'o3', 6, 6]]);
    expect(await store.counts()).to.deep.include({ line: { rows: 1, held: 0 } });
  });

  it('does not hide an older one in the same file that refers to what is there', async () => {
    await loadInto(store, ORDER, 'o', ['o1', null]);
    const counts = await loadInto(store, LINE, 'l', ['l1', 'o1', 1, 1], ['l1', 'o9', 9, 9]);
    expect(counts).to.include({ loaded: 1, held: 1, deduplicated: 0 });
    expect(await contentOf(store, LINE)).to.deep.equal([['l1', 'o1', 1, 1]]);
  });

  it('may come in the same file as what it refers to, for another table', async () => {
    const rows = [
      ['c1', 'v1'],
      ['c1', 'v2'],
      ['c2', 'v2'],
    ];
    const counts = await store.load(fileOf('visits', 'a'), rowsOf(VISIT, rows));
    expect(counts).to.deep.equal({ rows: 3, loaded: 3, held: 0, quarantined: 0, deduplicated: 0 });
    expect(await contentOf(store, CUSTOMER)).to.deep.equal([
      ['c1', 'v2'],
      ['c2', 'v2'],
    ]);
    expect((await contentOf(store, VISIT)).length).to.equal(2);
    const again = await store.load(fileOf('visits', 'a', 'two'), rowsOf(VISIT, rows));
    expect(again).to.include({ loaded: 0, deduplicated: 3 });
  });
});
