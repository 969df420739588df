import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Target } from '../client.ts';

export interface Measured {
  /** Submissions a second, from the first submission to the last effect. */
  readonly throughput: number;
  /** ms from submission to effect. */
  readonly latencies: readonly number[];
}

const now = (): number => performance.timeOrigin + performance.now();

/** As fast as it goes, with so many clients at a time. */
export function fullLoad(target: Target, vendor: string, count: number, clients = 64): Promise<Measured> {
  return measure(vendor, count, async (submit) => {
    let next = 0;
    const client = async (): Promise<void> => {
      while (next < count) await submit(next++);
    };
    await Promise.all(Array.from({ length: clients }, client));
  }, target);
}

/** So many a second, whatever the answers take. */
export function steadyLoad(target: Target, vendor: string, perSecond: number, seconds: number): Promise<Measured> {
  const count = perSecond * seconds;
  return measure(vendor, count, async (submit) => {
    const start = performance.now();
    const sent: Promise<void>[] = [];
    for (let i = 0; i < count; i++) {
      const early = (i / perSecond) * 1000 - (performance.now() - start);
      if (early > 1) await sleep(early);
      sent.push(submit(i));
    }
    await Promise.all(sent);
  }, target);
}

async function measure(
  vendor: string,
  count: number,
  load: (submit: (place: number) => Promise<void>) => Promise<void>,
  target: Target,
): Promise<Measured> {
  await fetch(`${vendor}/seen`, { method: 'DELETE' });
  const clients = new Clients(target);
  const submitted = new Map<string, number>();
  const mark = crypto.randomUUID();
  const began = now();
  await load(async (place) => {
    const id = `${mark}-${place}`;
    submitted.set(id, now());
    await clients.post(JSON.stringify({ answers: { id, name: 'Ada' } }));
  });
  const effects = await arrivals(vendor, count);
  clients.close();
  const doubled = effects.filter(([, , times]) => times !== 1);
  if (doubled.length > 0) throw new Error(`${doubled.length} of ${count} effects came more than once.`);
  return {
    throughput: (count / (Math.max(...effects.map(([, at]) => at)) - began)) * 1000,
    latencies: effects.map(([id, at]) => at - submitted.get(id)!),
  };
}

async function arrivals(vendor: string, count: number): Promise<[string, number, number][]> {
  for (let waited = 0; waited < 600; waited++) {
    const seen = (await (await fetch(`${vendor}/seen`)).json()) as [string, number, number][];
    if (seen.length >= count) return seen;
    await sleep(100);
  }
  throw new Error(`Not all of ${count} effects arrived within a minute.`);
}

/** Keep-alive connections, one request at a time on each; as many as are needed. */
class Clients {
  readonly #target: Target;
  readonly #free: Client[] = [];
  readonly #all: Client[] = [];

  constructor(target: Target) {
    this.#target = target;
  }

  /** Resolves when the submission is taken. */
  async post(body: string): Promise<void> {
    const client = this.#free.pop() ?? this.#open();
    await client.post(body);
    this.#free.push(client);
  }

  close(): void {
    this.#all.forEach((client) => client.close());
  }

  #open(): Client {
    const client = new Client(this.#target);
    this.#all.push(client);
    return client;
  }
}
