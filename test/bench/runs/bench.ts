import { fileURLToPath } from 'node:url';
import { createDatabase } from '../../support/database.ts';
import { startCluster } from '../../support/cluster.ts';
import type { Target } from '../client.ts';
import { startProgram, type Program } from '../process.ts';
import { NODE_FLAGS, startSluice } from '../sluice.ts';
import { median, percentile, table } from '../statistics.ts';
import { fullLoad, steadyLoad, type Measured } from './load.ts';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const TSX = ['--import', 'tsx'];
const ROUNDS = 3;
const SUBMISSIONS = 6000;

/**
 * Form responses to effects, end to end: this platform beside express + graphile-worker + got, on one PostgreSQL with
 * fsync and synchronous commits, in turns.
 */
export async function benchRuns(): Promise<void> {
  const cluster = await startCluster({ durable: true });
  process.env['SLUICE_TEST_CLUSTER'] = cluster.url;
  const vendor = await startProgram([...TSX, here('vendor.ts')], {});
  const programs: Program[] = [vendor];
  try {
    const ours = await startOurs(vendor.url, programs);
    const peer = await startPeer(vendor.url, programs);
    const results = { sluice: await rounds(ours, peer, vendor.url) };
    print(results.sluice);
  } finally {
    for (const program of programs.reverse()) await program.stop();
    await cluster.stop();
  }
}

interface Results {
  readonly full: Record<'ours' | 'peer', Measured[]>;
  readonly steady: Record<'ours' | 'peer', Measured[]>;
}

async function rounds(ours: Target, peer: Target, vendor: string): Promise<Results> {
  const results: Results = { full: { ours: [], peer: [] }, steady: { ours: [], peer: [] } };
  const targets = [['ours', ours], ['peer', peer]] as const;
  for (const [, target] of targets) await fullLoad(target, vendor, 500);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, target] of targets) results.full[name].push(await fullLoad(target, vendor, SUBMISSIONS));
    for (const [name, target] of targets) results.steady[name].push(await steadyLoad(target, vendor, 200, 5));
  }
  return results;
}

function print({ full, steady }: Results): void {
  const rate = (list: Measured[]) => median(list.map(({ throughput }) => throughput));
  const late = (list: Measured[], share: number) => median(list.map(({ latencies }) => percentile(latencies, share)));
  const row = (name: string, key: 'ours' | 'peer') => [
    name,
    rate(full[key]).toFixed(0),
    late(full[key], 0.5).toFixed(1),
    late(full[key], 0.99).toFixed(1),
    late(steady[key], 0.5).toFixed(1),
    late(steady[key], 0.99).toFixed(1),
  ];
  const head = ['', 'submissions/s', 'p50 ms', 'p99 ms', 'p50 ms at 200/s', 'p99 ms at 200/s'];
  console.log(table([head, row('sluice', 'ours'), row('express + graphile-worker + got', 'peer')]));
  console.log(`\nratio of throughput: ${(rate(full.ours) / rate(full.peer)).toFixed(2)} (medians of ${ROUNDS} rounds of ${SUBMISSIONS})`);
}

async function startPeer(vendor: string, programs: Program[]): Promise<Target> {
  const { url } = await createDatabase();
  const program = await startProgram([...NODE_FLAGS, ...TSX, here('peer.ts')], { DATABASE_URL: url, VENDOR_URL: vendor });
  programs.push(program);
  return { url: `${program.url}/responses`, headers: {} };
}

async function startOurs(vendor: string, programs: Program[]): Promise<Target> {
  const { url } = await createDatabase();
  const sluice = await startSluice({
    SLUICE_DATABASE_URL: url,
    SLUICE_DEFINITIONS: here('.'),
    SLUICE_ENDPOINTS: JSON.stringify({ 'https://messages.example.com': vendor }),
  });
  programs.push(sluice);
  const connection = await sluice.call('POST', '/v1/connections', {
    definition: 'messages',
    name: 'm',
    config: { token: 'token-of-the-bench' },
  });
  const questions = ['id', 'name'].map((key) => ({ key, title: key, type: 'text', required: true }));
  const form = await sluice.call('POST', '/v1/forms', { title: 'Bench', questions });
  await sluice.call('POST', `/v1/forms/${String(form['id'])}/actions`, {
    definition: 'messages',
    action: 'send',
    connectionId: connection['id'],
    input: { id: '{{ event.answers.id }}', name: '{{ event.answers.name }}' },
  });
  const headers = { authorization: `Bearer ${sluice.apiKey}` };
  return { url: `${sluice.url}/v1/forms/${String(form['id'])}/responses`, headers };
}
