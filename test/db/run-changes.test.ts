import { expect } from 'chai';
import { RunExclusion, type ClaimedRun, type Cursor, type NewRun } from '../../core/kernel/runs.ts';
import type { Cancellation } from '../../core/kernel/stores/runs.ts';
import { runRecords } from '../../db/stores/run-records.ts';
import { runOf, writeOf } from '../runtime/run-store.contract.ts';
import { rejection } from '../support/rejection.ts';
import { runTable, type RunTable } from '../support/run-table.ts';
import { eventually } from '../support/sluice-process.ts';

const CURSOR: Cursor = { steps: {}, generation: 0 };
const BACK: Cursor = { ...CURSOR, rollback: { ends: 'failed' } };
const HOUR = 3_600_000;

describe('The control plane changes runs', () => {
  let table: RunTable;
  before(async () => {
    table = await runTable();
  });
  after(() => table.drop());

  const queued = async (more: Partial<NewRun> = {}): Promise<NewRun> => {
    const run = runOf(table, await table.newTenant(), more);
    await table.store.enqueue([run]);
    return run;
  };
  const begun = async (more: Partial<NewRun> = {}): Promise<ClaimedRun> => {
    const { id } = await queued(more);
    return (await table.store.claim(await table.newWorker(), 100)).find((run) => run.id === id)!;
  };
  const cancel = ({ tenantId, id }: { tenantId: string; id: string }): Promise<Cancellation> =>
    table.inTransaction((client) => runRecords(client).cancel(tenantId, id));

  it('shows context, exclusive key, deadline and whether it compensates; its version rises with each change', async () => {
    const context = { environment: { name: 'prod' } };
    const run = await begun({ context, exclusiveKey: 'environment:1', deadlineMs: HOUR, compensates: true });
    const find = () => table.inTransaction((client) => runRecords(client).find(run.tenantId, run.id));
    const before = await find();
    expect(before).to.deep.include({ context, exclusiveKey: 'environment:1', compensates: true });
    expect(before!.deadline!.getTime() - before!.createdAt.getTime()).to.equal(HOUR);
    await table.store.write([writeOf(run, { state: 'running', keep: true })]);
    expect((await find())!.version).to.equal(before!.version + 1);
  });

  describe('A cancellation', () => {
    it('ends a run that waits, and asks the worker of one under way', async () => {
      const run = await queued();
      expect(await cancel(run)).to.equal('cancelled');
      expect(await cancel(run)).to.equal('ended');
      const running = await begun();
      expect(await cancel(running)).to.equal('cancelling');
      expect(await cancel(running)).to.equal('cancelling');
    });

    it('comes too late for a run on its way back, held or waiting', async () => {
      expect(await cancel(await begun({ cursor: BACK }))).to.equal('rollingBack');
      expect(await cancel(await queued({ cursor: BACK }))).to.equal('rollingBack');
    });

    it('goes through a worker where the run compensates and has begun', async () => {
      const run = await begun({ compensates: true });
      await table.store.write([writeOf(run, { state: 'waiting', waitMs: HOUR })]);
      expect(await cancel(run)).to.equal('cancelling');
      expect(await cancel(run), 'once more').to.equal('cancelling');
    });

    it('does not lose a result that is written at the same time', async () => {
      const run = await begun();
      const written = await table.inTransaction(async (client) => {
        await runRecords(client).cancel(run.tenantId, run.id);
        const writing = table.store.write([writeOf(run, { outputs: { ok: true } })]);
        await aStatementWaits();
        return { writing };
      });
      expect([...(await written.writing)]).to.deep.equal([[run.id, { cancelRequested: true }]]);
      expect(await table.look(run)).to.include({ state: 'succeeded' });
    });

    it('of a parked run leaves the slot that comes free in the same moment to the next', async () => {
      const concurrency = { key: 'sheet', limit: 1 };
      const first = await begun({ concurrency });
      const parked = runOf(table, first.tenantId, { concurrency });
      const next = runOf(table, first.tenantId, { concurrency });
      await table.store.enqueue([parked, next]);
      const { writing } = await table.inTransaction(async (client) => {
        await runRecords(client).cancel(parked.tenantId, parked.id);
        const ending = table.store.write([writeOf(first)]);
        await aStatementWaits();
        return { writing: ending };
      });
      await writing;
      expect(await table.look(parked)).to.include({ state: 'cancelled', dueIn: null });
      const due = await table.store.claim(await table.newWorker(), 100);
      expect(due.map(({ id }) => id)).to.deep.equal([next.id]);
    });

    const aStatementWaits = (): Promise<unknown> =>
      eventually('a statement waits for the row', async () => {
        const { rowCount } = await table.engine.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return rowCount;
      });
  });

  describe('A run that is set going again', () => {
    const ended = async (more: Partial<NewRun>): Promise<ClaimedRun> => {
      const run = await begun(more);
      await table.store.write([writeOf(run, { state: 'failed' })]);
      return run;
    };

    it('goes the way back where its cursor says so, with a deadline of its own', async () => {
      const run = await ended({ deadlineMs: HOUR });
      const found = await table.inTransaction(async (client) => {
        const runs = runRecords(client);
        const before = await runs.find(run.tenantId, run.id);
        expect(await runs.requeue(before!, ['failed'], { cursor: BACK, deadlineMs: 3 * HOUR })).to.equal(true);
        return runs.find(run.tenantId, run.id);
      });
      expect(found).to.deep.include({ state: 'rolling_back', cursor: BACK });
      expect(found!.deadline!.getTime() - found!.updatedAt.getTime()).to.equal(3 * HOUR);
      const [claimed] = await table.store.claim(await table.newWorker(), 100);
      expect(claimed).to.include({ id: run.id });
      expect(await table.look(run)).to.include({ state: 'rolling_back' });
    });

    it('is refused while another has its exclusive key; the transaction goes on', async () => {
      const run = await ended({ exclusiveKey: 'environment:1' });
      const other = runOf(table, run.tenantId, { exclusiveKey: 'environment:1' });
      await table.store.enqueue([other]);
      await table.inTransaction(async (client) => {
        const runs = runRecords(client);
        const found = await runs.find(run.tenantId, run.id);
        const error = await rejection(runs.requeue(found!, ['failed'], { cursor: CURSOR }));
        expect(error).to.be.instanceOf(RunExclusion).and.to.include({ exclusiveKey: 'environment:1' });
        expect(await runs.cancel(other.tenantId, other.id)).to.equal('cancelled');
        expect(await runs.requeue(found!, ['failed'], { cursor: CURSOR })).to.equal(true);
      });
      expect(await table.look(run)).to.include({ state: 'queued' });
    });
  });
});
