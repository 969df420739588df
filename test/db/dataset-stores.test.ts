import { expect } from 'chai';
import { uuid7 } from '../../core/kernel/ids.ts';
import type { Dataset } from '../../core/kernel/stores/datasets.ts';
import type { Stores } from '../../core/kernel/stores/stores.ts';
import { masterKey } from '../../db/master-key.ts';
import { datasetDirectory } from '../../db/stores/dataset-directory.ts';
import { unitOfWork } from '../../db/stores/unit-of-work.ts';
import { Vault } from '../../db/vault.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { rejection } from '../support/rejection.ts';

describe('the records of datasets', () => {
  let test: TestDatabase;
  let tenantId: string;
  let dataset: Dataset;
  let work: ReturnType<typeof unitOfWork>;
  before(async () => {
    test = await testDatabase();
    work = unitOfWork(test.db, new Vault([masterKey(Buffer.alloc(32, 7))]), () => {});
    tenantId = uuid7();
    await within(async (stores) => {
      await stores.tenants.insert({ id: tenantId, name: 'Acme', createdAt: new Date() });
    });
    dataset = await turnOn(await connection('First'));
  });
  after(() => test.drop());

  const within = <T>(use: (stores: Stores) => Promise<T>): Promise<T> => work.within([tenantId], use);
  const connection = async (name: string): Promise<string> => {
    const [id, now] = [uuid7(), new Date()];
    const made = { tenantId, id, definition: 'commerce', name, config: {}, state: 'active', stateReason: undefined, version: 1, createdAt: now, updatedAt: now } as const;
    await within((stores) => stores.connections.insert(made, {}));
    return id;
  };
  const turnOn = (id: string): Promise<Dataset> => within((stores) => stores.datasets.turnOn({ tenantId, id: 'commerce' }, id));
  const engine = (sql: string, values: unknown[] = []) => test.db.engine.query(sql, values);

  it('are turned on by one connection at a time, and on again by another when that is gone', async () => {
    const directory = datasetDirectory(test.db);
    const first = dataset.connectionId!;
    const second = await connection('Second');
    const refused = await rejection(turnOn(second));
    expect(refused).to.include({ code: 'CONFLICT' });
    expect(refused.message).to.contain(`"First" (${first})`);
    expect(await directory.byConnection(first)).to.deep.equal({ ...dataset, tenantName: 'Acme' });
    await within((stores) => stores.connections.delete(tenantId, first));
    expect(await within((stores) => stores.datasets.find(tenantId, 'commerce'))).to.deep.equal({ ...dataset, connectionId: undefined });
    expect(await directory.datasets()).to.deep.equal([]);
    expect(await directory.find(dataset)).to.include({ connectionId: undefined });
    dataset = await turnOn(second);
    expect(dataset).to.include({ connectionId: second, exportedThrough: undefined });
    expect(await directory.datasets()).to.deep.equal([dataset]);
    expect(await within((stores) => stores.datasets.list(tenantId))).to.deep.equal([dataset]);
  });

  it('show the ledger and the quarantine newest first, in pages', async () => {
    for (const source of ['orders', 'products', 'orders'])
      await engine(
        `WITH load AS (
           INSERT INTO dataset_loads (tenant_id, dataset, kind, source, object, etag, state, definition_hash, rows, quarantined)
           VALUES ($1, 'commerce', 'file', $2, $2 || '/' || gen_random_uuid(), 'e', 'loaded', 'h', 2, 1) RETURNING id)
         INSERT INTO dataset_quarantine (tenant_id, dataset, load_id, line, column_name, value, reason)
         SELECT $1, 'commerce', id, 3, 'id', NULL, 'It is missing.' FROM load`,
        [tenantId, source],
      );
    const loads = await within((stores) => stores.datasets.loads(dataset, {}, { limit: 2 }));
    expect(loads.items.map(({ source }) => source)).to.deep.equal(['orders', 'products']);
    expect(loads.items[0]).to.deep.include({ kind: 'file', rows: 2, quarantined: 1, error: undefined, runId: undefined, exported: false });
    const rest = await within((stores) => stores.datasets.loads(dataset, {}, { limit: 2, after: loads.next! }));
    expect([rest.items.length, rest.next]).to.deep.equal([1, undefined]);
    const bad = await within((stores) => stores.datasets.quarantine(dataset, { source: 'products' }, { limit: 5 }));
    expect(bad.items).to.have.length(1);
    expect(bad.items[0]).to.deep.include({ loadId: loads.items[1]!.id, source: 'products', line: 3, column: 'id', reason: 'It is missing.' });
    expect(bad.items[0]).to.not.have.property('value');
    expect(await within((stores) => stores.datasets.quarantined(dataset))).to.equal(3);
    expect((await within((stores) => stores.datasets.loads(dataset, { state: 'refused' }, { limit: 5 }))).items).to.deep.equal([]);
  });

  it('show what is current, what is to be built and what could not be, by table and partition', async () => {
    await engine(
      `INSERT INTO dataset_partitions (tenant_id, dataset, table_name, partition, object_key, rows, hash_high, hash_low, bytes)
       SELECT $1, 'commerce', w.*, 'key', 5, 18446744073709551616, 2, 100
       FROM (VALUES ('app_sales', '2026-03-01'), ('app_sales', '2026-03-02'), ('dim_product', '')) w`,
      [tenantId],
    );
    await engine(
      `INSERT INTO dataset_marks (tenant_id, dataset, table_name, partition, error)
       SELECT $1, 'commerce', w.* FROM (VALUES ('app_sales', '2026-03-02', NULL), ('app_sales', '2026-03-02', 'unique: 3 rows'),
         ('app_sales', '2026-03-03', NULL)) w`,
      [tenantId],
    );
    const list = (filter: object, page: { limit: number; after?: string }) => within((stores) => stores.datasets.partitions(dataset, filter, page));
    const first = await list({}, { limit: 3 });
    expect(first.items.map(({ table, partition, state, error, holds }) => [table, partition, state, error, holds?.rows])).to.deep.equal([
      ['app_sales', '2026-03-01', 'current', undefined, 5],
      ['app_sales', '2026-03-02', 'failed', 'unique: 3 rows', 5],
      ['app_sales', '2026-03-03', 'dirty', undefined, undefined],
    ]);
    expect(first.items[0]!.holds).to.include({ high: '18446744073709551616', low: '2', bytes: 100 });
    const { items, next } = await list({}, { limit: 3, after: first.next! });
    expect([items.map(({ table, partition }) => [table, partition]), next]).to.deep.equal([[['dim_product', '']], undefined]);
    expect((await list({ table: 'app_sales', state: 'failed' }, { limit: 9 })).items).to.have.length(1);
  });
});
