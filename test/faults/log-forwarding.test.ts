import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { BULK, BULK_SINK, Index } from '../domains/logs/forwarding/sinks.ts';
import { newPlace, type Place } from '../support/deliveries.ts';
import { eventually, startSluice, type SluiceProcess } from '../support/sluice-process.ts';
import { soak } from '../support/soak.ts';
import { startVendor, type Vendor } from '../support/vendor.ts';

const DEATHS = soak(1, 20);
const CLIENTS = soak(4, 12);
/** Requests that must be acknowledged, and events that must be delivered, between two deaths. */
const SOME = soak(30, 200);
const PURGED = 40_000;

const SINK = { id: 'bulk', origin: BULK, text: BULK_SINK.replace('maxEvents: 4', 'maxEvents: 50') };

describe('The platform killed while it forwards and purges events', function () {
  this.timeout(soak(90_000, 900_000));
  let vendor: Vendor;
  let index: Index;
  let place: Place;
  let sluice: SluiceProcess;
  let key: string;

  before(async () => {
    vendor = await startVendor();
    index = new Index();
    vendor.answer(index.answer);
    place = await newPlace(vendor.origin, SINK);
    sluice = await startSluice(place.env);
    key = (await made('/v1/tenants', { name: 'Logs' }))['apiKey']!;
  });
  after(async () => {
    await sluice?.end('SIGTERM');
    await vendor?.close();
    await place?.remove();
  });

  async function made(path: string, body: unknown): Promise<Record<string, string>> {
    const answer = await sluice.call('POST', path, body, ...(key === undefined ? [] : [key]));
    expect(answer.status, JSON.stringify(answer.body)).to.be.oneOf([201, 202]);
    return answer.body;
  }
  async function killAndStart(): Promise<void> {
    await sluice.end('SIGKILL');
    sluice = await startSluice(place.env);
  }

  it('delivers each event that was acknowledged, and always under one id', async () => {
    const connection = await made('/v1/connections', { definition: 'bulk', name: 'b', config: { index: 'i' } });
    await made('/v1/log-routes', { connectionId: connection['id'] });
    const acknowledged = new Set<string>();
    const stop = new AbortController();
    const clients = Array.from({ length: CLIENTS }, (_, client) => send(client, acknowledged, stop.signal));
    try {
      for (let death = 0; death < DEATHS; death++) {
        const [before, delivered] = [acknowledged.size, index.kept.size];
        await eventually('events come and go', async () => acknowledged.size >= before + SOME && index.kept.size >= delivered + SOME);
        await killAndStart();
      }
    } finally {
      stop.abort();
      await Promise.all(clients);
    }
    const delivered = (): string[] => [...index.kept.values()].map(({ fields }) => String(fields['name']));
    await eventually('all are delivered', async () => {
      const there = new Set(delivered());
      return [...acknowledged].every((name) => there.has(name));
    });
    expect(new Set(delivered()).size, 'ids an event').to.equal(index.kept.size);
  });

  /** Sends one request after the other, two families in turn, each until it is acknowledged. */
  async function send(client: number, acknowledged: Set<string>, signal: AbortSignal): Promise<void> {
    for (let n = 0; !signal.aborted; n++) {
      const logs = Array.from({ length: 1 + (n % 3) }, (_, part) => ({ name: `${client}-${n}-${part}` }));
      const body = JSON.stringify({ family: n % 2 === 0 ? 'web' : 'jobs', schema: { name: 'string' }, logs });
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': `${client}-${n}` };
      for (;;) {
        const answer = await fetch(`${sluice.url}/api/log`, { method: 'PUT', headers, body }).catch(() => undefined);
        if (answer?.status === 200) break;
        await pause(20);
      }
      for (const { name } of logs) acknowledged.add(name);
      await pause(10);
    }
  }

  it('purges to the end what it had begun to purge', async () => {
    const logs = Array.from({ length: PURGED }, (_, n) => ({ n }));
    const put = await sluice.call('PUT', '/api/log', { family: 'large', schema: { n: 'int' }, logs }, key);
    expect(put.status).to.equal(200);
    const count = async (): Promise<number> =>
      (await sluice.call('POST', '/api/query', { query: 'SELECT COUNT(*) AS n FROM large' }, key)).body.results[0].n;
    const { id } = await made('/v1/log-families/large:purge', { where: 'n:>0' });
    await eventually('the purge is under way', async () => (await count()) < PURGED);
    await killAndStart();
    const run = await eventually('the purge ends', async () => {
      const { body } = await sluice.call('GET', `/v1/runs/${id}`, undefined, key);
      return ['succeeded', 'failed'].includes(body.state) && body;
    });
    expect(run.state).to.equal('succeeded');
    expect(run.outputs.purged).to.be.at.most(PURGED - 1);
    expect(await count()).to.equal(1);
  });
});
