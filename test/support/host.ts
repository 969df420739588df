import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { hostServices } from '../../core/domains/compute/host.ts';
import { probePort } from '../../core/domains/compute/port-probe.ts';
import type { HostServices } from '../../core/kernel/host.ts';
import { uuid7 } from '../../core/kernel/ids.ts';
import { environmentDatabases } from '../../db/environments/databases.ts';
import { makeDatabases } from '../../db/embedded/databases.ts';
import { migrate, openDatabase } from '../../db/open.ts';
import { portLedger } from '../../db/stores/port-ledger.ts';
import { startCluster } from './cluster.ts';

/** A host with a server of its own: environments close every database of theirs to others. */
export interface TestHost {
  readonly host: HostServices;
  /** URL of the control database, as superuser. */
  readonly url: string;
  /** In which environments have their folders. */
  readonly folder: string;
  readonly tenantId: string;
  /** Rows of one statement, as superuser of the control database. */
  query(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export async function testHost(): Promise<TestHost> {
  const cluster = await startCluster();
  const folder = await mkdtemp(join(tmpdir(), 'sluice-environments-'));
  await chmod(folder, 0o711);
  await migrate(cluster.url);
  await makeDatabases(cluster.url, ['logs1', 'logs2']);
  const db = await openDatabase({ url: cluster.url });
  const tenantId = uuid7();
  await db.engine.query(`INSERT INTO tenants (id, name, data_key, master_key_id) VALUES ($1, 'Acme', '', '')`, [tenantId]);
  const pool = new pg.Pool({ connectionString: cluster.url, max: 2 });
  // The server stops before its last idle connection is closed.
  pool.on('error', () => {});
  return {
    url: cluster.url,
    folder,
    tenantId,
    host: hostServices({
      folder,
      databases: environmentDatabases(cluster.url),
      ports: portLedger(db.engine, probePort),
      workerHosts: async () => 1,
    }),
    query: async (sql, values = []) => (await pool.query<Record<string, unknown>>(sql, [...values])).rows,
    async close() {
      await Promise.all([pool.end(), db.close()]);
      await cluster.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs statements in one session of `url`; rows of the last. */
export async function inSession(url: string, ...statements: readonly string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    let rows: Record<string, unknown>[] = [];
    for (const sql of statements) ({ rows } = await client.query<Record<string, unknown>>(sql));
    return rows;
  } finally {
    await client.end();
  }
}
