import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Target } from '../client.ts';
import { median, percentile, table } from '../statistics.ts';

/** The p99 of a round is its third slowest request: so many rounds that the median of them says something. */
const ROUNDS = 15;
const REQUESTS = 250;

/** How requests come: each when the one before is answered, or so many a second whatever the answers take. */
const PACES: Readonly<Record<string, (send: () => Promise<void>) => Promise<void>>> = {
  'one after the other': async (send) => {
    for (let i = 0; i < REQUESTS; i++) await send();
  },
  '50 a second': async (send) => {
    const began = performance.now();
    const sent: Promise<void>[] = [];
    for (let i = 0; i < REQUESTS; i++) {
      await sleep(Math.max(0, began + i * 20 - performance.now()));
      sent.push(send());
    }
    await Promise.all(sent);
  },
};

/**
 * How long it takes to have an environment accepted, beside a route that inserts one row: both sides in turns, so that
 * whatever else the machine does meets both. The first round of each is not counted.
 */
export async function benchSubmissions(ours: Target, peer: Target): Promise<void> {
  const lines = [['POST, ms', 'sluice p50', 'by hand p50', 'sluice p99', 'by hand p99', 'ratio of p50', 'ratio of p99']];
  for (const [name, pace] of Object.entries(PACES)) {
    const rounds: Record<'ours' | 'peer', (readonly number[])[]> = { ours: [], peer: [] };
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [side, target] of [['ours', ours], ['peer', peer]] as const) {
        const latencies = await submit(target, pace);
        if (round > 0) rounds[side].push(latencies);
      }
    }
    const at = (side: 'ours' | 'peer', share: number): number => median(rounds[side].map((list) => percentile(list, share)));
    const cells = [at('ours', 0.5), at('peer', 0.5), at('ours', 0.99), at('peer', 0.99)].map((ms) => ms.toFixed(1));
    const ratios = [0.5, 0.99].map((share) => (at('ours', share) / at('peer', share)).toFixed(2));
    lines.push([name, ...cells, ...ratios]);
  }
  console.log(`${table(lines)}\nmedians of ${ROUNDS} rounds of ${REQUESTS} requests in turns\n`);
}

/** @returns ms of each request */
async function submit(target: Target, pace: (send: () => Promise<void>) => Promise<void>): Promise<number[]> {
  const free: Client[] = [];
  const latencies: number[] = [];
  const mark = crypto.randomUUID();
  let place = 0;
  await pace(async () => {
    const client = free.pop() ?? new Client(target);
    const body = bodyOf(`${mark}-${place++}`, 'READY');
    const began = performance.now();
    await client.post(body);
    latencies.push(performance.now() - began);
    free.push(client);
  });
  for (const client of free) client.close();
  return latencies;
}

/** An environment whose cloud answers with such a state. */
export function bodyOf(name: string, state: 'READY' | 'CREATING'): string {
  return JSON.stringify({ name, provisioner: 'slow-cloud', input: { state } });
}
