import { expect } from 'chai';
import { uuid7 } from '../../core/kernel/ids.ts';
import type { RunStore } from '../../core/kernel/ports.ts';
import type { ClaimedRun, Cursor, NewRun, RunWrite } from '../../core/kernel/runs.ts';

/** What a suite needs of a store under test. */
export interface StoreUnderTest {
  readonly store: RunStore;
  /** A fresh tenant, so that suites' runs do not meet. */
  newTenant(): Promise<string>;
  /** Hash of a definition version that exists. */
  readonly hash: string;
  /** Takes back what the worker held, as after its death. */
  recover(workerId: string): Promise<void>;
  /** A worker that may hold leases. */
  newWorker(): Promise<string>;
}

const EMPTY: Cursor = { steps: {}, generation: 0 };

/** The rules of the run table that the engine builds on. Every RunStore keeps them. */
export function runStoreContract(name: string, under: () => StoreUnderTest): void {
  describe(`${name} keeps the rules of the run table`, () => {
    const newRun = (tenantId: string, more: Partial<NewRun> = {}): NewRun => ({
      tenantId,
      id: uuid7(),
      kind: 'action',
      definition: { id: 'crm', version: '1.0.0', hash: under().hash },
      pipeline: 'actions/send',
      subject: 'response:1',
      input: { text: 'ʕ•ᴥ•ʔ \u0000 \ud800' },
      ...more,
    });
    const writeOf = (run: ClaimedRun, more: Partial<RunWrite> = {}): RunWrite => ({
      tenantId: run.tenantId,
      id: run.id,
      leaseEpoch: run.leaseEpoch,
      state: 'succeeded',
      attempt: 1,
      cursor: EMPTY,
      trace: [],
      ...more,
    });
    const claimAll = async (worker: string): Promise<ClaimedRun[]> => under().store.claim(worker, 100);

    beforeEach(async () => {
      // What an earlier test left due is taken out of the way.
      const worker = await under().newWorker();
      for (let left = await claimAll(worker); left.length > 0; left = await claimAll(worker)) {
        await under().store.write(left.map((run) => writeOf(run)));
      }
    });

    it('hands a run out once, with its input as it was put in', async () => {
      const tenant = await under().newTenant();
      const run = newRun(tenant);
      await under().store.enqueue([run]);
      const worker = await under().newWorker();
      const [claimed, ...more] = await claimAll(worker);
      expect(more).to.deep.equal([]);
      expect(claimed).to.include({ id: run.id, tenantId: tenant, leaseEpoch: 1, interrupted: false, attempt: 0 });
      expect(claimed?.input).to.deep.equal(run.input);
      expect(await claimAll(await under().newWorker())).to.deep.equal([]);
    });

    it('writes a result only for the lease that holds the run', async () => {
      const tenant = await under().newTenant();
      await under().store.enqueue([newRun(tenant)]);
      const lost = await under().newWorker();
      const [before] = await claimAll(lost);
      await under().recover(lost);
      const [after] = await claimAll(await under().newWorker());
      expect(after).to.include({ id: before!.id, leaseEpoch: before!.leaseEpoch + 1, interrupted: true });
      expect(after?.claimedAt).to.equal(before?.claimedAt);
      expect([...(await under().store.write([writeOf(before!)]))]).to.deep.equal([]);
      expect([...(await under().store.write([writeOf(after!)]))]).to.deep.equal([after!.id]);
    });

    it('keeps the lease over an intent, and gives it back with a wait', async () => {
      const tenant = await under().newTenant();
      await under().store.enqueue([newRun(tenant)]);
      const worker = await under().newWorker();
      const [run] = await claimAll(worker);
      const cursor: Cursor = { steps: { find: { state: 'succeeded', outputs: { row: 3 } } }, generation: 0 };
      await under().store.write([writeOf(run!, { state: 'running', cursor })]);
      expect(await claimAll(worker)).to.deep.equal([]);
      await under().store.write([writeOf(run!, { state: 'waiting', waitMs: 0, attempt: 2, cursor })]);
      const [again] = await claimAll(worker);
      expect(again).to.include({ id: run!.id, attempt: 2, interrupted: false });
      expect(again?.cursor.steps).to.deep.equal(cursor.steps);
    });

    it('does not hand out a run before it is due, and says when that is', async () => {
      const tenant = await under().newTenant();
      await under().store.enqueue([newRun(tenant)]);
      const worker = await under().newWorker();
      const [run] = await claimAll(worker);
      await under().store.write([writeOf(run!, { state: 'waiting', waitMs: 3_600_000 })]);
      expect(await claimAll(worker)).to.deep.equal([]);
      expect(await under().store.nextDue()).to.be.within(3_500_000, 3_600_000);
    });

    it("serves every tenant in a claim, however long another's backlog is", async () => {
      const [busy, quiet] = [await under().newTenant(), await under().newTenant()];
      await under().store.enqueue(Array.from({ length: 50 }, () => newRun(busy)));
      await under().store.enqueue([newRun(quiet)]);
      const runs = await under().store.claim(await under().newWorker(), 10);
      expect(runs.filter((run) => run.tenantId === quiet)).to.have.length(1);
      expect(runs.filter((run) => run.tenantId === busy).length).to.be.within(1, 9);
    });

    it('lets no more runs of a concurrency key go than its limit, in the order they came', async () => {
      const tenant = await under().newTenant();
      const concurrency = { key: 'sheet-1', limit: 1 };
      const runs = [newRun(tenant, { concurrency }), newRun(tenant, { concurrency }), newRun(tenant, { concurrency })];
      await under().store.enqueue(runs.slice(0, 2));
      await under().store.enqueue(runs.slice(2));
      const worker = await under().newWorker();
      const order: string[] = [];
      for (let i = 0; i < 3; i++) {
        const claimed = await claimAll(worker);
        expect(claimed).to.have.length(1);
        order.push(claimed[0]!.id);
        await under().store.write([writeOf(claimed[0]!, { state: i === 1 ? 'failed' : 'succeeded' })]);
      }
      expect(order).to.deep.equal(runs.map((run) => run.id));
    });

    it('holds the slot of a concurrency key over a wait', async () => {
      const tenant = await under().newTenant();
      const concurrency = { key: 'sheet-2', limit: 1 };
      await under().store.enqueue([newRun(tenant, { concurrency }), newRun(tenant, { concurrency })]);
      const worker = await under().newWorker();
      const [first] = await claimAll(worker);
      await under().store.write([writeOf(first!, { state: 'waiting', waitMs: 3_600_000 })]);
      expect(await claimAll(worker)).to.deep.equal([]);
    });

    it('records a run that cannot begin as failed, and never hands it out', async () => {
      const tenant = await under().newTenant();
      await under().store.enqueue([newRun(tenant, { error: { kind: 'config', message: 'no such column' } })]);
      expect(await claimAll(await under().newWorker())).to.deep.equal([]);
    });
  });
}
