import { expect } from 'chai';
import { delivered, newPlace, openShop, settledRuns, submitMany, type Place } from '../support/deliveries.ts';
import { startSluice, type SluiceProcess } from '../support/sluice-process.ts';
import { soak } from '../support/soak.ts';
import { ok, startVendor, type Behaviour, type Vendor } from '../support/vendor.ts';

const RESPONSES = soak(500, 2000);
const ROUNDS = soak(1, 5);

/** Takes its time, so that many requests are under way when the server dies. */
const slowly: Behaviour = (request, response, place) => void setTimeout(() => ok(request, response, place), 100);

describe('A server that is killed in the middle of deliveries', function () {
  this.timeout(120_000);
  let vendor: Vendor;
  let place: Place;
  let sluice: SluiceProcess;

  beforeEach(async () => {
    vendor = await startVendor();
    vendor.answer(slowly);
    place = await newPlace(vendor.origin);
    sluice = await startSluice(place.env);
  });
  afterEach(async () => {
    await sluice.end('SIGTERM');
    await vendor.close();
    await place.remove();
  });

  it('loses nothing and doubles nothing: keyed actions all arrive, doubtful ones wait for a person', async () => {
    const shop = await openShop(sluice);
    for (let round = 0; round < ROUNDS; round++) {
      const before = vendor.requests.length;
      const submitting = submitMany(sluice, shop, RESPONSES, round * RESPONSES);
      await submitting;
      await vendor.arrived(before + RESPONSES);
      await sluice.end('SIGKILL');
      sluice = await startSluice(place.env);
    }
    const total = RESPONSES * ROUNDS;
    const runs = await settledRuns(sluice, shop, total * 2);

    const keyed = delivered(vendor, '/keyed');
    expect([...keyed.keys()]).to.have.length(total);
    for (const requests of keyed.values()) {
      expect(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size).to.equal(1);
      expect(new Set(requests.map(({ body }) => body)).size).to.equal(1);
    }
    const once = delivered(vendor, '/once');
    for (const [n, requests] of once) expect(requests, `once, response ${n}`).to.have.length(1);

    const states = (state: string) => runs.filter((run) => run.state === state);
    expect(states('failed')).to.deep.equal([]);
    const doubtful = new Set(states('needs_review').map((run) => run.input.n));
    expect(states('succeeded').length + doubtful.size).to.equal(total * 2);
    for (let n = 0; n < total; n++) {
      if (!once.has(n)) expect(doubtful.has(n), `response ${n} is delivered or in review`).to.equal(true);
    }
  });

  it('told to stop under load, ends with 0, and the rest is delivered after the next start, nothing twice', async () => {
    const shop = await openShop(sluice);
    await submitMany(sluice, shop, RESPONSES);
    await vendor.arrived(Math.floor(RESPONSES / 2));
    expect(await sluice.end('SIGTERM')).to.equal(0);
    sluice = await startSluice(place.env);
    const runs = await settledRuns(sluice, shop, RESPONSES * 2);
    expect(runs.filter((run) => run.state !== 'succeeded')).to.deep.equal([]);
    for (const path of ['/keyed', '/once']) {
      const found = delivered(vendor, path);
      expect([...found.keys()]).to.have.length(RESPONSES);
      expect([...found.values()].filter((requests) => requests.length > 1)).to.deep.equal([]);
    }
  });
});
