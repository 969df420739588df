import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { Client, type Target } from '../client.ts';
import { inParallel } from '../in-parallel.ts';
import { cpuSeconds, cpuSecondsOfChildren, residentMemory } from '../proc.ts';
import { median, percentile, table } from '../statistics.ts';
import { bodyOf } from './submissions.ts';

/** Of `slow-cloud.yaml`. */
const EVERY = 10_000;

export interface Polled {
  readonly target: Target;
  /** Address of the cloud. */
  readonly cloud: string;
  /** Process ids of the program and of the server of its database. */
  readonly pids: { readonly sluice: number; readonly postgres: number };
  /** Sees all tenants of the program's database. */
  readonly database: Pick<pg.Pool, 'query'>;
}

export interface Size {
  readonly environments: number;
  readonly seconds: number;
}

/** Environments that wait for their cloud: what it costs to ask after all of them, how late that is, and what grows. */
export async function benchPolls(on: Polled, { environments, seconds }: Size): Promise<void> {
  const began = performance.now();
  await create(on.target, environments);
  const took = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`${environments} environments were created in ${took} s; each is polled every ${EVERY / 1000} s`);
  // Until each was asked after twice, and what creating them left behind is gone.
  await sleep(3 * EVERY);
  await fetch(`${on.cloud}/measured`, { method: 'POST' });
  const samples = [await look(on)];
  for (const period of periods(seconds)) {
    await sleep(period * 1000);
    samples.push(await look(on));
  }
  print(samples, await latenesses(on.cloud), environments);
}

async function create(target: Target, environments: number): Promise<void> {
  const clients = Array.from({ length: 16 }, () => new Client(target));
  await inParallel(environments, clients.length, (place, client) => clients[client]!.post(bodyOf(`waits-${place}`, 'CREATING')));
  for (const client of clients) client.close();
}

/** Ten lines of a table, however long it is measured. */
function periods(seconds: number): number[] {
  return Array.from({ length: 10 }, () => seconds / 10);
}

interface Sample {
  readonly at: number;
  readonly cpu: number;
  readonly postgresCpu: number;
  readonly memory: number;
  readonly traceRows: number;
  readonly polls: number;
  readonly tables: number;
}

const STOCK = `
  SELECT (SELECT count(*) FROM run_steps)::int AS "traceRows", (SELECT sum(polls) FROM run_steps)::int AS polls,
    (pg_total_relation_size('runs') + pg_total_relation_size('run_steps')) / 1048576.0::float8 AS tables`;

async function look({ pids, database }: Polled): Promise<Sample> {
  const { rows } = await database.query<Pick<Sample, 'traceRows' | 'polls' | 'tables'>>(STOCK);
  return {
    at: performance.now(),
    cpu: cpuSeconds(pids.sluice),
    postgresCpu: cpuSecondsOfChildren(pids.postgres),
    memory: residentMemory(pids.sluice),
    ...rows[0]!,
  };
}

/** How late each poll was, in ms: since the answer before it, but for the interval. Those that are overdue are late, too. */
async function latenesses(cloud: string): Promise<number[]> {
  const { intervals, open } = (await (await fetch(`${cloud}/measured`)).json()) as Record<'intervals' | 'open', number[]>;
  const overdue = open.filter((ms) => ms > EVERY);
  return [...intervals, ...overdue].map((ms) => ms - EVERY);
}

function print(samples: readonly Sample[], late: readonly number[], environments: number): void {
  const lines = [['', 'polls/s', 'sluice CPU', 'PostgreSQL CPU', 'sluice RSS MiB', 'trace rows', 'tables MiB']];
  const share = (cpu: number, ms: number): string => `${((cpu / ms) * 100_000).toFixed(0)} %`;
  for (const [i, now] of samples.entries()) {
    const before = samples[i - 1];
    if (!before) continue;
    const ms = now.at - before.at;
    lines.push([
      `${((now.at - samples[0]!.at) / 1000).toFixed(0)} s`,
      (((now.polls - before.polls) * 1000) / ms).toFixed(0),
      share(now.cpu - before.cpu, ms),
      share(now.postgresCpu - before.postgresCpu, ms),
      now.memory.toFixed(0),
      String(now.traceRows),
      now.tables.toFixed(0),
    ]);
  }
  console.log(table(lines));
  const [first, last] = [samples[0]!, samples.at(-1)!];
  const ms = last.at - first.at;
  console.log(
    `\n${environments} environments, ${(ms / 1000).toFixed(0)} s: ${(((last.polls - first.polls) * 1000) / ms).toFixed(0)} polls/s, ` +
      `CPU ${share(last.cpu - first.cpu, ms)} of a core (PostgreSQL ${share(last.postgresCpu - first.postgresCpu, ms)}), ` +
      `median RSS ${median(samples.map(({ memory }) => memory)).toFixed(0)} MiB\n` +
      `lateness of ${late.length} polls, ms: p50 ${percentile(late, 0.5).toFixed(0)}, p99 ${percentile(late, 0.99).toFixed(0)}, ` +
      `most ${percentile(late, 1).toFixed(0)}; p99 is ${(percentile(late, 0.99) / EVERY).toFixed(3)} of the interval`,
  );
}
