import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { delivered, newPlace, openShop, settledRuns, submitMany, type Place, type Shop } from '../support/deliveries.ts';
import { startFlakyDatabase, type FlakyDatabase } from '../support/flaky-database.ts';
import { eventually, startSluice, type SluiceProcess } from '../support/sluice-process.ts';
import { soak } from '../support/soak.ts';
import { ok, startVendor, type Behaviour, type Vendor } from '../support/vendor.ts';

const RESPONSES = soak(60, 500);
const ROUNDS = soak(4, 20);

const slowly: Behaviour = (request, response, place) => void setTimeout(() => ok(request, response, place), 150);

/** Channels that somebody listens on. */
const LISTENING = "SELECT query FROM pg_stat_activity WHERE query LIKE 'LISTEN%' ORDER BY query";

describe('A database that goes away', function () {
  this.timeout(90_000);
  let vendor: Vendor;
  let database: FlakyDatabase;
  let place: Place;
  let sluice: SluiceProcess;
  let shop: Shop;
  let submitted = 0;

  before(async () => {
    vendor = await startVendor();
    vendor.answer(slowly);
    database = await startFlakyDatabase();
    place = await newPlace(vendor.origin);
    sluice = await startSluice({ ...place.env, SLUICE_DATABASE_URL: database.url });
    shop = await openShop(sluice);
  });
  after(async () => {
    await sluice?.end('SIGTERM');
    await vendor.close();
    await place?.remove();
    await database?.close();
  });

  const submit = async (count: number): Promise<void> => {
    await submitMany(sluice, shop, count, submitted);
    submitted += count;
  };
  /** Every response is delivered by both actions: the keyed one under one key, the other one once. */
  const expectDeliveries = async (): Promise<void> => {
    const runs = await settledRuns(sluice, shop, submitted * 2);
    expect(runs.filter((run) => run.state !== 'succeeded')).to.deep.equal([]);
    const once = delivered(vendor, '/once');
    expect(once.size).to.equal(submitted);
    expect([...once.values()].filter((requests) => requests.length > 1)).to.deep.equal([]);
    const keyed = delivered(vendor, '/keyed');
    expect(keyed.size).to.equal(submitted);
    for (const requests of keyed.values()) expect(new Set(requests.map((one) => one.headers['idempotency-key'])).size).to.equal(1);
  };
  const listening = async (): Promise<string[]> => (await database.ask<{ query: string }>(LISTENING)).map((row) => row.query);
  const submitUnderKey = async (n: number): Promise<{ status: number; body: { code?: string } }> => {
    const response = await fetch(`${sluice.url}/v1/forms/${shop.formId}/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${shop.apiKey}`, 'content-type': 'application/json', 'idempotency-key': `response-${n}` },
      body: JSON.stringify({ answers: { n } }),
    });
    return { status: response.status, body: (await response.json()) as { code?: string } };
  };
  const problem = (status: number, code: string) => ({ status, code });
  const answerTo = async (method: string, path: string, body?: unknown) => {
    const answer = await sluice.call(method, path, body, shop.apiKey);
    return { ...problem(answer.status, (answer.body as { code?: string }).code ?? ''), retryAfter: answer.headers.get('retry-after') };
  };

  it('every connection cut, again and again, with requests under way: nothing is lost and nothing is doubled', async () => {
    await submit(RESPONSES);
    for (let round = 0; round < ROUNDS; round++) {
      await vendor.arrived(Math.floor(((round + 1) * RESPONSES * 2) / (ROUNDS + 1)));
      await eventually('there was something to cut', async () => (await database.cutAll()) > 0);
    }
    await expectDeliveries();
    expect(sluice.output()).to.not.match(/"level":(50|60)/);
  });

  it('responses sent while connections are cut: refused with 503 and sent again under their key, each arrives once', async () => {
    const done = new AbortController();
    const cutting = (async () => {
      // Between two cuts there is time for some requests to come through, and none for all of them.
      for (let cut = 0; !done.signal.aborted; cut++) {
        await database.cutAll();
        await sleep((cut * 7) % 40);
      }
    })();
    const answers = new Set<string>();
    const client = async (from: number): Promise<void> => {
      for (let n = from; n < submitted + RESPONSES; n += 10) {
        for (let accepted = false; !accepted; ) {
          const { status, body } = await submitUnderKey(n);
          answers.add([status, body.code ?? ''].join(' ').trim());
          accepted = status === 201;
        }
      }
    };
    await Promise.all(Array.from({ length: 10 }, (_, offset) => client(submitted + offset)));
    submitted += RESPONSES;
    done.abort();
    await cutting;
    expect([...answers].sort()).to.deep.equal(['201', '503 UNAVAILABLE']);
    await expectDeliveries();
  });

  it('channels that were cut are listened to again', async () => {
    const channels = ['LISTEN "sluice_changes"', 'LISTEN "sluice_runs"'];
    await eventually('both channels are heard', async () => (await listening()).join() === channels.join());
    await database.cutAll();
    await eventually('both channels are heard again', async () => (await listening()).join() === channels.join());
  });

  it('stopped with requests under way: 503 until it is back, and then all is delivered', async () => {
    await submit(RESPONSES);
    await vendor.arrived(vendor.requests.length + 1);
    await database.stop();
    const away = { status: 503, code: 'UNAVAILABLE', retryAfter: '1' };
    expect(await answerTo('GET', '/readyz'), 'readyz').to.deep.equal(away);
    expect(await answerTo('POST', `/v1/forms/${shop.formId}/responses`, { answers: { n: 1 } }), 'submit').to.deep.equal(away);
    expect(await answerTo('GET', '/v1/runs'), 'runs').to.deep.equal(away);
    expect(await answerTo('POST', '/v1/forms', { title: 'x', questions: [] }), 'form').to.deep.equal(away);
    expect((await answerTo('GET', '/healthz')).status).to.equal(200);
    await database.start();
    await eventually('it is ready again', async () => (await answerTo('GET', '/readyz')).status === 200);
    await expectDeliveries();
    await submit(5);
    await expectDeliveries();
  });

  it('away for longer than a worker may be silent: the worker is not taken for dead, and what it did is written', async () => {
    await submit(20);
    const before = vendor.requests.length;
    await vendor.arrived(before + 1);
    await database.stop();
    await new Promise((resolve) => setTimeout(resolve, 6500));
    await database.start();
    await eventually('it is ready again', async () => (await answerTo('GET', '/readyz')).status === 200);
    await expectDeliveries();
    expect(sluice.output()).to.not.include('taken for dead');
  });
});
