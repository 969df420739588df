import { expect } from 'chai';
import { buildPiece } from '../../../../core/domains/datasets/warehouse/build.ts';
import { exportPiece } from '../../../../core/domains/datasets/warehouse/export.ts';
import type { DatasetDeps } from '../../../../core/domains/datasets/deps.ts';
import type { ClaimedRun } from '../../../../core/kernel/runs.ts';
import type { WarehouseRecords } from '../../../../core/kernel/stores/warehouse-records.ts';
import { keysIn } from '../../../plugins/object-store.contract.ts';
import { rejection } from '../../../support/rejection.ts';
import { sold, TILL } from './till.ts';
import { DatasetStand } from '../../../support/dataset.ts';

const NOON = '2026-03-03T12:00:00Z';

describe('the work on a warehouse', function () {
  this.timeout(60_000);
  let stand: DatasetStand;
  before(async () => {
    stand = await DatasetStand.open(TILL);
  });
  after(() => stand.close());
  beforeEach(async () => {
    await stand.turnOn('2026-03-03T00:00:00Z');
    stand.now('2026-03-03T20:00:00Z');
    await stand.load('shops', NOON, { id: 's1' });
    await stand.load('sold', NOON, sold('a', '2026-03-02'), sold('b', '2026-03-03'));
  });

  const exportAll = async (run: ClaimedRun): Promise<void> => {
    while (!(await stand.services.export(stand.work(run.id), undefined)).done);
  };
  const buildAll = async (run: ClaimedRun): Promise<void> => {
    while (!(await stand.services.build(stand.work(run.id), {})).done);
  };
  /** The stores, of whose records one method breaks after it has done its work, or before. */
  const breaking = (method: keyof WarehouseRecords, when: 'before' | 'after'): DatasetDeps => {
    const { records } = stand.deps;
    const broken = async (...values: never[]): Promise<never> => {
      if (when === 'after') await (records[method] as (...values: never[]) => Promise<unknown>)(...values);
      throw new Error('Killed.');
    };
    return { ...stand.deps, records: { ...records, [method]: broken } };
  };

  for (const when of ['before', 'after'] as const) {
    it(`is done again, and once, where an export was killed ${when} it has noted something`, async () => {
      const run = await stand.claimed('build');
      const work = stand.work(run.id);
      for (const method of ['openExport', 'noteExported', 'commitExport'] as const) {
        const deps = breaking(method, when);
        for (let piece = 0; ; piece++) {
          // The pieces before its place are done well.
          const error = await exportPiece(deps, work, undefined).then(() => undefined, (caught: Error) => caught);
          if (error || piece > 10) break;
        }
        await exportPiece(stand.deps, work, undefined);
      }
      await exportAll(run);
      expect(await stand.partitions('sold')).to.deep.equal({ '2026-03-03': 2 });
      expect(await stand.ask('select id, cents from sold order by id')).to.deep.equal([['a', 1], ['b', 1]]);
      await exportAll(run);
      const { rows } = await stand.db.engine.query('SELECT night FROM dataset_exports WHERE tenant_id = $1', [stand.ref.tenantId]);
      expect(rows).to.deep.equal([{ night: '2026-03-03' }]);
      await stand.end(run, 'cancelled');
    });

    it(`is done again, and once, where a build was killed ${when} it has staged something`, async () => {
      const run = await stand.claimed('build');
      await exportAll(run);
      await rejection(buildPiece(breaking('stage', when), stand.work(run.id), {}));
      await buildAll(run);
      const staged = await stand.deps.records.staged(stand.ref, run.id);
      expect(staged.map(({ table, partition }) => `${table} ${partition}`)).to.deep.equal([
        'daily 2026-03-02',
        'daily 2026-03-03',
        'newest ',
        'takings 2026-03-02',
        'takings 2026-03-03',
        'total ',
      ]);
      await stand.end(run, 'succeeded');
      expect(await stand.ask('select cast(cents as bigint), days from total')).to.deep.equal([[2, 2]]);
    });
  }

  it('is current with the end of its run, and not before, be that good or bad', async () => {
    for (const state of ['succeeded', 'failed'] as const) {
      const run = await stand.claimed('build');
      await exportAll(run);
      const before = await stand.current('takings', 'total');
      await buildAll(run);
      expect(await stand.current('takings', 'total')).to.deep.equal(before);
      await stand.end(run, state);
      expect((await stand.current('takings', 'total')).length).to.equal(3);
      expect(await stand.marks()).to.deep.equal([]);
      expect(await stand.deps.records.staged(stand.ref, run.id)).to.deep.equal([]);
      await stand.load('sold', NOON, sold('a', '2026-03-02', { cents: 2, sold_at: '2026-03-03 13:00:00' }));
    }
  });

  it('is dropped where its run is cancelled, and is still to be done', async () => {
    const run = await stand.claimed('build');
    await exportAll(run);
    await buildAll(run);
    await stand.end(run, 'cancelled');
    expect(await stand.current('takings', 'total')).to.deep.equal([]);
    expect(await stand.marks()).to.have.members(['takings 2026-03-02', 'takings 2026-03-03', 'newest ']);
  });

  it('marks what should have followed, where the run ends before it came to that', async () => {
    const run = await stand.claimed('build');
    await exportAll(run);
    const { done } = await stand.services.build(stand.work(run.id), { models: ['takings'] });
    expect(done).to.equal(false);
    await stand.end(run, 'failed');
    expect(await stand.partitions('takings')).to.deep.equal({ '2026-03-02': 1, '2026-03-03': 1 });
    expect(await stand.marks()).to.have.members(['daily 2026-03-02', 'daily 2026-03-03', 'newest ']);
  });

  it('says nothing for a run that has ended', async () => {
    const run = await stand.claimed('build');
    await exportAll(run);
    await stand.end(run, 'failed');
    await stand.services.build(stand.work(run.id), {});
    expect(await stand.deps.records.staged(stand.ref, run.id)).to.deep.equal([]);
  });

  it('leaves objects that go a day after nothing names them', async () => {
    const run = await stand.claimed('build');
    const work = stand.work(run.id);
    await rejection(exportPiece(breaking('noteExported', 'before'), work, undefined));
    await exportAll(run);
    await rejection(buildPiece(breaking('stage', 'before'), work, {}));
    await buildAll(run);
    await stand.end(run, 'succeeded');
    await stand.run('build', { from: '2026-03-02', to: '2026-03-03' });
    const current = (await stand.current()).map(({ key }) => key).sort();
    const prefix = `warehouse/${stand.ref.tenantId}/`;
    expect((await keysIn(stand.deps.objects, prefix)).length).to.be.greaterThan(current.length);
    stand.now(new Date(Date.now() + 3_600_000).toISOString());
    expect(await stand.services.retire(work)).to.deep.include({ objects: 0, done: true });
    stand.now(new Date(Date.now() + 25 * 3_600_000).toISOString());
    expect((await stand.services.retire(work)).objects).to.be.greaterThan(0);
    expect(await keysIn(stand.deps.objects, prefix)).to.deep.equal(current);
    expect(await stand.ask('select count(*) from daily')).to.deep.equal([[2]]);
  });
});
