import { expect } from 'chai';
import type { DatasetRef, OperationalStore } from '../../../core/kernel/stores/operational.ts';
import { datasetDatabase, loadInto, tableOf, type DatasetDatabase } from './dataset-database.ts';

const PRODUCT = tableOf('product', ['id text']);
const VARIANT = tableOf('variant', ['id text', 'product_id text', 'price integer', 'version integer'], {
  version: 'version',
  history: true,
  references: { product_id: 'product' },
});

describe('The history of a table', () => {
  let database: DatasetDatabase;
  let dataset: DatasetRef;
  let store: OperationalStore;
  before(async () => {
    database = await datasetDatabase();
  });
  after(() => database.drop());
  beforeEach(async () => {
    dataset = await database.newDataset();
    store = await database.stores.open(dataset, [PRODUCT, VARIANT]);
    await loadInto(store, PRODUCT, 'p', ['p1']);
  });

  const versions = () =>
    database.query<{ price: number; version: number }>(
      dataset,
      'SELECT price, _version AS version FROM $schema.variant_history ORDER BY id, _version',
    );

  it('has every version of a file and of several, also one that comes late', async () => {
    await loadInto(store, VARIANT, 'a', ['v1', 'p1', 30, 3], ['v1', 'p1', 10, 1]);
    expect(await loadInto(store, VARIANT, 'b', ['v1', 'p1', 20, 2])).to.include({ loaded: 0, deduplicated: 1 });
    expect(await versions()).to.deep.equal([
      { price: 10, version: 1 },
      { price: 20, version: 2 },
      { price: 30, version: 3 },
    ]);
  });

  it('has of one version the greatest content', async () => {
    await loadInto(store, VARIANT, 'a', ['v1', 'p1', 9, 1], ['v1', 'p1', 10, 1]);
    await loadInto(store, VARIANT, 'b', ['v1', 'p1', 8, 1]);
    await loadInto(store, VARIANT, 'c', ['v1', 'p1', 11, 1]);
    expect(await versions()).to.deep.equal([{ price: 11, version: 1 }]);
  });

  it('has versions that wait for what they refer to, and those of changes by the API', async () => {
    await loadInto(store, VARIANT, 'a', ['v1', 'p9', 1, 1], ['v1', 'p1', 2, 2]);
    await store.patch('variant', { id: 'v1' }, { price: 5 });
    expect(await versions()).to.deep.equal([
      { price: 1, version: 1 },
      { price: 2, version: 2 },
      { price: 5, version: 3 },
    ]);
  });
});
