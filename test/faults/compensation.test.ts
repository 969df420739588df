import { expect } from 'chai';
import { replayFromFailedStep, resolveDone, resolveNotDone } from '../../core/runtime/replay.ts';
import { cancelRun } from '../../db/stores/runs/cancel.ts';
import { requeueRun } from '../../db/stores/runs/requeue.ts';
import { testEngine, type TestEngine } from '../support/engine.ts';
import { DENIED, LOOKUP, Provider, PROVIDER_ORIGIN, provisioner } from '../support/provider.ts';
import { eventually } from '../support/sluice-process.ts';
import { cut, startVendor, type Vendor } from '../support/vendor.ts';

describe('What is undone when a run does not come to its end', () => {
  let vendor: Vendor;
  let engine: TestEngine;
  let once: TestEngine;
  let lookup: TestEngine;
  let hasty: TestEngine;
  let provider: Provider;

  before(async () => {
    vendor = await startVendor();
    const endpoints = { [PROVIDER_ORIGIN]: vendor.origin };
    [engine, once, lookup, hasty] = await Promise.all([
      testEngine(provisioner(), endpoints),
      testEngine(provisioner({ role: '{ mode: once }' }), endpoints),
      testEngine(provisioner({ role: LOOKUP }), endpoints),
      testEngine(provisioner({ deadline: 'PT0.4S' }), endpoints),
    ]);
    await Promise.all([engine, once, lookup, hasty].map((each) => each.worker()));
  });
  after(async () => {
    await Promise.all([engine, once, lookup, hasty].map((each) => each.close()));
    await vendor.close();
  });
  beforeEach(() => {
    provider = new Provider();
    vendor.answer(provider.answer);
  });

  const effectsOf = async (run: string, on = engine): Promise<string[]> =>
    ((await on.row(run)).cursor.effects ?? []).map(({ step, state }) => `${step} ${state}`);
  const cancel = (on: TestEngine, id: string) =>
    on.inTransaction((client) => cancelRun(client, { tenantId: on.tenantId, id }));

  it('nothing, where it does', async () => {
    const run = await engine.submit('create');
    const { outputs } = await engine.settled(run, 'succeeded');
    expect(Object.keys(outputs ?? {})).to.deep.equal(['networkId', 'roleId']);
    expect(provider.left).to.deep.equal(['networks', 'buckets', 'roles']);
  });

  it('a step refused with a 4xx had no effect: those before it are undone, the last first, and it is not tried again', async () => {
    provider.failAt('POST roles', DENIED);
    const run = await engine.submit('create');
    const { error } = await engine.settled(run, 'failed');
    expect(error).to.deep.include({
      code: 'ACCESS_DENIED',
      step: 'role',
      rule: 'default/403',
      provider: { status: 403, code: 'AccessDenied', requestId: 'r-1' },
    });
    expect(provider.deletions()).to.deep.equal(['DELETE buckets', 'DELETE networks']);
    expect(provider.count('POST roles')).to.equal(1);
    expect(provider.left).to.deep.equal([]);
    expect(await effectsOf(run)).to.deep.equal(['network undone', 'bucket undone']);
  });

  it('a step whose answer was lost is settled first, and then undone', async () => {
    let lost = 0;
    provider.trouble = (_request, call) => {
      if (call === 'POST roles') return { instead: DENIED };
      // Both attempts of the way forward are lost, after the effect; the way back gets its answer.
      return call === 'POST buckets' && lost++ < 2 ? { after: cut } : undefined;
    };
    const run = await engine.submit('create');
    await engine.settled(run, 'failed');
    expect(provider.left).to.deep.equal([]);
    expect(provider.count('POST buckets')).to.equal(3);
    expect(provider.deletions()).to.deep.equal(['DELETE buckets', 'DELETE networks']);
  });

  it('a provider that says it failed after it had begun', async () => {
    provider.state = 'FAILED';
    const run = await engine.submit('create');
    const { error } = await engine.settled(run, 'failed');
    expect(error).to.deep.include({ code: 'NOT_STABILIZED', message: 'no room', step: 'ready' });
    expect(provider.left).to.deep.equal([]);
  });

  it('what cannot be undone is listed with its reason, the rest is undone, and a replay undoes what is left', async () => {
    provider.trouble = (_request, call) => (call === 'POST roles' || call === 'DELETE buckets' ? { instead: DENIED } : undefined);
    const run = await engine.submit('create');
    const { error, cursor } = await engine.settled(run, 'failed');
    expect(error?.message).to.match(/1 of 2 effects could not be undone: bucket\.$/);
    expect(await effectsOf(run)).to.deep.equal(['network undone', 'bucket leaked']);
    expect(cursor.effects?.[1]?.error).to.deep.include({ code: 'ACCESS_DENIED', step: 'bucket/undo/drop-bucket' });
    expect(provider.left).to.deep.equal(['buckets']);

    provider.trouble = () => undefined;
    const again = replayFromFailedStep(cursor, 'failed', undefined);
    await engine.inTransaction((client) => requeueRun(client, { tenantId: engine.tenantId, id: run }, ['failed'], { cursor: again }));
    engine.wake();
    await eventually('the rest is undone', async () => provider.left.length === 0);
    await engine.settled(run, 'failed');
    expect(await effectsOf(run)).to.deep.equal(['network undone', 'bucket undone']);
  });

  it('what somebody took away by hand counts as undone', async () => {
    provider.trouble = (_request, call) => {
      if (call !== 'POST roles') return undefined;
      provider.things.clear();
      return { instead: DENIED };
    };
    const run = await engine.submit('create');
    await engine.settled(run, 'failed');
    expect(await effectsOf(run)).to.deep.equal(['network undone', 'bucket undone']);
  });

  it('a poll that never ends is ended by the deadline', async () => {
    provider.state = 'PENDING';
    const run = await hasty.submit('create');
    const { error } = await hasty.settled(run, 'failed');
    expect(error).to.deep.include({ code: 'DEADLINE_EXCEEDED', step: 'ready' });
    expect(provider.left).to.deep.equal([]);
    const polls = (await hasty.trace(run)).filter(({ step }) => step === 'ready');
    expect(polls, 'one row, however often it asked').to.have.length(1);
    expect(provider.count('GET networks')).to.be.greaterThan(3);
  });

  it('a cancelled run: its wait is cut, and what it did is undone', async () => {
    provider.state = 'PENDING';
    const run = await engine.submit('create');
    await eventually('it polls', async () => provider.log.includes('GET networks'));
    expect(await cancel(engine, run)).to.equal('cancelling');
    engine.wake();
    const { error } = await engine.settled(run, 'cancelled');
    expect(error).to.deep.include({ code: 'CANCELLED' });
    expect(provider.left).to.deep.equal([]);
    expect(await cancel(engine, run)).to.equal('ended');
  });

  it('a run whose worker is lost as it turns back: what it did is undone, and what may be left is listed', async () => {
    const ghosts = await testEngine(provisioner(), { [PROVIDER_ORIGIN]: vendor.origin });
    try {
      provider.failAt('POST roles', DENIED);
      const run = await ghosts.submit('create');
      const ahead = await ghosts.ghostClaim();
      await ghosts.carryUnrecorded(ahead.runs[0]!);
      await ghosts.bury(ahead.id);
      await ghosts.worker();
      await ghosts.settled(run, 'failed');
      expect(provider.left).to.deep.equal([]);
      expect(provider.count('POST roles'), 'in doubt, so sent again under its key, there and back').to.equal(3);
      expect(await effectsOf(run, ghosts), 'a refusal does not say what the request before it did').to.deep.equal(['network undone', 'bucket undone', 'role leaked']);
      expect(provider.count('POST networks')).to.equal(1);
    } finally {
      await ghosts.close();
    }
  });

  describe('a step that may not be repeated, its outcome unknown', () => {
    const inReview = async (): Promise<string> => {
      provider.trouble = (_request, call) => (call === 'POST roles' ? { after: cut } : undefined);
      const run = await once.submit('create');
      const { error } = await once.settled(run, 'needs_review');
      expect(error).to.deep.include({ code: 'OUTCOME_UNKNOWN', step: 'role' });
      provider.trouble = () => undefined;
      return run;
    };
    const resolve = async (run: string, how: typeof resolveNotDone | ((cursor: Parameters<typeof resolveDone>[0]) => ReturnType<typeof resolveDone>)) => {
      const { cursor } = await once.row(run);
      await once.inTransaction((client) =>
        requeueRun(client, { tenantId: once.tenantId, id: run }, ['needs_review'], { cursor: how(cursor) }),
      );
      once.wake();
    };
    const roleOf = (): string => [...provider.things].find(([, { kind }]) => kind === 'roles')![0];

    it('goes on where a person says that it was done', async () => {
      const run = await inReview();
      const roleId = roleOf();
      await resolve(run, (cursor) => resolveDone(cursor, { roleId }));
      const { outputs } = await once.settled(run, 'succeeded');
      expect(outputs).to.deep.include({ roleId });
      expect(provider.left).to.deep.equal(['networks', 'buckets', 'roles']);
    });

    it('is sent again where a person says that it was not', async () => {
      const run = await inReview();
      provider.things.delete(roleOf());
      await resolve(run, resolveNotDone);
      await once.settled(run, 'succeeded');
      expect(provider.left).to.deep.equal(['networks', 'buckets', 'roles']);
    });

    it('asks once more where the run is cancelled meanwhile, and is undone where it was done', async () => {
      const run = await inReview();
      expect(await cancel(once, run)).to.equal('cancelling');
      once.wake();
      await eventually('it asks on the way back', async () => {
        const { state, cursor } = await once.row(run);
        return state === 'needs_review' && cursor.rollback !== undefined;
      });
      const roleId = roleOf();
      await resolve(run, (cursor) => resolveDone(cursor, { roleId }));
      await once.settled(run, 'cancelled');
      expect(provider.left).to.deep.equal([]);
    });
  });

  describe('a step whose effect can be looked up', () => {
    it('is found and goes on, without a second request', async () => {
      provider.trouble = (_request, call) => (call === 'POST roles' ? { after: cut } : undefined);
      const run = await lookup.submit('create');
      const { outputs } = await lookup.settled(run, 'succeeded');
      expect(outputs?.['roleId']).to.be.a('string');
      expect(provider.count('POST roles')).to.equal(1);
    });

    it('is sent again once it has not been found for long enough', async () => {
      let sent = 0;
      provider.trouble = (_request, call) => (call === 'POST roles' && sent++ === 0 ? { instead: cut } : undefined);
      const run = await lookup.submit('create');
      await lookup.settled(run, 'succeeded');
      expect(provider.count('POST roles')).to.equal(2);
      expect(provider.count('GET roles')).to.be.greaterThan(1);
      expect(provider.left).to.deep.equal(['networks', 'buckets', 'roles']);
    });
  });
});
