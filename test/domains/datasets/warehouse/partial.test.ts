import { expect } from 'chai';
import { sold, TILL } from './till.ts';
import { DatasetStand, type EndedRun } from '../../../support/dataset.ts';
import { rejection } from '../../../support/rejection.ts';

const DAYS = { from: '2026-03-01', to: '2026-03-03' };

describe('a build in which partitions fail', function () {
  this.timeout(60_000);
  let stand: DatasetStand;
  before(async () => {
    stand = await DatasetStand.open(TILL);
  });
  after(() => stand.close());
  beforeEach(async () => {
    await stand.turnOn('2026-03-01T00:00:00Z');
    stand.now('2026-03-03T20:00:00Z');
    await stand.load('shops', '2026-03-01T10:00:00Z', { id: 's1' }, { id: 's2' });
  });

  let minute = 0;
  const later = (): string => `2026-03-03T12:${String(++minute % 60).padStart(2, '0')}:00Z`;
  const load = (...rows: readonly ReturnType<typeof sold>[]) => stand.load('sold', later(), ...rows);
  const succeeded = async (): Promise<void> => {
    const run = await stand.run('build');
    expect(run.state, run.error?.message).to.equal('succeeded');
  };
  const failed = async (...run: Parameters<DatasetStand['run']>): Promise<EndedRun> => {
    const ended = await stand.run(...run);
    expect(ended.state).to.equal('failed');
    expect(ended.error).to.include({ kind: 'config' });
    return ended;
  };
  const keys = async (table: string): Promise<Record<string, string>> =>
    Object.fromEntries((await stand.current(table)).map(({ partition, key }) => [partition, key]));

  it('leaves them as they were, and what follows them; the others become current, and the reason stays with the mark', async () => {
    await load(sold('a', '2026-03-01'), sold('b', '2026-03-02'));
    await succeeded();
    const before = { takings: await keys('takings'), daily: await keys('daily'), total: await keys('total') };
    await load(sold('c', '2026-03-01', { shop: 'nobody', cents: 2 }), sold('d', '2026-03-02', { cents: 2 }));
    const { error } = await failed('build');
    expect(error?.message).to.include('takings 2026-03-01: relationships (shop in latest_shop.id): 1 row, for example (nobody)');
    const after = { takings: await keys('takings'), daily: await keys('daily'), total: await keys('total') };
    expect(after.takings['2026-03-01']).to.equal(before.takings['2026-03-01']);
    expect(after.daily['2026-03-01']).to.equal(before.daily['2026-03-01']);
    expect(after.total).to.deep.equal(before.total);
    expect(await stand.ask('select cast(cents as bigint) from daily order by day')).to.deep.equal([[1], [3]]);
    expect(await stand.marks()).to.deep.equal(['takings 2026-03-01', 'total ']);
    await stand.load('shops', later(), { id: 'nobody' });
    await succeeded();
    expect(await stand.ask('select cast(cents as bigint), days from total')).to.deep.equal([[6, 2]]);
    expect(await stand.marks()).to.deep.equal([]);
  });

  it('asks each test of a model, and says which found what', async () => {
    const found: Readonly<Record<string, Parameters<typeof sold>[2]>> = {
      'unique (receipt): 2 rows, for example (a).': { receipt: 'a' },
      'notNull (shop): 1 row, for example (null).': { shop: null },
      'relationships (shop in latest_shop.id): 1 row, for example (s9).': { shop: 's9' },
      'acceptedValues (cents): 1 row, for example (5).': { cents: 5 },
      'reconcile (sum of cents with takings.sum.sql): it is 4, and 1 is what it should be.': { cents: 3 },
    };
    for (const [message, more] of Object.entries(found)) {
      await stand.turnOn('2026-03-01T00:00:00Z');
      await stand.load('shops', later(), { id: 's1' });
      await load(sold('a', '2026-03-03'), sold('b', '2026-03-03', more));
      const { error } = await failed('build');
      expect(error?.message).to.equal(`A partition stays as it was: takings 2026-03-03: ${message}`);
    }
  });

  it('knows two rows alike from two partitions, of which only one was built', async () => {
    await load(sold('a', '2026-03-01'));
    await succeeded();
    await load(sold('b', '2026-03-02', { receipt: 'a' }));
    expect((await failed('build')).error?.message).to.include('takings 2026-03-02: unique (receipt): 1 row');
    expect(await stand.partitions('takings')).to.deep.equal({ '2026-03-01': 1 });
  });

  it('counts how fresh a model is to the end of the day, in the time zone of the dataset', async () => {
    // In Berlin the day ends at 23:00 UTC.
    await load(sold('a', '2026-03-03', { sold_at: '2026-03-03 10:59:59' }));
    const { error } = await failed('nightly', { date: '2026-03-03' });
    expect(error?.message).to.include('newest: freshness (sold_at): the newest value is 2026-03-03 10:59:59').and.include('2026-03-03 11:00:00');
    await load(sold('a', '2026-03-03', { sold_at: '2026-03-03 11:00:00' }));
    await succeeded();
    expect(await stand.partitions('newest')).to.deep.equal({ '': 1 });
  });

  it('goes on with the other models where the values of one do not fit its columns', async () => {
    const broken = { ...TILL, files: { ...TILL.files, 'daily.sql': 'select day, sum(cents) * 9000000000000000000 * 9000000000000000000 * 9000000000000000000 as cents, count(*) as items from takings group by day' } };
    const other = await DatasetStand.open(broken);
    try {
      await other.turnOn('2026-03-01T00:00:00Z');
      other.now('2026-03-03T20:00:00Z');
      await other.load('shops', later(), { id: 's1' });
      await other.load('sold', later(), sold('a', '2026-03-03'));
      const { state, error } = await other.run('build', DAYS);
      expect(state).to.equal('failed');
      expect(error?.message).to.match(/daily 2026-03-03: .*Error/).and.match(/total: It was not built, since "daily" of 2026-03-0\d was not/);
      expect(await other.partitions('takings')).to.deep.equal({ '2026-03-03': 1 });
      expect(await other.partitions('newest')).to.deep.equal({ '': 1 });
    } finally {
      await other.close();
    }
  });

  it('builds only the models asked for, and marks what should have followed them', async () => {
    await load(sold('a', '2026-03-03'));
    const run = await stand.run('build', { ...DAYS, models: ['takings'] });
    expect(run.state, run.error?.message).to.equal('succeeded');
    expect(await stand.partitions('takings')).to.deep.equal({ '2026-03-03': 1 });
    expect(await stand.partitions('daily')).to.deep.equal({});
    expect(await stand.marks()).to.have.members(['newest ', 'daily 2026-03-03']);
    await succeeded();
    expect(await stand.ask('select cast(cents as bigint) from total')).to.deep.equal([[1]]);
    expect(await stand.marks()).to.deep.equal([]);
  });

  it('builds once more what has failed, where the run is replayed, and not what it has built by then', async () => {
    await load(sold('a', '2026-03-01'), sold('b', '2026-03-02', { shop: 'nobody' }));
    const run = await stand.claimed('build');
    const work = stand.work(run.id);
    const carry = async (): Promise<void> => {
      while (!(await stand.services.export(work, undefined)).done);
      while (!(await stand.services.build(work, DAYS)).done);
    };
    expect((await rejection(carry())).message).to.include('takings 2026-03-02: relationships');
    await stand.end(run, 'failed');
    await stand.load('shops', later(), { id: 'nobody' });
    // As a replay does: what an ended run makes is not noted.
    await stand.db.engine.query(`UPDATE runs SET state = 'running', finished_at = NULL WHERE id = $1`, [run.id]);
    await carry();
    const staged = await stand.deps.records.staged(stand.ref, run.id);
    const again = staged.filter(({ table, made }) => made && (table === 'takings' || table === 'daily'));
    expect(again.map(({ table, partition }) => `${table} ${partition}`).sort()).to.deep.equal(['daily 2026-03-02', 'takings 2026-03-02']);
  });
});
