import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { newPlace, type Place } from '../support/deliveries.ts';
import { mysqlMissing, startMysqlServers, type MysqlServer } from '../support/mysql-servers.ts';
import { eventually, startSluice, type SluiceProcess } from '../support/sluice-process.ts';
import { soak } from '../support/soak.ts';

const SHARD_DEATHS = soak(2, 40);
const PLATFORM_DEATHS = soak(1, 12);
const CLIENTS_A_FAMILY = soak(4, 12);
/** Requests that must be acknowledged between two deaths. */
const SOME = soak(25, 200);

/** Whom its client gives up on, instead of sending it again: it is there whole, or not at all. */
type Fate = 'under way' | 'acknowledged' | 'given up';

interface Family {
  readonly name: string;
  readonly shard: string;
  readonly fates: Map<string, { readonly events: number; fate: Fate }>;
  acknowledged: number;
  /** Answers that were neither 200 nor `409 still under way`: status and Retry-After. */
  readonly refusals: string[];
}

describe('Servers of logs, and the platform itself, killed under load', function () {
  this.timeout(soak(90_000, 900_000));
  let servers: readonly MysqlServer[] = [];
  let place: Place;
  let sluice: SluiceProcess;
  let env: Readonly<Record<string, string>>;

  before(async function () {
    // The store's own suite says that MySQL is missing.
    if (mysqlMissing() !== undefined) return this.skip();
    servers = await startMysqlServers(2, { durable: true });
    place = await newPlace('http://127.0.0.1:9');
    env = { ...place.env, SLUICE_LOG_SHARDS: `mortal=${servers[0]!.url},steady=${servers[1]!.url}` };
    sluice = await startSluice(env);
  });
  after(async () => {
    await sluice?.end('SIGTERM');
    await Promise.all(servers.map((server) => server.remove()));
    await place?.remove();
  });

  it('lose no event that was acknowledged, double none, and keep no half of a request', async () => {
    const made = await sluice.call('POST', '/v1/tenants', { name: 'Logs' });
    const key: string = made.body.apiKey;
    const families = await makeFamilies(() => sluice, key);
    const [mortal, steady] = [onShard(families, 'mortal'), onShard(families, 'steady')];
    let stop = false;
    const clients = families.flatMap((family) =>
      Array.from({ length: CLIENTS_A_FAMILY }, (_, number) => {
        const stopped = (): boolean => stop;
        return client({ url: () => sluice.url, key, family, name: `${family.name}-${number}`, stopped });
      }),
    );
    const working = Promise.all(clients);
    try {
      for (let death = 0; death < SHARD_DEATHS; death++) {
        await grown(families);
        await servers[0]!.kill();
        const refused = mortal.refusals.length;
        await eventually('clients hear of the dead server', async () => mortal.refusals.length > refused);
        await grown([steady]);
        const late = { family: `late_${death}`, schema: { n: 'int' }, logs: [{ n: 1 }] };
        expect((await sluice.call('PUT', '/api/log', late, key)).status, 'a new family').to.equal(200);
        await servers[0]!.start();
      }
      expect(steady.refusals, 'on the other').to.deep.equal([]);
      for (let death = 0; death < PLATFORM_DEATHS; death++) {
        await grown(families);
        if (death % 2 === 1) await servers[0]!.kill();
        await sluice.end('SIGKILL');
        sluice = await startSluice(env);
        if (death % 2 === 1) await servers[0]!.start();
      }
      await grown(families);
    } finally {
      stop = true;
      await working;
    }
    for (const refusal of mortal.refusals) expect(refusal).to.match(/^503 UNAVAILABLE, after [12]$/);
    for (const family of families) expectWhole(family, await stored(sluice, key, family.name));
  });
});

const onShard = (families: readonly Family[], shard: string): Family =>
  families.find((family) => family.shard === shard)!;

/** One family on each server. */
async function makeFamilies(sluice: () => SluiceProcess, key: string): Promise<readonly Family[]> {
  for (const family of ['one', 'two']) {
    const made = await sluice().call(
      'PUT',
      '/api/log',
      { family, schema: { request: 'string', part: 'int' }, logs: [] },
      key,
    );
    expect(made.status).to.equal(200);
  }
  const { body } = await sluice().call('GET', '/v1/log-families', undefined, key);
  const families = (body.items as { name: string; shard: string }[]).map(({ name, shard }): Family => ({
    name,
    shard,
    fates: new Map(),
    acknowledged: 0,
    refusals: [],
  }));
  expect(new Set(families.map(({ shard }) => shard))).to.deep.equal(new Set(['mortal', 'steady']));
  return families;
}

/** Waits until each family has taken some more requests. */
async function grown(families: readonly Family[]): Promise<void> {
  const before = families.map(({ acknowledged }) => acknowledged);
  await eventually('requests are acknowledged', async () =>
    families.every(({ acknowledged }, i) => acknowledged >= before[i]! + SOME),
  );
}

interface Client {
  readonly url: () => string;
  readonly key: string;
  readonly family: Family;
  readonly name: string;
  readonly stopped: () => boolean;
}

/** Sends one request after the other: single events and small batches, each until it is acknowledged. */
async function client({ url, key, family, name, stopped }: Client): Promise<void> {
  for (let n = 0; !stopped(); n++) {
    const request = `${name}-${n}`;
    const logs = Array.from({ length: n % 2 === 0 ? 1 : 5 }, (_, part) => ({ request, part }));
    const record = { events: logs.length, fate: 'under way' as Fate };
    family.fates.set(request, record);
    while (record.fate === 'under way') {
      const answer = await send(`${url()}/api/log`, key, request, { family: family.name, logs });
      if (answer === '200') {
        record.fate = 'acknowledged';
        family.acknowledged++;
        continue;
      }
      if (answer !== 'cut' && !answer.startsWith('409 IDEMPOTENCY_IN_PROGRESS')) family.refusals.push(answer);
      if (n % 10 === 9) record.fate = 'given up';
      else await pause(20);
    }
  }
}

/** The status, with code and Retry-After where it is an error; `cut` where there is no answer. */
async function send(url: string, key: string, request: string, body: object): Promise<string> {
  try {
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'idempotency-key': request,
    };
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (answer.status === 200) return '200';
    const { code } = JSON.parse(text) as { code: string };
    return `${answer.status} ${code}, after ${answer.headers.get('retry-after')}`;
  } catch {
    return 'cut';
  }
}

/** Fewer rows than an answer may have. */
const PAGE = 10_000;

/** The parts of each request that are there. */
async function stored(sluice: SluiceProcess, key: string, family: string): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  for (let last = 0; ;) {
    const query = `SELECT id, request, part FROM ${family} WHERE id > ${last} ORDER BY id LIMIT ${PAGE}`;
    const rows = await eventually(`${family} answers`, async () => {
      const { status, body } = await sluice.call('POST', '/api/query', { query }, key);
      return status === 200 && (body.results as { id: number; request: string; part: number }[]);
    });
    for (const { request, part } of rows) found.set(request, [...(found.get(request) ?? []), part]);
    if (rows.length < PAGE) return found;
    last = rows.at(-1)!.id;
  }
}

function expectWhole({ name, fates }: Family, found: ReadonlyMap<string, readonly number[]>): void {
  for (const [request, parts] of found) {
    const { events } = fates.get(request)!;
    const whole = Array.from({ length: events }, (_, part) => part);
    expect(
      parts.toSorted((a, b) => a - b),
      `${request} in ${name}`,
    ).to.deep.equal(whole);
  }
  const lost = [...fates].filter(([request, { fate }]) => fate === 'acknowledged' && !found.has(request));
  expect(lost, `acknowledged and not in ${name}`).to.deep.equal([]);
  expect([...fates.values()].filter(({ fate }) => fate === 'under way')).to.deep.equal([]);
}
