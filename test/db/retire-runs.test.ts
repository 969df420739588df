import { expect } from 'chai';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { NewRun } from '../../core/kernel/runs.ts';
import { runOf, writeOf } from '../runtime/run-store.contract.ts';
import { runTable, type RunTable } from '../support/run-table.ts';

describe("The platform's routine runs", () => {
  let table: RunTable;
  before(async () => {
    table = await runTable();
  });
  after(() => table.drop());

  const ended = async (kind: string, state: 'succeeded' | 'failed', age: string, outputs?: JsonObject): Promise<NewRun> => {
    const run = { ...runOf(table, await table.newTenant()), kind };
    await table.store.enqueue([run]);
    const claimed = (await table.store.claim(await table.newWorker(), 100)).find(({ id }) => id === run.id)!;
    const trace = [{ step: 'send', attempt: 1, state: 'succeeded', startedAt: 0, finishedAt: 1 }] as const;
    await table.store.write([writeOf(claimed, { state, trace, ...(outputs && { outputs }) })]);
    await table.engine.query(`UPDATE runs SET finished_at = now() - $2::interval WHERE id = $1`, [run.id, age]);
    return run;
  };

  it('go a week after they went well, with their traces; what failed, and what somebody asked for, stays', async () => {
    const gone = [
      await ended('forward', 'succeeded', '8 days'),
      await ended('read', 'succeeded', '8 days'),
      await ended('retire', 'succeeded', '8 days', { rows: 3, objects: 0 }),
      await ended('load', 'succeeded', '8 days', { files: 0, rows: 0 }),
    ];
    const kept = [
      await ended('forward', 'succeeded', '6 days'),
      await ended('forward', 'failed', '8 days'),
      await ended('load', 'succeeded', '8 days', { files: 1, rows: 0 }),
      await ended('load', 'failed', '8 days'),
      await ended('action', 'succeeded', '8 days'),
      await ended('create', 'succeeded', '8 days'),
    ];
    expect(await table.store.retire(1)).to.equal(1);
    expect(await table.store.retire(10)).to.equal(3);
    const left = await table.engine.query<{ id: string; steps: number }>(
      'SELECT id, (SELECT count(*)::int FROM run_steps WHERE run_id = r.id) AS steps FROM runs r ORDER BY id',
    );
    expect(left.rows).to.deep.equal(kept.map(({ id }) => ({ id, steps: 1 })).toSorted((a, b) => (a.id < b.id ? -1 : 1)));
    const orphans = await table.engine.query('SELECT FROM run_steps WHERE run_id = ANY ($1)', [gone.map(({ id }) => id)]);
    expect(orphans.rowCount).to.equal(0);
  });
});
