import type { Pool, PoolClient } from 'pg';
import { uuid7 } from '../../core/kernel/ids.ts';
import { RunQueue } from '../../db/stores/run-queue.ts';
import { cancelRun } from '../../db/stores/runs/cancel.ts';
import type { Subject } from '../../db/stores/runs/subject.ts';
import type { Seen, StoreUnderTest } from '../runtime/run-store.contract.ts';
import { testDatabase } from './database.ts';

/** The run table in a database of a suite's own. */
export interface RunTable extends StoreUnderTest {
  readonly store: RunQueue;
  readonly engine: Pool;
  inTransaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T>;
  drop(): Promise<void>;
}

const SEEN = `
  SELECT state, extract(epoch FROM due_at - now())::float8 * 1000 AS "dueIn",
    (SELECT coalesce(json_agg(json_build_object('step', step, 'attempt', attempt, 'polls', polls, 'state', state,
       'startedAt', extract(epoch FROM started_at) * 1000) ORDER BY seq), '[]')
     FROM run_steps WHERE run_id = r.id) AS trace
  FROM runs r WHERE id = $1`;

export async function runTable(subjects?: readonly Subject[]): Promise<RunTable> {
  const { db, drop } = await testDatabase();
  const { engine } = db;
  const store = new RunQueue(engine, subjects);
  const hash = 'b'.repeat(64);
  await engine.query(
    `INSERT INTO definition_versions (hash, definition, version, kind, file, source)
     VALUES ($1, 'crm', '1.0.0', 'integration', 'crm.yaml', '')`,
    [hash],
  );
  const inTransaction: RunTable['inTransaction'] = async (work) => {
    const client = await engine.connect();
    try {
      await client.query('BEGIN');
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  };
  return {
    store,
    engine,
    hash,
    inTransaction,
    drop,
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
    cancel: async (run) => void (await inTransaction((client) => cancelRun(client, run, subjects))),
    async look({ id }) {
      const { rows } = await engine.query<Seen>(SEEN, [id]);
      return rows[0];
    },
  };
}
