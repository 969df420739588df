import { expect } from 'chai';
import type { ClaimedRun, Cursor } from '../../core/kernel/runs.ts';
import { requeueRun } from '../../db/stores/runs/requeue.ts';
import type { MovedRun, Subject } from '../../db/stores/runs/subject.ts';
import { runOf, writeOf } from '../runtime/run-store.contract.ts';
import { rejection } from '../support/rejection.ts';
import { runTable, type RunTable } from '../support/run-table.ts';

const CURSOR: Cursor = { steps: {}, generation: 0 };

describe('The subject of a run', () => {
  let table: RunTable;
  let moves: MovedRun[] = [];
  let refuses = false;
  const subject: Subject = {
    kinds: ['create', 'delete'],
    underWay: true,
    move(_client, runs) {
      moves.push(...runs);
      if (refuses) throw new Error('The subject cannot move.');
      return [];
    },
  };
  /** What it heard of a run since that was claimed. */
  const heardSince = (claimed: ClaimedRun) =>
    moves
      .filter(({ id }) => id === claimed.id)
      .map(({ state, cancelRequested, rollingBack }) => ({ state, cancelRequested, rollingBack }))
      .slice(2);
  const calm = { cancelRequested: false, rollingBack: false };
  const subjects = [subject];

  before(async () => {
    table = await runTable(subjects);
  });
  after(() => table.drop());
  beforeEach(() => {
    moves = [];
    refuses = false;
  });

  const begun = async (): Promise<{ run: ClaimedRun; worker: string }> => {
    const tenant = await table.newTenant();
    const creation = runOf(table, tenant, { kind: 'create', subject: 'environment:1', compensates: true });
    await table.store.enqueue([creation, runOf(table, tenant)]);
    const worker = await table.newWorker();
    const runs = await table.store.claim(worker, 100);
    return { run: runs.find(({ id }) => id === creation.id)!, worker };
  };

  it('hears of its own runs alone, where they are made and where a worker takes them up', async () => {
    const { run } = await begun();
    const { tenantId, id } = run;
    const its = { tenantId, id, kind: 'create', subject: 'environment:1', ...calm };
    expect(moves.filter((move) => move.tenantId === tenantId)).to.deep.equal([
      { ...its, state: 'queued' },
      { ...its, state: 'running' },
    ]);
  });

  it('moves with what is written, with a wish to cancel, on the way back and when the run is set going again', async () => {
    const { run } = await begun();
    await table.store.write([writeOf(run, { state: 'waiting', waitMs: 3_600_000 })]);
    await table.cancel(run);
    const [again] = await table.store.claim(await table.newWorker(), 100);
    const cursor: Cursor = { ...CURSOR, rollback: { ends: 'cancelled' } };
    await table.store.write([writeOf(again!, { state: 'rolling_back', keep: true, cursor })]);
    await table.store.write([writeOf(again!, { state: 'cancelled', cursor })]);
    await table.inTransaction((client) => requeueRun(client, run, ['cancelled'], { cursor: CURSOR }, subjects));
    const cancelling = { cancelRequested: true, rollingBack: false };
    expect(heardSince(run)).to.deep.equal([
      { state: 'waiting', ...calm },
      { state: 'waiting', ...cancelling },
      { state: 'running', ...cancelling },
      { state: 'rolling_back', cancelRequested: true, rollingBack: true },
      { state: 'cancelled', cancelRequested: true, rollingBack: true },
      { state: 'queued', ...calm },
    ]);
  });

  it('moves when a worker is lost, gives back what it has not begun, or does not know of', async () => {
    const { run, worker } = await begun();
    await table.recover(worker);
    const other = await table.newWorker();
    await table.store.unclaim(await table.store.claim(other, 100));
    await table.store.claim(other, 100);
    await table.store.giveBack(other, []);
    expect(heardSince(run).map(({ state }) => state)).to.deep.equal(['queued', 'running', 'queued', 'running', 'queued']);
  });

  it('is spared what happens under way, where that says nothing to it, and hears of the end that a wish to cancel makes', async () => {
    const move: Subject['move'] = (client, runs) => subject.move(client, runs);
    const spared = await runTable([{ kinds: subject.kinds, move }]);
    try {
      const run = runOf(spared, await spared.newTenant(), { kind: 'create', subject: 'environment:1' });
      await spared.store.enqueue([run]);
      const worker = await spared.newWorker();
      const [first] = await spared.store.claim(worker, 1);
      await spared.store.write([writeOf(first!, { state: 'waiting', waitMs: 0 })]);
      const [again] = await spared.store.claim(worker, 1);
      await spared.cancel(run);
      expect(moves.map(({ state }) => state)).to.deep.equal(['running']);
      refuses = true;
      await rejection(spared.store.write([writeOf(again!, { state: 'waiting', waitMs: 0 })]));
      expect(await spared.look(run)).to.include({ state: 'running' });
      refuses = false;
      const written = await spared.store.write([writeOf(again!, { state: 'waiting', waitMs: 0 })]);
      expect([...written.keys()]).to.deep.equal([run.id]);
      expect(await spared.look(run)).to.include({ state: 'cancelled' });
      expect(moves.map(({ state }) => state)).to.deep.equal(['running', 'cancelled', 'cancelled']);
    } finally {
      await spared.drop();
    }
  });

  it('moves together with its run or not at all', async () => {
    const { run } = await begun();
    refuses = true;
    await rejection(table.store.write([writeOf(run)]));
    await rejection(table.cancel(run));
    expect(await table.look(run)).to.include({ state: 'running' });
    refuses = false;
    await table.store.write([writeOf(run)]);
    expect(await table.look(run)).to.include({ state: 'succeeded' });
  });

  it('does not hear of a result that came too late', async () => {
    const { run, worker } = await begun();
    await table.recover(worker);
    await table.store.write([writeOf(run)]);
    expect(heardSince(run).map(({ state }) => state)).to.deep.equal(['queued']);
  });
});
