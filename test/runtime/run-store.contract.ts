import { expect } from 'chai';
import { uuid7 } from '../../core/kernel/ids.ts';
import type { RunStore } from '../../core/kernel/ports.ts';
import {
  RunExclusion,
  type ClaimedRun,
  type Cursor,
  type NewRun,
  type RunState,
  type RunWrite,
  type TraceRow,
} from '../../core/kernel/runs.ts';
import { rejection } from '../support/rejection.ts';

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
  /** Somebody asks to cancel a run. */
  cancel(run: RunKey): Promise<void>;
  look(run: RunKey): Promise<Seen | undefined>;
}

interface RunKey {
  readonly tenantId: string;
  readonly id: string;
}

/** What is to be seen of a run from outside. `dueIn` in ms. */
export interface Seen {
  readonly state: RunState;
  readonly dueIn: number | null;
  readonly trace: readonly Pick<TraceRow, 'step' | 'attempt' | 'polls' | 'state' | 'startedAt'>[];
}

const EMPTY: Cursor = { steps: {}, generation: 0 };
const HOUR = 3_600_000;
const KEY = '0a1b2c3d-0000-4000-8000-000000000000';

/** A run of the definition version with this hash. */
export function runOf({ hash }: { readonly hash: string }, tenantId: string, more: Partial<NewRun> = {}): NewRun {
  return {
    tenantId,
    id: uuid7(),
    kind: 'action',
    definition: { id: 'crm', version: '1.0.0', hash },
    pipeline: 'actions/send',
    subject: 'response:1',
    input: { text: 'ʕ•ᴥ•ʔ \u0000 \ud800' },
    ...more,
  };
}

/** A result of a claimed run. */
export function writeOf(run: ClaimedRun, more: Partial<RunWrite> = {}): RunWrite {
  return {
    tenantId: run.tenantId,
    id: run.id,
    kind: run.kind,
    leaseEpoch: run.leaseEpoch,
    state: 'succeeded',
    attempt: 1,
    cursor: EMPTY,
    trace: [],
    ...more,
  };
}

/** The rules of the run table that the engine builds on. Every RunStore keeps them. */
export function runStoreContract(name: string, under: () => StoreUnderTest): void {
  describe(`${name} keeps the rules of the run table`, () => {
    const newRun = (tenantId: string, more: Partial<NewRun> = {}): NewRun => runOf(under(), tenantId, more);
    const begun = async (more: Partial<NewRun> = {}): Promise<{ run: ClaimedRun; worker: string; tenant: string }> => {
      const tenant = await under().newTenant();
      await under().store.enqueue([newRun(tenant, more)]);
      const worker = await under().newWorker();
      const [run] = await claimAll(worker);
      return { run: run!, worker, tenant };
    };
    const stateOf = async (run: RunKey): Promise<RunState | undefined> => (await under().look(run))?.state;
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
      expect([...(await under().store.write([writeOf(before!)])).keys()]).to.deep.equal([]);
      expect([...(await under().store.write([writeOf(after!)])).keys()]).to.deep.equal([after!.id]);
    });

    it('keeps the lease over an intent, and gives it back with a wait', async () => {
      const tenant = await under().newTenant();
      await under().store.enqueue([newRun(tenant)]);
      const worker = await under().newWorker();
      const [run] = await claimAll(worker);
      const cursor: Cursor = { steps: { find: { state: 'succeeded', outputs: { row: 3 } } }, generation: 0 };
      await under().store.write([writeOf(run!, { state: 'running', keep: true, cursor })]);
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

    it('hands a run out with its context, and with what is left of its deadline', async () => {
      const { run } = await begun({ context: { environment: { name: 'prod' } }, deadlineMs: HOUR });
      expect(run.context).to.deep.equal({ environment: { name: 'prod' } });
      expect(run.deadlineIn).to.be.within(HOUR - 60_000, HOUR);
      expect((await begun()).run).to.not.have.any.keys('context', 'deadlineIn');
    });

    it('does not hand out a delayed run before its time', async () => {
      const tenant = await under().newTenant();
      const run = newRun(tenant, { delayMs: 2 * HOUR });
      await under().store.enqueue([run]);
      expect(await claimAll(await under().newWorker())).to.deep.equal([]);
      expect(await under().look(run)).to.include({ state: 'queued' });
      expect((await under().look(run))?.dueIn).to.be.within(2 * HOUR - 60_000, 2 * HOUR);
    });

    describe('an exclusive key', () => {
      const exclusiveKey = 'environment:1';
      it("is one run's until that has ended, also while it waits for a review", async () => {
        for (const state of ['running', 'waiting', 'rolling_back', 'needs_review'] as const) {
          const { run, tenant } = await begun({ exclusiveKey });
          const more = state === 'running' ? ({ keep: true } as const) : { waitMs: 2 * HOUR };
          await under().store.write([writeOf(run, { state, ...more })]);
          const error = await rejection(
            under().store.enqueue([newRun(tenant), newRun(tenant, { exclusiveKey }), newRun(tenant)]),
          );
          expect(error).to.be.instanceOf(RunExclusion);
          expect(error).to.include({ exclusiveKey });
        }
        expect(await claimAll(await under().newWorker()), 'nothing of what was refused').to.deep.equal([]);
      });

      it("is free again once it has ended, and another tenant's at any time", async () => {
        const { run, tenant } = await begun({ exclusiveKey });
        await under().store.enqueue([newRun(await under().newTenant(), { exclusiveKey })]);
        await under().store.write([writeOf(run, { state: 'failed' })]);
        await under().store.enqueue([newRun(tenant, { exclusiveKey })]);
      });

      it('is not taken by a run that could not begin', async () => {
        const tenant = await under().newTenant();
        await under().store.enqueue([newRun(tenant, { exclusiveKey, error: { kind: 'config', message: 'no' } })]);
        await under().store.enqueue([newRun(tenant, { exclusiveKey })]);
      });
    });

    describe('a run on its way back', () => {
      const back: Cursor = { ...EMPTY, rollback: { ends: 'failed' } };

      it('keeps that name while a worker holds it, over a checkpoint, and when its worker is lost', async () => {
        const { run, worker } = await begun({ cursor: back });
        expect(run.cursor).to.deep.equal(back);
        expect(await stateOf(run)).to.equal('rolling_back');
        const kept = await under().store.write([writeOf(run, { state: 'rolling_back', keep: true, cursor: back })]);
        expect(kept.has(run.id)).to.equal(true);
        expect(await claimAll(worker)).to.deep.equal([]);
        await under().recover(worker);
        expect(await stateOf(run)).to.equal('rolling_back');
        const [again] = await claimAll(await under().newWorker());
        expect(again).to.include({ id: run.id, interrupted: true });
        expect((await under().store.write([writeOf(run)])).size, 'a write of the lost one').to.equal(0);
      });

      it('waits under it, without a lease', async () => {
        const { run } = await begun({ cursor: back });
        await under().store.write([writeOf(run, { state: 'rolling_back', waitMs: 0, cursor: back })]);
        expect(await stateOf(run)).to.equal('rolling_back');
        const [again] = await claimAll(await under().newWorker());
        expect(again).to.include({ id: run.id, interrupted: false, leaseEpoch: run.leaseEpoch + 1 });
      });

      it('holds its slot', async () => {
        const concurrency = { key: 'sheet-3', limit: 1 };
        const { run, tenant } = await begun({ concurrency });
        await under().store.enqueue([newRun(tenant, { concurrency })]);
        await under().store.write([writeOf(run, { state: 'rolling_back', waitMs: 2 * HOUR, cursor: back })]);
        expect(await claimAll(await under().newWorker())).to.deep.equal([]);
      });
    });

    for (const state of ['waiting', 'rolling_back'] as const) {
      it(`lets no ${state} go beyond the deadline, which a write may set anew`, async () => {
        const { run } = await begun({ deadlineMs: 2 * HOUR });
        await under().store.write([writeOf(run, { state, waitMs: 5 * HOUR })]);
        expect((await under().look(run))?.dueIn).to.be.within(2 * HOUR - 60_000, 2 * HOUR);
        const { run: other } = await begun({ deadlineMs: 2 * HOUR });
        await under().store.write([writeOf(other, { state, waitMs: 5 * HOUR, deadlineMs: 4 * HOUR })]);
        expect((await under().look(other))?.dueIn).to.be.within(4 * HOUR - 60_000, 4 * HOUR);
      });
    }

    describe('a run that somebody asked to cancel', () => {
      it('says so at a checkpoint, and ends where it would wait', async () => {
        const { run } = await begun();
        await under().cancel(run);
        const kept = await under().store.write([writeOf(run, { state: 'running', keep: true })]);
        expect(kept.get(run.id)).to.deep.equal({ cancelRequested: true });
        await under().store.write([writeOf(run, { state: 'waiting', waitMs: 0 })]);
        expect(await under().look(run)).to.include({ state: 'cancelled', dueIn: null });
      });

      it('keeps a result that it has', async () => {
        const { run } = await begun();
        await under().cancel(run);
        const written = await under().store.write([writeOf(run)]);
        expect(written.get(run.id)).to.deep.equal({ cancelRequested: true });
        expect(await stateOf(run)).to.equal('succeeded');
      });

      for (const state of ['waiting', 'needs_review'] as const) {
        it(`is due at once instead of ${state} where it compensates, for a worker to begin the way back`, async () => {
          const { run } = await begun({ compensates: true });
          await under().cancel(run);
          await under().store.write([writeOf(run, { state, waitMs: 2 * HOUR })]);
          expect(await stateOf(run)).to.equal('waiting');
          const [again] = await claimAll(await under().newWorker());
          expect(again).to.include({ id: run.id, cancelRequested: true });
        });

        it(`is made due by the wish where it is ${state} and compensates`, async () => {
          const { run } = await begun({ compensates: true });
          await under().store.write([writeOf(run, { state, waitMs: 2 * HOUR })]);
          await under().cancel(run);
          const [again] = await claimAll(await under().newWorker());
          expect(again).to.include({ id: run.id, cancelRequested: true });
        });

        it(`ends by the wish where it is ${state} and compensates nothing`, async () => {
          const { run } = await begun();
          await under().store.write([writeOf(run, { state, waitMs: 2 * HOUR })]);
          await under().cancel(run);
          expect(await under().look(run)).to.include({ state: 'cancelled', dueIn: null });
        });
      }

      it('waits as long as it says on its way back, and may stop there for a review', async () => {
        const cursor: Cursor = { ...EMPTY, rollback: { ends: 'cancelled' } };
        for (const state of ['rolling_back', 'needs_review'] as const) {
          const { run } = await begun({ compensates: true });
          await under().cancel(run);
          await under().store.write([writeOf(run, { state, waitMs: 2 * HOUR, cursor })]);
          expect(await stateOf(run)).to.equal(state);
          expect(await claimAll(await under().newWorker())).to.deep.equal([]);
        }
      });

      it('has ended where it had not begun, whether it compensates or not', async () => {
        const tenant = await under().newTenant();
        const run = newRun(tenant, { compensates: true });
        await under().store.enqueue([run]);
        await under().cancel(run);
        expect(await under().look(run)).to.include({ state: 'cancelled', dueIn: null });
      });

      it('takes a slot for its way back from a review, in its turn', async () => {
        const concurrency = { key: 'sheet-4', limit: 1 };
        const { run, tenant, worker } = await begun({ concurrency, compensates: true });
        await under().store.enqueue([newRun(tenant, { concurrency })]);
        await under().store.write([writeOf(run, { state: 'needs_review' })]);
        const [other] = await claimAll(worker);
        await under().cancel(run);
        expect(await claimAll(worker)).to.deep.equal([]);
        await under().store.write([writeOf(other!)]);
        expect((await claimAll(worker)).map(({ id }) => id)).to.deep.equal([run.id]);
      });
    });

    it('keeps one row of the trace for a step that polls, at its place', async () => {
      const { run, worker } = await begun();
      const row = (step: string, more: Partial<TraceRow>): TraceRow => ({
        step,
        attempt: 1,
        state: 'succeeded',
        idempotencyKey: KEY,
        startedAt: 1000,
        finishedAt: 1000,
        ...more,
      });
      const poll = (polls: number, startedAt: number) => row('watch', { polls, startedAt, state: 'waiting' });
      await under().store.write([writeOf(run, { state: 'waiting', waitMs: 0, trace: [row('make', {}), poll(1, 2000)] })]);
      const [again] = await claimAll(worker);
      await under().store.write([writeOf(again!, { trace: [poll(2, 3000), poll(3, 4000), row('make', { attempt: 2 })] })]);
      const seen = await under().look(run);
      expect(seen?.trace.map((one) => [one.step, one.attempt, one.polls ?? null, one.startedAt])).to.deep.equal([
        ['make', 1, null, 1000],
        ['watch', 1, 3, 2000],
        ['make', 2, null, 1000],
      ]);
    });

    describe('runs that a write brings with it', () => {
      it('are made with it, once, and not at all where the lease is lost', async () => {
        const { run, worker, tenant } = await begun();
        const [rest, more] = [newRun(tenant), newRun(tenant)];
        const checkpoint = writeOf(run, { state: 'running', keep: true, spawn: [rest] });
        await under().store.write([checkpoint]);
        // The answer to a commit was lost: the same write comes again.
        await under().store.write([checkpoint]);
        expect((await claimAll(worker)).map(({ id }) => id)).to.deep.equal([rest.id]);
        await under().recover(worker);
        await under().store.write([writeOf(run, { spawn: [more] })]);
        expect(await under().look(more)).to.equal(undefined);
      });

      it('may take over its exclusive key; where another has theirs, nothing is written', async () => {
        const { run, worker, tenant } = await begun({ exclusiveKey: 'dataset:1' });
        await under().store.enqueue([newRun(tenant, { exclusiveKey: 'dataset:2' })]);
        const spawn = [newRun(tenant, { exclusiveKey: 'dataset:2' })];
        expect(await rejection(under().store.write([writeOf(run, { spawn })]))).to.be.instanceOf(RunExclusion);
        expect(await stateOf(run)).to.equal('running');
        const next = newRun(tenant, { exclusiveKey: 'dataset:1' });
        await under().store.write([writeOf(run, { spawn: [next] })]);
        expect((await claimAll(worker)).map(({ id }) => id)).to.include(next.id);
      });
    });
  });
}
