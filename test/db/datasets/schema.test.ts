import { expect } from 'chai';
import type { DatasetTable } from '../../../core/kernel/datasets.ts';
import { uuid7 } from '../../../core/kernel/ids.ts';
import type { DatasetRef } from '../../../core/kernel/stores/operational.ts';
import { operationalStores } from '../../../db/datasets/operational-stores.ts';
import { schemaOf } from '../../../db/datasets/schema-name.ts';
import { rejection } from '../../support/rejection.ts';
import { contentOf, datasetDatabase, loadInto, tableOf, type DatasetDatabase } from './dataset-database.ts';

const ORDERS = tableOf('orders', ['id text', 'placed_at timestamp', 'total decimal(12,2)'], { version: 'placed_at' });
const LINES = tableOf('lines', ['id text', 'order_id text?'], { references: { order_id: 'orders' } });

describe('The schema of a dataset', () => {
  let database: DatasetDatabase;
  before(async () => {
    database = await datasetDatabase();
  });
  after(() => database.drop());

  it('has a name of its own for each tenant and dataset, within the 63 bytes of PostgreSQL', () => {
    const [one, other] = [uuid7(), uuid7()];
    const long = 'shop-'.repeat(20);
    const refs = [one, other].flatMap((tenantId) =>
      ['shop', `${long}a`, `${long}b`, `${long}a`.slice(0, 27)].map((id) => ({ tenantId, id })),
    );
    const names = refs.map(schemaOf);
    expect(new Set(names).size).to.equal(refs.length);
    expect(Math.max(...names.map((name) => Buffer.byteLength(name)))).to.be.at.most(63);
    expect(names[0]).to.equal(`ds_${one.replaceAll('-', '')}_shop`);
  });

  it('is made once, whoever opens it at the same time, in this process or another', async () => {
    const dataset = await database.newDataset();
    const others = [
      database.stores,
      database.stores,
      operationalStores(database.db.datasets),
      operationalStores(database.db.datasets),
    ];
    await Promise.all(others.map((stores) => stores.open(dataset, [ORDERS, LINES])));
    const store = await database.stores.open(dataset, [ORDERS, LINES]);
    expect(await store.counts()).to.deep.equal({ orders: { rows: 0, held: 0 }, lines: { rows: 0, held: 0 } });
  });

  it('is nothing to others than the engine', async () => {
    const dataset = await database.newDataset();
    await database.stores.open(dataset, [ORDERS]);
    const error = await rejection(database.db.app.query(`SELECT FROM "${schemaOf(dataset)}".orders`));
    expect(error.message).to.include('permission denied');
  });

  it('is extended by tables, by columns that may be null, and by indexes, and serves the former definition, too', async () => {
    const dataset = await database.newDataset();
    const before = await database.stores.open(dataset, [ORDERS]);
    await loadInto(before, ORDERS, 'a', ['o1', '2026-01-05 00:00:00', '1.00']);
    const wider: DatasetTable = {
      ...tableOf('orders', ['id text', 'customer text?', 'placed_at timestamp', 'total decimal(12,2)'], {
        version: 'placed_at',
      }),
      history: true,
      indexes: [['customer'], ['customer', 'total']],
    };
    const after = await database.stores.open(dataset, [wider, LINES]);
    await loadInto(after, wider, 'b', ['o2', 'c1', '2026-01-05 00:00:00', '2.00']);
    await loadInto(before, ORDERS, 'c', ['o3', '2026-01-05 00:00:00', '3.00']);
    expect((await contentOf(after, wider)).map(([id, customer]) => [id, customer])).to.deep.equal([
      ['o1', null],
      ['o2', 'c1'],
      ['o3', null],
    ]);
    // A history begins with what is known when it does.
    const history = await database.query(dataset, 'SELECT id FROM $schema.orders_history ORDER BY id');
    expect(history).to.deep.equal([{ id: 'o1' }, { id: 'o2' }]);
  });

  const changes: readonly {
    readonly name: string;
    readonly tables: readonly DatasetTable[];
    readonly says: readonly string[];
  }[] = [
    {
      name: 'another type of a column',
      tables: [tableOf('orders', ['id text', 'placed_at timestamp', 'total integer'], { version: 'placed_at' })],
      says: ['"total"', '"orders"', 'numeric(12,2)', 'integer'],
    },
    {
      name: 'a column that may be null and might not before',
      tables: [tableOf('orders', ['id text', 'placed_at timestamp', 'total decimal(12,2)?'], { version: 'placed_at' })],
      says: ['"total"', 'null allowed'],
    },
    {
      name: 'a new column that may not be null',
      tables: [
        tableOf('orders', ['id text', 'placed_at timestamp', 'total decimal(12,2)', 'note text'], {
          version: 'placed_at',
        }),
      ],
      says: ['"note"', 'is not there', '"?"'],
    },
    {
      name: 'a column that is gone and takes no null',
      tables: [tableOf('orders', ['id text', 'placed_at timestamp'], { version: 'placed_at' })],
      says: ['"total"', 'is not declared'],
    },
    {
      name: 'another key',
      tables: [{ ...ORDERS, key: ['id', 'placed_at'] }],
      says: ['"orders"', '(id)', '(id, placed_at)'],
    },
    {
      name: 'a reference that was none',
      tables: [ORDERS, tableOf('plain', ['id text', 'order_id text?'], { references: { order_id: 'orders' } })],
      says: ['"order_id"', '"plain"', 'refers to no table', '"orders"'],
    },
    {
      name: 'versions from another column',
      tables: [
        tableOf('orders', ['id text', 'placed_at timestamp', 'total decimal(12,2)'], { version: '_event_time' }),
      ],
      says: ['"_version"', 'placed_at', 'eventTime'],
    },
    {
      name: 'a column whose name the server has taken',
      tables: [tableOf('systems', ['id text', 'ctid text'])],
      says: ['ctid', 'Name it otherwise'],
    },
  ];
  for (const { name, tables, says } of changes)
    it(`is left alone by a definition that asks for ${name}`, async () => {
      const dataset: DatasetRef = await database.newDataset();
      await database.stores.open(dataset, [ORDERS, tableOf('plain', ['id text', 'order_id text?'])]);
      const error = await rejection(database.stores.open(dataset, tables));
      expect(error).to.include({ name: 'OperationalError', fault: 'incompatible' });
      for (const text of says) expect(error.message).to.include(text);
    });
});
