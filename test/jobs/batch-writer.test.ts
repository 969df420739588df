import { expect } from 'chai';
import { BatchWriter } from '../../core/jobs/batch-writer.ts';
import type { ClaimedRun } from '../../core/kernel/runs.ts';
import { runOf, writeOf } from '../runtime/run-store.contract.ts';
import { runTable, type RunTable } from '../support/run-table.ts';

describe('The writer of results', () => {
  let table: RunTable;
  let tenant: string;
  const troubles: unknown[] = [];
  before(async () => {
    table = await runTable();
    tenant = await table.newTenant();
    await table.store.enqueue([runOf(table, tenant, { exclusiveKey: 'dataset:1', delayMs: 3_600_000 })]);
  });
  after(() => table.drop());

  const begun = async (count: number): Promise<ClaimedRun[]> => {
    await table.store.enqueue(Array.from({ length: count }, () => runOf(table, tenant)));
    return table.store.claim(await table.newWorker(), count);
  };
  const writer = (): BatchWriter => new BatchWriter(table.store, (error) => troubles.push(error));
  const excluded = () => [runOf(table, tenant, { exclusiveKey: 'dataset:1' })];
  const errorOf = async ({ id }: ClaimedRun): Promise<{ message: string }> =>
    (await table.engine.query('SELECT error FROM runs WHERE id = $1', [id])).rows[0].error;

  it('tells each caller whether its lease held, and whether somebody asked to cancel', async () => {
    const [kept, cancelled, lost] = (await begun(3)) as [ClaimedRun, ClaimedRun, ClaimedRun];
    await table.cancel(cancelled);
    const one = writer();
    const late = { ...writeOf(lost), leaseEpoch: lost.leaseEpoch - 1 };
    expect(await Promise.all([one.write(writeOf(kept)), one.write(writeOf(cancelled)), one.write(late)])).to.deep.equal([
      { cancelRequested: false },
      { cancelRequested: true },
      undefined,
    ]);
  });

  it('puts a result that the table refuses into review, with the reason, and records the others of its batch', async () => {
    const runs = await begun(4);
    const one = writer();
    const written = await Promise.all(
      runs.map((run, place) => one.write(writeOf(run, place === 1 ? { spawn: excluded() } : {}))),
    );
    expect(written.map(Boolean)).to.deep.equal([true, false, true, true]);
    const states = await Promise.all(runs.map(async (run) => (await table.look(run))?.state));
    expect(states).to.deep.equal(['succeeded', 'needs_review', 'succeeded', 'succeeded']);
    expect((await errorOf(runs[1]!)).message).to.include('could not be recorded').and.include('dataset:1');
  });

  it('says that the lease is gone where a checkpoint was refused: nothing may be sent on the strength of it', async () => {
    const [run] = (await begun(1)) as [ClaimedRun];
    const kept = await writer().write(writeOf(run, { state: 'running', keep: true, spawn: excluded() }));
    expect(kept).to.equal(undefined);
    expect(await table.look(run)).to.include({ state: 'needs_review' });
  });
});
