import { expect } from 'chai';
import fc from 'fast-check';
import { Ids } from '../../../core/domains/logs/ids.ts';
import { IdSet } from '../../../core/domains/logs/tail/id-set.ts';
import { Tail } from '../../../core/domains/logs/tail/tail.ts';
import { TailedEvent } from '../../../core/domains/logs/tail/tailed-event.ts';
import { covering } from '../../../core/domains/logs/tail/unseen.ts';
import { VirtualClock } from '../../../core/kernel/clock.ts';
import { uuid7 } from '../../../core/kernel/ids.ts';
import type { LogFamily } from '../../../core/kernel/stores/logs.ts';
import type { UnitOfWork } from '../../../core/kernel/stores/stores.ts';
import { masterKey } from '../../../db/master-key.ts';
import { unitOfWork } from '../../../db/stores/unit-of-work.ts';
import { Vault } from '../../../db/vault.ts';
import { testDatabase, type TestDatabase } from '../../support/database.ts';

const range = fc
  .record({ first: fc.integer({ min: 1, max: 60 }), length: fc.integer({ min: 0, max: 12 }) })
  .map(({ first, length }) => ({ first, end: first + length }));
const numbers = ({ first, end }: { first: number; end: number }): number[] =>
  Array.from({ length: Math.min(end, 100) - first }, (_, i) => first + i);

describe('a set of ids', () => {
  it('holds what was added, in as few ranges as that takes, and knows what is missing', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 20 }), fc.integer({ min: 1, max: 80 }), (added, from) => {
        const set = new IdSet();
        const model = new Set(added.flatMap(numbers));
        for (const one of added) set.add(one);
        expect(set.ranges.flatMap(numbers)).to.deep.equal([...model].sort((a, b) => a - b));
        for (const [i, { first }] of set.ranges.entries()) {
          if (i > 0) expect(set.ranges[i - 1]!.end).to.be.below(first);
        }
        for (let id = 1; id < 80; id++) expect(set.has(id)).to.equal(model.has(id));
        const missing = set.missingFrom(from);
        expect(missing.at(-1)!.end).to.equal(Infinity);
        expect(missing.flatMap(numbers)).to.deep.equal(numbers({ first: from, end: 100 }).filter((id) => !model.has(id)));
        set.forgetBelow(from);
        for (let id = from; id < 80; id++) expect(set.has(id)).to.equal(model.has(id));
      }),
    );
  });

  it('is asked for in so many ranges at most, which hold all that is missing, and are counted what else they hold', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 20 }), fc.integer({ min: 1, max: 6 }), (added, most) => {
        const set = new IdSet();
        for (const one of added) set.add(one);
        const missing = set.missingFrom(1);
        const { ranges, seen } = covering(missing, most);
        expect(ranges.length).to.be.at.most(most);
        const covered = new Set(ranges.flatMap(numbers));
        for (const id of missing.flatMap(numbers)) expect(covered.has(id)).to.equal(true);
        expect(covered.size - missing.flatMap(numbers).length).to.equal(seen);
      }),
    );
  });
});

describe('ids of a process', () => {
  let database: TestDatabase;
  let work: UnitOfWork;
  let tenant: string;
  let now = 0;
  before(async () => {
    database = await testDatabase();
    work = unitOfWork(database.db, new Vault([masterKey(Buffer.alloc(32, 1))]), () => {});
  });
  beforeEach(async () => {
    tenant = uuid7();
    await work.within([tenant], async (stores) => {
      await stores.tenants.insert({ id: tenant, name: 'T', createdAt: new Date() });
      await database.db.engine.query("INSERT INTO log_shards (name, store, url, data_key, master_key_id) VALUES ('one', 'x', '', '', '') ON CONFLICT DO NOTHING");
    });
    await work.within([tenant], (stores) => stores.logFamilies.insert(tenant, 'dogs', 'one'));
  });
  after(() => database.drop());

  const open = (): Ids => new Ids(work, () => now);
  const take = async (ids: Ids, count: number): Promise<number[]> =>
    (await ids.take(tenant, 'dogs', count)).flatMap(({ first, end }) => Array.from({ length: end - first }, (_, i) => first + i));

  it('are not used when they are older than half a minute, and go to whoever asks next', async () => {
    const [one, two] = [open(), open()];
    for (let n = 1; n <= 4; n++) expect(await take(one, 1)).to.deep.equal([n]);
    // Of its block of four, three are left.
    now += 29_000;
    expect(await take(one, 1)).to.deep.equal([5]);
    now += 1000;
    expect(await take(one, 1)).to.deep.equal([6]);
    now += 31_000;
    await take(two, 10);
    expect((await take(one, 1))[0]).to.be.above(10);
  });

  it('rise: those given back are used again only where none was handed out since', async () => {
    const ids = open();
    await take(ids, 10);
    const first = await ids.take(tenant, 'dogs', 3);
    ids.giveBack(tenant, 'dogs', first);
    const again = await ids.take(tenant, 'dogs', 3);
    expect(again).to.deep.equal(first);
    const [later] = await take(ids, 1);
    ids.giveBack(tenant, 'dogs', again);
    expect((await take(ids, 1))[0]).to.be.above(later!);
  });

  it('are never below the floor that a tail is told of, from the time it is', async () => {
    const ids = open();
    const tail = async (): Promise<{ floor: number; isNew: boolean }> =>
      (await work.within([tenant], (stores) => stores.logFamilies.tail(tenant, 'dogs', uuid7(), 60)))!;
    const pass = (minutes: number): Promise<unknown> =>
      database.db.engine.query('UPDATE log_families SET id_marked_at = id_marked_at - make_interval(mins => $2) WHERE tenant_id = $1', [tenant, minutes]);
    await take(ids, 100);
    expect((await tail()).floor).to.equal(1);
    await pass(3);
    expect((await tail()).floor).to.equal(1);
    await take(ids, 100);
    await pass(3);
    expect((await tail()).floor).to.be.within(101, 201);
    // What is given back is used once more.
    await work.within([tenant], (stores) => stores.logFamilies.takeIds(tenant, 'dogs', 1000));
    await pass(3);
    const { floor } = await tail();
    const { rows } = await database.db.engine.query<{ next: number }>('SELECT next_id AS next FROM log_families WHERE tenant_id = $1', [tenant]);
    await pass(3);
    const before = (await tail()).floor;
    expect(before).to.be.above(floor);
    await work.within([tenant], (stores) => stores.logFamilies.returnIds(tenant, 'dogs', rows[0]!.next - 1000, rows[0]!.next));
    expect((await tail()).floor).to.be.at.most(rows[0]!.next - 1000);
  });

  it('of a family that nobody made have no tail, and a process is new to a family once', async () => {
    const process = uuid7();
    const tail = (family: string): Promise<{ isNew: boolean } | undefined> =>
      work.within([tenant], (stores) => stores.logFamilies.tail(tenant, family, process, 60));
    expect(await tail('none')).to.equal(undefined);
    expect([(await tail('dogs'))!.isNew, (await tail('dogs'))!.isNew]).to.deep.equal([true, false]);
    const tailedBy = async (): Promise<readonly string[]> =>
      (await work.within([tenant], (stores) => stores.logFamilies.find(tenant, 'dogs')))!.tailedBy;
    expect(await tailedBy()).to.deep.equal([process]);
    await database.db.engine.query("UPDATE log_tails SET until = now() - interval '1 second' WHERE tenant_id = $1", [tenant]);
    expect(await tailedBy()).to.deep.equal([]);
    expect((await tail('dogs'))!.isNew).to.equal(true);
  });
});

describe("a client's tail", () => {
  const family: LogFamily = {
    tenantId: '',
    name: 'dogs',
    columns: [{ name: 'n', type: 'int', version: 2 }],
    version: 2,
    applied: 2,
    homes: [],
    retentionDays: undefined,
    tailedBy: [],
    forwarded: false,
    createdAt: new Date(0),
  };
  const event = (n: number): TailedEvent => new TailedEvent(n, '2026-01-31 12:00:00.000000', [{ name: 'n', type: 'int' }], [n]);
  const open = (events: number): Tail =>
    new Tail('', family, { most: { events, characters: 1e6 }, clock: new VirtualClock(0) });

  it('counts what does not fit where it would have been', async () => {
    const tail = open(2);
    for (const n of [1, 2, 3, 4]) tail.offer(event(n), family);
    expect(tail.backlog.events).to.equal(2);
    const said = (await tail.take(1)).map(({ text }) => JSON.parse(text) as { id?: number; dropped?: number });
    expect(said.map(({ id, dropped }) => id ?? { dropped })).to.deep.equal([1, 2, { dropped: 2 }]);
    tail.offer(event(5), family);
    expect((await tail.take(1)).map(({ kind }) => kind)).to.deep.equal(['event']);
  });

  it('has nothing once it is closed, and wakes whoever waits for it', async () => {
    const tail = open(2);
    const waiting = tail.take(1000);
    tail.close();
    expect(await waiting).to.deep.equal([]);
    tail.offer(event(1), family);
    expect([await tail.take(1000), tail.backlog.events, tail.ended]).to.deep.equal([[], 0, true]);
  });
});
