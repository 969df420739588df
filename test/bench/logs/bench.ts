import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase } from '../../support/database.ts';
import { startCluster } from '../../support/cluster.ts';
import { startMysqlServers } from '../../support/mysql-servers.ts';
import { cpuSeconds, cpuSecondsOfChildren } from '../proc.ts';
import { startSluice, type Sluice } from '../sluice.ts';
import { SCHEMA } from './events.ts';
import { benchExport } from './export.ts';
import { batchesOnMysql, batchesOnPostgres, singleEvents, type Place } from './intake.ts';
import { FAMILY } from './load.ts';
import { printOutcomes, type Outcome } from './versus.ts';

/** Of the MariaDB that both sides write to, beside that a commit waits for the disk. */
const SETTINGS = { 'innodb-buffer-pool-size': '512M', 'innodb-log-file-size': '512M' };

type Shard = Pick<Place, 'shard' | 'shardCpu'>;

/** Where the parts run: on servers of their own, each commit of which reaches the disk. */
interface Servers {
  readonly mysql: Shard;
  readonly postgres: Shard;
  /** Starts the real program on a control plane and a shard. */
  start(control: string, shard: string, apiKey?: string): Promise<Sluice>;
}

const PARTS: Readonly<Record<string, (servers: Servers) => Promise<void>>> = {
  async mysql(servers) {
    printOutcomes(await onShard(servers, servers.mysql, [batchesOnMysql, singleEvents]));
  },
  async postgres(servers) {
    printOutcomes(await onShard(servers, servers.postgres, [batchesOnPostgres]));
  },
  async export(servers) {
    const { url } = await createDatabase();
    const rows = Number(process.env['SLUICE_BENCH_ROWS'] ?? 1_000_000);
    await benchExport(rows, (apiKey) => servers.start(url, servers.mysql.shard, apiKey));
  },
};

/**
 * Intake of logs beside what one would write by hand, and export. `npm run bench logs postgres` runs that part alone.
 * SLUICE_BENCH_ROWS: the smaller size of the two exports.
 */
export async function benchLogs(parts: readonly string[]): Promise<void> {
  const chosen = parts.length > 0 ? parts : Object.keys(PARTS);
  const unknown = chosen.find((name) => !(name in PARTS));
  if (unknown !== undefined) throw new Error(`There is no part "${unknown}"; there are: ${Object.keys(PARTS).join(', ')}.`);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  const cluster = await startCluster({ durable: true });
  process.env['SLUICE_TEST_CLUSTER'] = cluster.url;
  const [server] = await startMysqlServers(1, { durable: true, settings: SETTINGS });
  const started = new Set<Sluice>();
  const start: Servers['start'] = async (control, shard, apiKey) => {
    const env = { SLUICE_DATABASE_URL: control, SLUICE_DATA_DIR: folder, SLUICE_LOG_SHARDS: `bench=${shard}` };
    const sluice = await startSluice(env, apiKey);
    started.add(sluice);
    return sluice;
  };
  try {
    const mysql = { shard: server!.url, shardCpu: () => cpuSeconds(server!.pid) };
    const postgres = { shard: (await createDatabase()).url, shardCpu: () => cpuSecondsOfChildren(cluster.pid) };
    const servers = { mysql, postgres, start };
    for (const name of chosen) await PARTS[name]!(servers);
  } finally {
    for (const sluice of started) await sluice.stop();
    await server!.remove();
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function onShard(
  servers: Servers,
  shard: Shard,
  contests: readonly ((place: Place) => Promise<Outcome>)[],
): Promise<readonly Outcome[]> {
  const { url } = await createDatabase();
  const sluice = await servers.start(url, shard.shard);
  const headers = { authorization: `Bearer ${sluice.apiKey}` };
  await sluice.call('POST', '/api/log', { family: FAMILY, schema: SCHEMA, logs: [] });
  const place = { target: { url: `${sluice.url}/api/log`, headers }, pid: sluice.pid, ...shard };
  const outcomes: Outcome[] = [];
  for (const contest of contests) outcomes.push(await contest(place));
  await sluice.stop();
  return outcomes;
}
