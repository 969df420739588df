import { expect } from 'chai';
import pg from 'pg';
import { uuid7 } from '../../core/kernel/ids.ts';
import { createDatabase } from '../support/database.ts';
import { delivered, newPlace, openShop, settledRuns, submitMany, type Place, type Shop } from '../support/deliveries.ts';
import { testEngine, type TestEngine } from '../support/engine.ts';
import { eventually, startSluice, startWorker, type SluiceProcess, type WorkerProcess } from '../support/sluice-process.ts';
import { soak } from '../support/soak.ts';
import { ok, startVendor, type Behaviour, type Vendor } from '../support/vendor.ts';

const RESPONSES = soak(150, 1000);

const slowly: Behaviour = (request, response, place) => void setTimeout(() => ok(request, response, place), 100);

describe('Two workers on one database', function () {
  this.timeout(60_000);
  let vendor: Vendor;
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let place: Place;
  let api: SluiceProcess;
  let workers: WorkerProcess[];
  let shop: Shop;

  beforeEach(async () => {
    vendor = await startVendor();
    vendor.answer(slowly);
    database = await createDatabase();
    place = await newPlace(vendor.origin);
    const env = { ...place.env, SLUICE_DATABASE_URL: database.url };
    api = await startSluice(env, ['--role', 'api']);
    workers = await Promise.all([startWorker(env), startWorker(env)]);
    shop = await openShop(api);
  });
  afterEach(async () => {
    await Promise.all([...workers, api].map((one) => one.end('SIGKILL')));
    await vendor.close();
    await place.remove();
    await database.drop();
  });

  const registered = async (): Promise<number> => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      return (await client.query('SELECT FROM workers')).rowCount ?? 0;
    } finally {
      await client.end();
    }
  };
  /** All keyed ones delivered under one key each, none of the others twice, and each of those delivered or in review. */
  const expectNothingLostOrDoubled = async (): Promise<void> => {
    const runs = await settledRuns(api, shop, RESPONSES * 2);
    expect(runs.filter(({ state }) => state !== 'succeeded' && state !== 'needs_review')).to.deep.equal([]);
    const keyed = delivered(vendor, '/keyed');
    expect(keyed.size).to.equal(RESPONSES);
    for (const requests of keyed.values()) expect(new Set(requests.map((one) => one.headers['idempotency-key'])).size).to.equal(1);
    const doneOnce = delivered(vendor, '/once');
    expect([...doneOnce.values()].filter((requests) => requests.length > 1)).to.deep.equal([]);
    const reviewed = new Set(runs.filter(({ state }) => state === 'needs_review').map((run) => run.input.n));
    for (let n = 0; n < RESPONSES; n++) expect(doneOnce.has(n) || reviewed.has(n), `response ${n}`).to.equal(true);
  };

  it('one is killed under load: the other takes over what it held', async () => {
    await submitMany(api, shop, RESPONSES);
    await vendor.arrived(RESPONSES / 2);
    await workers[0]!.end('SIGKILL');
    await expectNothingLostOrDoubled();
  });

  it('one is stopped until it is taken for dead, and goes on: it writes nothing for what it lost, and works under a new id', async () => {
    await submitMany(api, shop, RESPONSES);
    await vendor.arrived(RESPONSES / 2);
    process.kill(workers[0]!.pid, 'SIGSTOP');
    await eventually('it is taken for dead', async () => (await registered()) === 1);
    process.kill(workers[0]!.pid, 'SIGCONT');
    await expectNothingLostOrDoubled();
    await eventually('it says so', async () => workers[0]!.output().includes('it goes on under a new id'));
    expect(workers[1]!.output()).to.not.include('taken for dead');
    // Alone now: what comes next is its own.
    await workers[1]!.end('SIGTERM');
    const before = delivered(vendor, '/keyed').size;
    await submitMany(api, shop, 3, RESPONSES);
    await eventually('it delivers', async () => delivered(vendor, '/keyed').size === before + 3);
  });
});

describe('Whose turn it is', function () {
  this.timeout(60_000);
  const YAML = `
apiVersion: sluice/v1
kind: integration
id: vendor
version: 1.0.0
title: Vendor
baseUrl: https://api.vendor.test
connection: { type: object, required: [token], properties: { token: { type: string, secret: true } } }
auth: { bearer: { token: "{{ connection.token }}" } }
actions:
  send:
    title: Send
    input: { type: object, required: [n], properties: { n: { type: integer } } }
    steps:
      - id: send
        request: { method: POST, path: /x, json: { n: "{{ input.n }}" } }
        idempotency: { mode: header, header: Idempotency-Key }
`;
  let vendor: Vendor;
  let engine: TestEngine;

  beforeEach(async () => {
    vendor = await startVendor();
    engine = await testEngine(YAML, { 'https://api.vendor.test': vendor.origin });
  });
  afterEach(async () => {
    await engine.close();
    await vendor.close();
  });

  const numbers = (): number[] => vendor.requests.map(({ body }) => (JSON.parse(body) as { n: number }).n);
  const newRun = (tenantId: string, n: number, concurrency?: { key: string; limit: number }) => {
    const { id: definition, version, hash } = engine.plan;
    return {
      tenantId,
      id: uuid7(),
      kind: 'action',
      definition: { id: definition, version, hash },
      pipeline: 'actions/send',
      subject: 'test',
      connectionId: uuid7(),
      input: { n },
      ...(concurrency ? { concurrency } : {}),
    };
  };

  it('one run of a tenant is not kept waiting by the 2,000 of another', async () => {
    vendor.answer(slowly);
    const other = uuid7();
    await engine.inTransaction((client) =>
      client.query(`INSERT INTO tenants (id, name, data_key, master_key_id) VALUES ($1, 'Other', '', '')`, [other]),
    );
    await engine.queue.enqueue(Array.from({ length: 2000 }, (_, n) => newRun(engine.tenantId, n)));
    const worker = await engine.worker();
    await vendor.arrived(64);
    await engine.queue.enqueue([newRun(other, -1)]);
    worker.wake();
    await eventually('it is served', async () => numbers().includes(-1));
    expect(numbers().indexOf(-1)).to.be.below(64 + 128 + 128);
    await engine.inTransaction((client) => client.query(`UPDATE runs SET state = 'cancelled', due_at = NULL WHERE state = 'queued'`));
  });

  it('runs under a key with a limit of one go one at a time, in their order, also when their worker is lost', async () => {
    const count = soak(50, 500);
    let open = 0;
    let most = 0;
    vendor.answer((request, response, place) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open--;
        ok(request, response, place);
      }, 5);
    });
    const runs = Array.from({ length: count }, (_, n) => newRun(engine.tenantId, n, { key: 'sheet', limit: 1 }));
    for (const run of runs) await engine.queue.enqueue([run]);
    const ghost = await engine.ghostClaim();
    expect(ghost.runs.map((run) => run.input['n'])).to.deep.equal([0]);
    await engine.carryUnrecorded(ghost.runs[0]!);
    await engine.worker();
    await engine.bury(ghost.id);
    for (const run of runs) await engine.settled(run.id, 'succeeded');
    expect(most).to.equal(1);
    expect(numbers()).to.deep.equal([0, ...Array.from({ length: count }, (_, n) => n)]);
  });

  it('a claim whose answer was lost is given back: nothing of it had begun', async () => {
    await engine.queue.enqueue([newRun(engine.tenantId, 1), newRun(engine.tenantId, 2)]);
    const claim = engine.queue.claim.bind(engine.queue);
    let lost = 0;
    engine.queue.claim = async (workerId, limit) => {
      const runs = await claim(workerId, limit);
      if (runs.length === 0 || lost++ > 0) return runs;
      throw new Error('Connection terminated unexpectedly');
    };
    await engine.worker();
    await eventually('both are served', async () => numbers().length === 2);
    expect(lost).to.be.above(1);
    expect(numbers().sort((a, b) => a - b)).to.deep.equal([1, 2]);
  });
});
