import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../../../db/open.ts';
import { startCluster } from '../../support/cluster.ts';
import { createDatabase } from '../../support/database.ts';
import type { Target } from '../client.ts';
import { startProgram, type Program } from '../process.ts';
import { NODE_FLAGS, startSluice, startWorker } from '../sluice.ts';
import { benchPolls } from './polls.ts';
import { benchSubmissions } from './submissions.ts';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const TSX = ['--import', 'tsx'];

/** What the parts run on: one durable PostgreSQL, one cloud, and programs that end with the bench. */
interface Ground {
  readonly cloud: string;
  /** Process id of the server of databases. */
  readonly postgres: number;
  readonly start: (program: Promise<Program>) => Promise<Program>;
}

const PARTS: Readonly<Record<string, (ground: Ground) => Promise<void>>> = {
  async submissions(ground) {
    const { url } = await createDatabase();
    const peer = await ground.start(startProgram([...NODE_FLAGS, ...TSX, here('peer.ts')], { DATABASE_URL: url }));
    const byHand = { url: `${peer.url}/environments`, headers: {} };
    console.log('API and worker in one process, as `npm start` has them:');
    await benchSubmissions((await startOurs(ground)).target, byHand);
    console.log('API and worker in a process each:');
    await benchSubmissions((await startOurs(ground, 'apart')).target, byHand);
  },
  async polls(ground) {
    const { target, pid, databaseUrl } = await startOurs(ground);
    const db = await openDatabase({ url: databaseUrl, poolSize: 1 });
    const size = {
      environments: Number(process.env['SLUICE_BENCH_ENVIRONMENTS'] ?? 10_000),
      seconds: Number(process.env['SLUICE_BENCH_SECONDS'] ?? 120),
    };
    try {
      const pids = { sluice: pid, postgres: ground.postgres };
      await benchPolls({ target, cloud: ground.cloud, pids, database: db.engine }, size);
    } finally {
      await db.close();
    }
  },
};

/**
 * Compute environments: how soon one is accepted, and what it takes to wait for many. `npm run bench compute polls` runs
 * that part alone. SLUICE_BENCH_ENVIRONMENTS: how many wait; SLUICE_BENCH_SECONDS: how long that is measured.
 */
export async function benchCompute(parts: readonly string[]): Promise<void> {
  const chosen = parts.length > 0 ? parts : Object.keys(PARTS);
  const unknown = chosen.find((name) => !(name in PARTS));
  if (unknown !== undefined) throw new Error(`There is no part "${unknown}"; there are: ${Object.keys(PARTS).join(', ')}.`);
  const cluster = await startCluster({ durable: true });
  process.env['SLUICE_TEST_CLUSTER'] = cluster.url;
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  process.env['SLUICE_DATA_DIR'] = folder;
  try {
    for (const name of chosen) await onGround(cluster.pid, PARTS[name]!);
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function onGround(postgres: number, part: (ground: Ground) => Promise<void>): Promise<void> {
  const programs: Program[] = [];
  const start: Ground['start'] = async (starting) => {
    const program = await starting;
    programs.push(program);
    return program;
  };
  try {
    const cloud = await start(startProgram([...TSX, here('cloud.ts')], {}));
    await part({ cloud: cloud.url, postgres, start });
  } finally {
    for (const program of programs.reverse()) await program.stop();
  }
}

async function startOurs(
  { cloud, start }: Ground,
  worker: 'within' | 'apart' = 'within',
): Promise<{ target: Target; pid: number; databaseUrl: string }> {
  const { url } = await createDatabase();
  const env = {
    SLUICE_DATABASE_URL: url,
    SLUICE_DEFINITIONS: here('.'),
    SLUICE_ENDPOINTS: JSON.stringify({ 'https://slow-cloud.example.com': cloud }),
  };
  const sluice = await startSluice(env, undefined, worker === 'apart' ? 'api' : 'all');
  await start(Promise.resolve(sluice));
  if (worker === 'apart') await start(startWorker(env));
  const headers = { authorization: `Bearer ${sluice.apiKey}` };
  return { target: { url: `${sluice.url}/v1/compute-environments`, headers }, pid: sluice.pid, databaseUrl: url };
}
