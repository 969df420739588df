import { Client, type Target } from '../client.ts';
import { inParallel } from '../in-parallel.ts';
import { median, percentile, table } from '../statistics.ts';

const ROUNDS = 9;
const REQUESTS = 500;

/**
 * How long it takes to have an environment accepted, beside a route that inserts one row: both sides in turns, so that
 * whatever else the machine does meets both. The first round of each is not counted.
 */
export async function benchSubmissions(ours: Target, peer: Target): Promise<void> {
  const lines = [['POST, ms', 'sluice p50', 'by hand p50', 'sluice p99', 'by hand p99', 'ratio of p50', 'ratio of p99']];
  for (const clients of [1, 8]) {
    const rounds: Record<'ours' | 'peer', (readonly number[])[]> = { ours: [], peer: [] };
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [side, target] of [['ours', ours], ['peer', peer]] as const) {
        const latencies = await submit(target, clients);
        if (round > 0) rounds[side].push(latencies);
      }
    }
    const at = (side: 'ours' | 'peer', share: number): number => median(rounds[side].map((list) => percentile(list, share)));
    const cells = [at('ours', 0.5), at('peer', 0.5), at('ours', 0.99), at('peer', 0.99)].map((ms) => ms.toFixed(1));
    const ratios = [0.5, 0.99].map((share) => (at('ours', share) / at('peer', share)).toFixed(2));
    lines.push([`${clients} at a time`, ...cells, ...ratios]);
  }
  console.log(`${table(lines)}\nmedians of ${ROUNDS} rounds of ${REQUESTS} requests in turns\n`);
}

/** @returns ms of each request */
async function submit(target: Target, clients: number): Promise<number[]> {
  const connections = Array.from({ length: clients }, () => new Client(target));
  const latencies: number[] = [];
  const mark = crypto.randomUUID();
  await inParallel(REQUESTS, clients, async (place, client) => {
    const body = bodyOf(`${mark}-${place}`, 'READY');
    const began = performance.now();
    await connections[client]!.post(body);
    latencies.push(performance.now() - began);
  });
  for (const connection of connections) connection.close();
  return latencies;
}

/** An environment whose cloud answers with such a state. */
export function bodyOf(name: string, state: 'READY' | 'CREATING'): string {
  return JSON.stringify({ name, provisioner: 'slow-cloud', input: { state } });
}
