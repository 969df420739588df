import { uuid7 } from '../../core/kernel/ids.ts';
import { RunQueue } from '../../db/stores/run-queue.ts';
import { runStoreContract, type StoreUnderTest } from '../runtime/run-store.contract.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let under: StoreUnderTest;

before(async () => {
  database = await testDatabase();
  const { engine } = database.db;
  const store = new RunQueue(engine);
  const hash = 'b'.repeat(64);
  await engine.query(
    `INSERT INTO definition_versions (hash, definition, version, kind, file, source)
     VALUES ($1, 'crm', '1.0.0', 'integration', 'crm.yaml', '')`,
    [hash],
  );
  under = {
    store,
    hash,
    async newTenant() {
      const id = uuid7();
      await engine.query(`INSERT INTO tenants (id, name, data_key, master_key_id) VALUES ($1, 'Acme', '', '')`, [id]);
      return id;
    },
    async newWorker() {
      const id = uuid7();
      await store.register({ id, host: 'test', pid: 1 });
      return id;
    },
    async recover(workerId) {
      const { beat } = (await store.beats()).find(({ id }) => id === workerId)!;
      await store.recover(new Map([[workerId, beat]]));
    },
  };
});

after(() => database.drop());

runStoreContract('The run table', () => under);
