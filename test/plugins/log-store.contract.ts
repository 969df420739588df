import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { Json } from '../../core/kernel/json.ts';
import {
  LogStoreError,
  type AppendBatch,
  type AppendGuard,
  type LogColumn,
  type LogShard,
  type LogStore,
  type LogStoreFault,
  type LogValue,
  type QueryLimits,
  type ShardTenant,
} from '../../core/kernel/logs.ts';
import type { Plugin } from '../../core/kernel/plugin.ts';
import { rejection } from '../support/rejection.ts';

/** A server of a test's own. */
export interface PrivateServer {
  readonly url: string;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Stops answering without closing anything (SIGSTOP), and goes on. */
  freeze(): void;
  thaw(): void;
  remove(): Promise<void>;
}

/** What the contract needs to know of a store's servers, beside the store. */
export interface LogStoreStand {
  readonly plugin: Plugin;
  /** A running server that other test files use as well. */
  url(): Promise<string>;
  privateServer(): Promise<PrivateServer>;
  /** How the n-th bound value is written, from 1. */
  readonly parameter: (position: number) => string;
  /** What `bool` columns hold when they are read. */
  readonly bools: { readonly true: 1 | true; readonly false: 0 | false };
  /** Runs a statement as one of the tenant's own users, with nothing of ours before it. */
  asUser(tenant: ShardTenant, user: 'readOnly' | 'readWrite', sql: string): Promise<unknown>;
  /** Runs a statement as the administrator in the tenant's database or schema. */
  asAdministrator(tenant: ShardTenant, sql: string): Promise<unknown>;
  /** Statements that the tenant's read-only user must be refused; `other` holds a table `events`. */
  forbidden(other: ShardTenant): readonly string[];
  /** Connections of the tenant at this moment, and how many of them run a statement. */
  connections(tenant: ShardTenant): Promise<{ readonly open: number; readonly running: number }>;
}

const LIMITS: QueryLimits = { timeoutMs: 20_000, maxRows: 10_000, maxBytes: 10_000_000 };

/** Takes minutes on any server, and no function of its own. */
const ENDLESS =
  'SELECT COUNT(*) FROM events a, events b, events c, events d, events e WHERE a.n + b.n = c.n + d.n + e.n';

const NUMBERED: readonly LogColumn[] = [
  { name: 'name', type: 'string' },
  { name: 'n', type: 'int' },
];

export function newTenant(): ShardTenant {
  return { tenantId: randomUUID(), password: `Pw-${randomUUID()}'"\\ü` };
}

/** Fails unless the promise ends with a LogStoreError of this fault. */
export async function refusal(fault: LogStoreFault, promise: Promise<unknown>): Promise<LogStoreError> {
  const error = await rejection(promise);
  expect(error, error.stack).to.be.instanceOf(LogStoreError);
  expect((error as LogStoreError).fault, error.message).to.equal(fault);
  return error as LogStoreError;
}

export function storeOf(plugin: Plugin): LogStore {
  if (plugin.type !== 'logStore') throw new Error(`${plugin.name} is no log store.`);
  return plugin;
}

/** What every log store keeps to. */
export function logStoreContract(folder: string, stand: LogStoreStand): void {
  const store = storeOf(stand.plugin);
  let shard: LogShard;
  const tenants: ShardTenant[] = [];

  before(async () => {
    shard = store.open(await stand.url(), { name: 'contract' });
  });
  after(async () => {
    for (const tenant of tenants) await shard.dropTenant(tenant);
    await shard.close();
  });

  const open = async (): Promise<ShardTenant> => {
    const tenant = newTenant();
    tenants.push(tenant);
    await shard.openTenant(tenant);
    return tenant;
  };
  /** A tenant with a table `events`. */
  const openWithEvents = async (rows = 0): Promise<ShardTenant> => {
    const tenant = await open();
    await shard.ensureTable(tenant, 'events', NUMBERED, 1);
    if (rows > 0) await write(tenant, [numbered(1, rows)]);
    return tenant;
  };
  const numbered = (firstId: number, count: number): AppendBatch => ({
    family: 'events',
    columns: NUMBERED,
    firstId,
    rows: Array.from({ length: count }, (_, index) => [`event ${firstId + index}`, firstId + index]),
    time: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
  });
  const write = async (
    tenant: ShardTenant,
    batches: readonly AppendBatch[],
    guard: AppendGuard = { epochs: { events: 1 }, keys: [] },
  ): Promise<void> => {
    expect(await shard.append(tenant, batches, guard)).to.deep.equal({ outcome: 'appended' });
  };
  const ask = async (tenant: ShardTenant, sql: string, ...values: LogValue[]): Promise<unknown> =>
    (await shard.query(tenant, { sql, values }, LIMITS)).rows;
  const idsOf = async (tenant: ShardTenant): Promise<unknown> =>
    ((await ask(tenant, 'SELECT id FROM events ORDER BY id')) as number[][]).flat();
  const p = stand.parameter;

  describe(`as every log store, ${folder}`, () => {
    it('is named as its folder and opens its own example', async () => {
      expect(store.name).to.equal(folder);
      const opened = store.open(store.example, { name: 'example' });
      expect(store.protocols).to.include(new URL(store.example).protocol);
      await opened.close();
    });

    it('refuses a URL that it cannot mean, and keeps its password out of what it says', () => {
      expect(() => store.open('ftp://root:hunter2@here/', { name: 'eu-1' }))
        .to.throw(/"eu-1"/)
        .with.property('message')
        .that.does.not.contain('hunter2');
    });

    it('answers a ping', () => shard.ping());
  });

  describe(`tenants on ${folder}`, () => {
    it('are opened by many at once, and again', async () => {
      const tenant = newTenant();
      tenants.push(tenant);
      const second = store.open(await stand.url(), { name: 'second' });
      await Promise.all([shard, second, shard, second, shard, second].map((each) => each.openTenant(tenant)));
      await shard.openTenant(tenant);
      await shard.ensureTable(tenant, 'events', NUMBERED, 1);
      expect(await idsOf(tenant)).to.deep.equal([]);
      await second.close();
    });

    it('are nothing but their id: any other is refused', async () => {
      const stranger = { tenantId: "x'; DROP DATABASE mysql; --", password: 'p' };
      await refusal(
        'refused',
        Promise.resolve().then(() => shard.openTenant(stranger)),
      );
    });

    it('leave nothing when they are dropped, and can be opened anew', async () => {
      const tenant = await openWithEvents(3);
      await shard.dropTenant(tenant);
      await rejection(ask(tenant, 'SELECT id FROM events'));
      await shard.dropTenant(tenant);
      await shard.openTenant(tenant);
      await shard.ensureTable(tenant, 'events', NUMBERED, 1);
      expect(await idsOf(tenant)).to.deep.equal([]);
    });

    it('have their storage told by family, and tables of ours left out', async () => {
      const tenant = await openWithEvents(100);
      const storage = await shard.storage(tenant);
      expect(Object.keys(storage)).to.deep.equal(['events']);
      expect(storage['events']).to.be.above(0);
    });
  });

  describe(`tables on ${folder}`, () => {
    it('are made by many at once, whatever columns each brings', async () => {
      const tenant = await open();
      const second = store.open(await stand.url(), { name: 'second' });
      const names = ['a', 'b', 'c', 'd', 'e', 'f'];
      const columns = names.map((name): LogColumn => ({ name, type: 'string' }));
      await Promise.all(
        columns.map((column, index) =>
          (index % 2 ? shard : second).ensureTable(tenant, 'events', [NUMBERED[1]!, column], 1),
        ),
      );
      await write(tenant, [{ family: 'events', columns, firstId: 1, rows: [names], time: 0 }]);
      expect(await ask(tenant, 'SELECT n, a, b, c, d, e, f FROM events')).to.deep.equal([[null, ...names]]);
      await second.close();
    });

    it('keep their rows when columns are added, while others write', async () => {
      const tenant = await openWithEvents(50);
      const later = Array.from({ length: 5 }, (_, index): LogColumn => ({
        name: `later${index}`,
        type: 'float',
      }));
      const writing = Promise.all(
        Array.from({ length: 20 }, (_, index) => write(tenant, [numbered(100 + index, 1)])),
      );
      for (const column of later) await shard.ensureTable(tenant, 'events', [column], 1);
      await writing;
      expect(
        await ask(tenant, 'SELECT COUNT(*), COUNT(n), COUNT(later0), COUNT(later4) FROM events'),
      ).to.deep.equal([[70, 70, 0, 0]]);
    });

    it('refuse a column that is there with another type, and keep it', async () => {
      const tenant = await openWithEvents();
      const change = shard.ensureTable(
        tenant,
        'events',
        [
          { name: 'n', type: 'bool' },
          { name: 'x', type: 'int' },
        ],
        1,
      );
      const { message } = await refusal('refused', change);
      expect(message).to.contain('n of events').and.contain('int').and.contain('bool');
      await refusal('refused', Promise.resolve(ask(tenant, 'SELECT x FROM events')));
    });

    it('take 190 columns, all of them full', async () => {
      const tenant = await open();
      const columns = Array.from({ length: 190 }, (_, index): LogColumn => ({
        name: `c${index}`,
        type: 'string',
      }));
      await shard.ensureTable(tenant, 'wide', columns, 1);
      const row = columns.map(({ name }) => name.padEnd(3000, '€'));
      const batch = { family: 'wide', columns, firstId: 1, rows: [row, row], time: 0 };
      await write(tenant, [batch], { epochs: { wide: 1 }, keys: [] });
      expect(await ask(tenant, 'SELECT c0, c189 FROM wide WHERE id = 2')).to.deep.equal([[row[0], row[189]]]);
    });

    it('may be named like the words and tables of the server', async () => {
      const tenant = await open();
      for (const family of ['select', 'user', 'pg_class', 'Order', 'x'.repeat(60)]) {
        await shard.ensureTable(tenant, family, [{ name: 'group', type: 'string' }], 1);
        const columns: LogColumn[] = [{ name: 'group', type: 'string' }];
        const batch = { family, columns, firstId: 7, rows: [['here']], time: 0 };
        await write(tenant, [batch], { epochs: { [family]: 1 }, keys: [] });
      }
      expect(await ask(tenant, 'SELECT id FROM pg_class')).to.deep.equal([[7]]);
    });

    it('refuse names that are none', async () => {
      const tenant = await open();
      for (const name of ['', 'a`b', 'a"b', 'a.b', '../a', '1a', 'é', 'x'.repeat(61), "a' OR 1"]) {
        await refusal('refused', shard.ensureTable(tenant, name, NUMBERED, 1));
        await refusal('refused', shard.ensureTable(tenant, 'events', [{ name, type: 'int' }], 1));
      }
    });
  });

  describe(`values on ${folder}`, () => {
    const roundTrip = async (type: LogColumn['type'], values: readonly LogValue[]): Promise<unknown> => {
      const tenant = await open();
      const columns: LogColumn[] = [{ name: 'value', type }];
      await shard.ensureTable(tenant, 'events', columns, 1);
      await write(tenant, [
        { family: 'events', columns, firstId: 1, rows: values.map((value) => [value]), time: 0 },
      ]);
      return ((await ask(tenant, 'SELECT value FROM events ORDER BY id')) as Json[][]).flat();
    };
    const TEXTS = [
      '',
      ' ',
      'trailing  ',
      'trailing',
      'abc',
      'ABC',
      "it's",
      '"double"',
      '`tick`',
      'back\\slash',
      '\\',
      "\\'",
      '\\N',
      '\\.',
      'null',
      'NULL',
      '\t\n\r\b\f\v\u001a\u007f',
      '%_?$1:x',
      "'); DROP TABLE events; --",
      'ünïcödé ß İ',
      'e\u0301 is not é',
      '\u{1F600}\u{10FFFF}\uFFFD\u2028',
      'x'.repeat(65_535),
    ];

    it('of text come back byte for byte', async () => {
      expect(await roundTrip('string', [...TEXTS, null])).to.deep.equal([...TEXTS, null]);
    });

    it('of every type come back the same from a batch of many rows', async () => {
      const tenant = await open();
      const types = ['string', 'int', 'float', 'bool', 'timestamp', 'json'] as const;
      const columns = types.map((type): LogColumn => ({ name: `a_${type}`, type }));
      await shard.ensureTable(tenant, 'events', columns, 1);
      // Where a protocol writes lengths in another way.
      const lengths = ['x', '€'].flatMap((character) => [83, 84, 250, 251].map((count) => character.repeat(count)));
      const texts = [...TEXTS.filter((text) => text.length < 100), ...lengths];
      const rows = Array.from({ length: 1037 }, (_, index): LogValue[] => {
        const text = texts[index % texts.length]!;
        const int = index % 3 === 0 ? '-9223372036854775808' : 9007199254740991 - index;
        const at = `2026-03-29 02:30:00.${String(index).padStart(6, '0')}`;
        const row: LogValue[] = [text, int, index / 7, index % 2 === 0, at, JSON.stringify({ text })];
        if (index % 5 === 0) row[index % 6] = null;
        if (index === 401) row[5] = JSON.stringify('j'.repeat(70_000));
        return row;
      });
      await write(tenant, [{ family: 'events', columns, firstId: 9007199254739000, rows, time: 0 }]);
      const names = columns.map(({ name }) => name).join(', ');
      const bool = ({ true: yes, false: no }: LogStoreStand['bools'], value: LogValue): LogValue =>
        value === null ? null : value ? yes : no;
      expect(await ask(tenant, `SELECT id, ${names} FROM events ORDER BY id`)).to.deep.equal(
        rows.map((row, index) => [9007199254739000 + index, ...row.with(3, bool(stand.bools, row[3]!))]),
      );
      const endless = rows.map((row) => row.with(2, Number.NaN));
      const batch = { family: 'events', columns, firstId: 1, rows: endless, time: 0 };
      await refusal('refused', shard.append(tenant, [batch], { epochs: { events: 1 }, keys: [] }));
    });

    it('of text can be found again when bound, each for itself alone', async () => {
      const tenant = await open();
      const columns: LogColumn[] = [{ name: 'value', type: 'string' }];
      await shard.ensureTable(tenant, 'events', columns, 1);
      await write(tenant, [
        { family: 'events', columns, firstId: 0, rows: TEXTS.map((text) => [text]), time: 0 },
      ]);
      for (const [id, text] of TEXTS.entries()) {
        expect(await ask(tenant, `SELECT id FROM events WHERE value = ${p(1)}`, text), text).to.deep.equal([
          [id],
        ]);
      }
      expect(await ask(tenant, 'SELECT COUNT(DISTINCT value) FROM events')).to.deep.equal([[TEXTS.length]]);
    });

    it('of text sort by code point', async () => {
      const tenant = await open();
      const columns: LogColumn[] = [{ name: 'value', type: 'string' }];
      await shard.ensureTable(tenant, 'events', columns, 1);
      const sorted = ['A', 'B', 'a', 'a ', 'aa', 'b', 'é', '\uFF5E', '\u{1F600}'];
      const rows = [...sorted].reverse().map((text) => [text]);
      await write(tenant, [{ family: 'events', columns, firstId: 1, rows, time: 0 }]);
      const found = (await ask(tenant, 'SELECT value FROM events ORDER BY value')) as Json[][];
      expect(found.flat()).to.deep.equal(sorted);
    });

    it('of text hold U+0000 where the store says so, and are refused where it does not', async () => {
      const values = ['\0', 'a\0b', "\0'); --"];
      if (shard.capabilities.textNul) expect(await roundTrip('string', values)).to.deep.equal(values);
      else for (const value of values) await refusal('refused', roundTrip('string', [value]));
    });

    it('of int reach both ends of 64 bits, as text beyond 2^53 - 1', async () => {
      const values = [0, -1, 9007199254740991, -9007199254740991, '9007199254740992', '9223372036854775807'];
      values.push('-9223372036854775808');
      expect(await roundTrip('int', [...values, '42', null])).to.deep.equal([...values, 42, null]);
    });

    it('of float come back as the same double', async () => {
      const values = [
        0.1,
        0.1 + 0.2,
        1 / 3,
        5e-324,
        2.2250738585072014e-308,
        1.7976931348623157e308,
        1e21,
        1e-7,
      ];
      values.push(123456789.12345679, 1.2345678901234568e20, -0.5, 3, 9007199254740994);
      expect(await roundTrip('float', [...values, null])).to.deep.equal([...values, null]);
    });

    it('of bool are two', async () => {
      expect(await roundTrip('bool', [true, false, null])).to.deep.equal([
        stand.bools.true,
        stand.bools.false,
        null,
      ]);
    });

    it('of timestamp are kept to microseconds, in no time zone', async () => {
      const values = [
        '2026-03-29 02:30:00.123456',
        '1970-01-01 00:00:00.000000',
        '1000-01-01 00:00:00.000001',
      ];
      values.push('9999-12-31 23:59:59.999999', '2024-02-29 12:00:00.100000');
      expect(await roundTrip('timestamp', [...values, null])).to.deep.equal([...values, null]);
    });

    it('of json are their text', async () => {
      const values = [
        '{"b":1,"a":[1.0,1e2,"\\u0000 \\" \\\\ é"],"b":2}',
        'null',
        '"x"',
        `"${'y'.repeat(100_000)}"`,
      ];
      expect(await roundTrip('json', [...values, null])).to.deep.equal([...values, null]);
    });

    it('are not stored where they do not fit', async () => {
      await refusal('refused', roundTrip('int', ['9223372036854775808']));
      await refusal('refused', roundTrip('timestamp', ['2026-02-30 00:00:00.000000']));
      await refusal('refused', roundTrip('float', [Number.POSITIVE_INFINITY]));
    });

    it('of _time are the receipt', async () => {
      const tenant = await openWithEvents(1);
      expect(await ask(tenant, 'SELECT _time FROM events')).to.deep.equal([['2026-01-02 03:04:05.678000']]);
    });
  });

  describe(`appending to ${folder}`, () => {
    it('takes batches of several families, and of columns that differ, in one go', async () => {
      const tenant = await openWithEvents();
      const columns: LogColumn[] = [{ name: 'host', type: 'string' }];
      await shard.ensureTable(tenant, 'hosts', columns, 1);
      const guard = { epochs: { events: 1, hosts: 1 }, keys: [] };
      const onlyN = { ...numbered(10, 0), columns: [NUMBERED[1]!], rows: [[5]] };
      await write(
        tenant,
        [numbered(1, 2), { ...onlyN, family: 'hosts', columns, rows: [['h']] }, onlyN],
        guard,
      );
      expect(await ask(tenant, 'SELECT id, name, n FROM events ORDER BY id')).to.deep.equal([
        [1, 'event 1', 1],
        [2, 'event 2', 2],
        [10, null, 5],
      ]);
      expect(await ask(tenant, 'SELECT id, host FROM hosts')).to.deep.equal([[10, 'h']]);
    });

    it('writes all of a large batch', async () => {
      const tenant = await openWithEvents();
      const rows = Array.from({ length: 3000 }, (_, index) => ['z'.repeat(2000), index]);
      await write(tenant, [{ ...numbered(1, 0), rows }]);
      expect(
        await ask(tenant, 'SELECT COUNT(*), MIN(id), MAX(id), SUM(CHAR_LENGTH(name)) > 0 FROM events'),
      ).to.deep.equal([[3000, 1, 3000, stand.bools.true]]);
    });

    it('is all or nothing', async () => {
      const tenant = await openWithEvents(1);
      const guard = { epochs: { events: 1 }, keys: [{ key: 'k', bodyHash: 'h' }] };
      const wrong = {
        ...numbered(5, 0),
        rows: [
          ['five', 5],
          ['six', 'not a number'],
        ],
      };
      await refusal('refused', shard.append(tenant, [numbered(2, 3), wrong], guard));
      await refusal(
        'refused',
        shard.append(tenant, [numbered(2, 1), { ...wrong, family: 'nowhere' }], guard),
      );
      // An id that is taken is a mistake of ours, never an overwritten event.
      await refusal('refused', shard.append(tenant, [numbered(2, 1), numbered(1, 1)], guard));
      expect(await idsOf(tenant)).to.deep.equal([1]);
      await write(tenant, [numbered(2, 1)], guard);
    });

    it('refuses a writer that is older than the fence, and follows one that is newer', async () => {
      const tenant = await openWithEvents();
      await shard.ensureTable(tenant, 'other', NUMBERED, 1);
      await shard.ensureTable(tenant, 'events', NUMBERED, 3);
      await shard.ensureTable(tenant, 'events', NUMBERED, 2);
      const fenced = { outcome: 'fenced', family: 'events' };
      const as = (epoch: number): AppendGuard => ({ epochs: { other: 1, events: epoch }, keys: [] });
      expect(await shard.append(tenant, [numbered(1, 1)], as(2))).to.deep.equal(fenced);
      await write(tenant, [numbered(1, 1)], as(3));
      await write(tenant, [numbered(2, 1)], as(4));
      expect(await shard.append(tenant, [numbered(3, 1)], as(3))).to.deep.equal(fenced);
      expect(await shard.append(tenant, [], { epochs: { unknown: 1 }, keys: [] })).to.deep.equal({
        outcome: 'fenced',
        family: 'unknown',
      });
      expect(await idsOf(tenant)).to.deep.equal([1, 2]);
    });

    it('says what a key was used for, and writes nothing', async () => {
      const tenant = await openWithEvents();
      const guard = (...keys: string[]): AppendGuard => ({
        epochs: { events: 1 },
        keys: keys.map((key) => ({ key, bodyHash: `hash of ${key}` })),
      });
      await write(tenant, [numbered(1, 1)], guard('a', 'A', "it's\\"));
      const again = await shard.append(tenant, [numbered(2, 1)], guard('new', "it's\\"));
      expect(again).to.deep.equal({ outcome: 'repeated', key: "it's\\", bodyHash: "hash of it's\\" });
      const other = { epochs: { events: 1 }, keys: [{ key: 'a', bodyHash: 'another' }] };
      const mismatch = await shard.append(tenant, [numbered(2, 1)], other);
      expect(mismatch).to.deep.equal({ outcome: 'repeated', key: 'a', bodyHash: 'hash of a' });
      await write(tenant, [numbered(2, 1)], guard('new'));
      expect(await idsOf(tenant)).to.deep.equal([1, 2]);
    });

    it('takes one of many that use a key at the same time', async () => {
      const tenant = await openWithEvents();
      const keys = [{ key: 'same', bodyHash: 'h' }];
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          shard.append(tenant, [numbered(10 * index + 1, 2)], { epochs: { events: 1 }, keys }),
        ),
      );
      expect(outcomes.map(({ outcome }) => outcome).sort()).to.deep.equal([
        'appended',
        ...Array(7).fill('repeated'),
      ]);
      expect(await idsOf(tenant)).to.have.length(2);
    });

    it('forgets a key after 24 hours', async () => {
      const tenant = await openWithEvents();
      const guard = {
        epochs: { events: 1 },
        keys: [
          { key: 'old', bodyHash: '1' },
          { key: 'young', bodyHash: '1' },
        ],
      };
      await write(tenant, [numbered(1, 1)], guard);
      await stand.asAdministrator(tenant, "UPDATE _keys SET created_at = '2001-01-01 00:00:00'");
      await write(tenant, [numbered(2, 1)], { epochs: { events: 1 }, keys: [{ key: 'old', bodyHash: '2' }] });
      expect(await shard.append(tenant, [numbered(3, 1)], guard)).to.deep.include({
        outcome: 'repeated',
        key: 'old',
      });
      expect(await idsOf(tenant)).to.deep.equal([1, 2]);
    });

    it('notes batches of the families named, with their rows or not at all', async () => {
      const tenant = await openWithEvents();
      await shard.ensureTable(tenant, 'other', NUMBERED, 1);
      const guard = { epochs: { events: 1, other: 1 }, keys: [{ key: 'k', bodyHash: 'h' }], noted: ['events'] };
      await write(tenant, [numbered(1, 2), { ...numbered(5, 3), family: 'other' }, numbered(10, 1)], guard);
      const notes = await shard.outbox(tenant, 10);
      expect(notes.map(({ family, firstId, count }) => [family, firstId, count])).to.deep.equal([
        ['events', 1, 2],
        ['events', 10, 1],
      ]);
      for (const { bytes, count } of notes) expect(bytes).to.be.within(10 * count, 100 * count);
      const nothing = [
        shard.append(tenant, [numbered(20, 1)], { ...guard, epochs: { events: 0, other: 1 }, keys: [] }),
        shard.append(tenant, [numbered(20, 1)], guard),
        refusal('refused', shard.append(tenant, [numbered(1, 1)], { ...guard, keys: [] })),
      ];
      await Promise.all(nothing);
      await write(tenant, [numbered(30, 1)]);
      expect(await shard.outbox(tenant, 10)).to.deep.equal(notes);
    });

    it('gives notes in order, as many as are asked for, until they are taken away; twice is fine', async () => {
      const tenant = await openWithEvents();
      const guard = { epochs: { events: 1 }, keys: [], noted: ['events'] };
      for (const id of [1, 2, 3]) await write(tenant, [numbered(id, 1)], guard);
      const first = await shard.outbox(tenant, 2);
      expect(first.map(({ firstId }) => firstId)).to.deep.equal([1, 2]);
      await Promise.all([shard.clearOutbox(tenant, first), shard.clearOutbox(tenant, first)]);
      await shard.clearOutbox(tenant, first);
      await shard.clearOutbox(tenant, []);
      expect((await shard.outbox(tenant, 2)).map(({ firstId }) => firstId)).to.deep.equal([3]);
    });

    it('keeps its notes from the reader, from other tenants and from what is told of storage', async () => {
      const [tenant, other] = [await openWithEvents(), await openWithEvents()];
      await write(tenant, [numbered(1, 1)], { epochs: { events: 1 }, keys: [], noted: ['events'] });
      const column = 'INSERT INTO _outbox (family, first_id, events, bytes) VALUES';
      for (const sql of [`${column} ('events', 1, 1, 1)`, 'DELETE FROM _outbox', 'UPDATE _outbox SET events = 2']) {
        await rejection(stand.asUser(tenant, 'readOnly', sql));
      }
      expect(await shard.outbox(other, 10)).to.deep.equal([]);
      expect(await shard.outbox(tenant, 10)).to.have.length(1);
      expect(Object.keys(await shard.storage(tenant))).to.deep.equal(['events']);
    });

    it('purges rows by a condition, as many as it may', async () => {
      const tenant = await openWithEvents(10);
      const condition = { sql: `n > ${p(1)} AND name <> ${p(2)}`, values: [3, "it's"] };
      expect(await shard.purge(tenant, 'events', condition, 2)).to.equal(2);
      expect(await idsOf(tenant)).to.deep.equal([1, 2, 3, 6, 7, 8, 9, 10]);
      expect(await shard.purge(tenant, 'events', condition, 100)).to.equal(5);
      expect(await shard.purge(tenant, 'events', condition, 100)).to.equal(0);
    });
  });

  describe(`querying ${folder}`, () => {
    it('names the columns by position, also where two have one name', async () => {
      const tenant = await openWithEvents(2);
      const result = await shard.query(
        tenant,
        { sql: 'SELECT n, n, id AS n FROM events ORDER BY id', values: [] },
        LIMITS,
      );
      expect(result).to.deep.equal({
        columns: ['n', 'n', 'n'],
        rows: [
          [1, 1, 1],
          [2, 2, 2],
        ],
      });
    });

    it('finds a family by the name of the tenant’s home', async () => {
      const [tenant, other] = [await openWithEvents(2), await openWithEvents(3)];
      expect(shard.homeOf(tenant)).to.not.equal(shard.homeOf(other));
      expect(await ask(tenant, `SELECT COUNT(*) FROM ${shard.homeOf(tenant)}.events`)).to.deep.equal([[2]]);
    });

    it('reads nothing but the tenant, and changes nothing', async () => {
      const [tenant, other] = [await openWithEvents(1), await openWithEvents(1)];
      for (const sql of stand.forbidden(other)) {
        const error = await rejection(shard.query(tenant, { sql, values: [] }, LIMITS));
        expect(error, sql).to.be.instanceOf(LogStoreError);
        expect((error as LogStoreError).fault, `${sql}: ${error.message}`).to.be.oneOf(['denied', 'refused']);
      }
      expect(await idsOf(tenant)).to.deep.equal([1]);
      expect(await idsOf(other)).to.deep.equal([1]);
    });

    it('as the tenant’s own users, without anything of ours, is refused the same', async () => {
      const [tenant, other] = [await openWithEvents(1), await openWithEvents(1)];
      expect(await stand.asUser(tenant, 'readOnly', 'SELECT id FROM events')).to.not.be.instanceOf(Error);
      for (const sql of stand.forbidden(other)) await rejection(stand.asUser(tenant, 'readOnly', sql));
      const reading = /^SELECT|^COPY|^TABLE/;
      const reads = stand.forbidden(other).filter((sql) => reading.test(sql));
      for (const sql of reads) await rejection(stand.asUser(tenant, 'readWrite', sql));
      for (const sql of [
        'CREATE TABLE mine (x INT)',
        'DROP TABLE events',
        'ALTER TABLE events ADD COLUMN x INT',
      ]) {
        await rejection(stand.asUser(tenant, 'readWrite', sql));
      }
      expect(await idsOf(tenant)).to.deep.equal([1]);
    });

    it('takes one statement at a time', async () => {
      const tenant = await openWithEvents(1);
      await refusal('refused', Promise.resolve(ask(tenant, 'SELECT 1; SELECT 2')));
    });

    it('stops at the cap of rows and of bytes, and goes on with the next', async () => {
      const tenant = await openWithEvents(1000);
      const sql = 'SELECT a.name FROM events a, events b, events c';
      const rows = await refusal(
        'too_large',
        shard.query(tenant, { sql, values: [] }, { ...LIMITS, maxRows: 500 }),
      );
      expect(rows.message).to.contain('500 rows');
      const bytes = { ...LIMITS, maxRows: 1e9, maxBytes: 20_000 };
      const large = await refusal('too_large', shard.query(tenant, { sql, values: [] }, bytes));
      expect(large.message).to.contain('20000 bytes');
      const exact = await shard.query(
        tenant,
        { sql: 'SELECT id FROM events', values: [] },
        { ...LIMITS, maxRows: 1000 },
      );
      expect(exact.rows).to.have.length(1000);
      await untilIdle(tenant);
    });

    it('stops at the time limit, and goes on with the next', async () => {
      const tenant = await openWithEvents(300);
      await refusal(
        'timeout',
        shard.query(tenant, { sql: ENDLESS, values: [] }, { ...LIMITS, timeoutMs: 150 }),
      );
      expect(await idsOf(tenant)).to.have.length(300);
      await untilIdle(tenant);
    });

    it('is cancelled on the server too when nobody waits any more', async () => {
      const tenant = await openWithEvents(300);
      const controller = new AbortController();
      const query = rejection(shard.query(tenant, { sql: ENDLESS, values: [] }, LIMITS, controller.signal));
      await until(async () => (await stand.connections(tenant)).running === 1);
      controller.abort();
      expect(await query).to.have.property('fault', 'cancelled');
      await untilIdle(tenant);
      const sql = 'SELECT id FROM events';
      await refusal('cancelled', shard.query(tenant, { sql, values: [] }, LIMITS, controller.signal));
      expect(await idsOf(tenant)).to.have.length(300);
    });

    it('never has more than four connections of a tenant, however many ask', async () => {
      const tenant = await openWithEvents(300);
      const controllers = Array.from({ length: 12 }, () => new AbortController());
      const queries = controllers.map(({ signal }) =>
        rejection(shard.query(tenant, { sql: ENDLESS, values: [] }, LIMITS, signal)),
      );
      let most = 0;
      await until(async () => {
        const { open, running } = await stand.connections(tenant);
        most = Math.max(most, open);
        return running >= 3;
      });
      for (const controller of controllers) controller.abort();
      let left = queries.length;
      for (const query of queries) void query.then(() => (left -= 1));
      await until(async () => {
        most = Math.max(most, (await stand.connections(tenant)).open);
        return left === 0;
      });
      for (const query of queries) expect(await query).to.have.property('fault', 'cancelled');
      expect(most).to.be.within(3, 4);
      expect(await idsOf(tenant)).to.have.length(300);
    });

    const untilIdle = (tenant: ShardTenant): Promise<void> =>
      until(async () => (await stand.connections(tenant)).running === 0);
  });

  describe(`${folder} in trouble`, () => {
    let server: PrivateServer;
    let own: LogShard;
    let tenant: ShardTenant;
    const guard: AppendGuard = { epochs: { events: 1 }, keys: [] };

    before(async () => {
      server = await stand.privateServer();
      own = store.open(server.url, { name: 'eu-7' });
      tenant = newTenant();
      await own.openTenant(tenant);
      await own.ensureTable(tenant, 'events', NUMBERED, 1);
    });
    after(async () => {
      await own.close();
      await server.remove();
    });

    const everything = (): readonly Promise<Error>[] =>
      attempts().map((attempt) => refusal('unavailable', attempt));
    const attempts = (): readonly Promise<unknown>[] => [
      own.ping(),
      own.append(tenant, [numbered(50, 1)], guard),
      own.query(tenant, { sql: 'SELECT id FROM events', values: [] }, LIMITS),
      own.ensureTable(tenant, 'events', NUMBERED, 1),
      own.openTenant(tenant),
      own.storage(tenant),
      own.purge(tenant, 'events', { sql: 'n = 0', values: [] }, 1),
      own.outbox(tenant, 1),
    ];
    const ids = async (): Promise<unknown> =>
      (await own.query(tenant, { sql: 'SELECT id FROM events ORDER BY id', values: [] }, LIMITS)).rows.flat();

    it('is unavailable while its server is stopped, says which, and works again after', async () => {
      expect(await own.append(tenant, [numbered(1, 3)], guard)).to.deep.equal({ outcome: 'appended' });
      expect(await ids()).to.deep.equal([1, 2, 3]);
      await server.stop();
      for (const { message } of await Promise.all(everything())) {
        expect(message).to.contain('eu-7').and.not.contain(tenant.password);
        expect(message).to.not.contain(decodeURIComponent(new URL(server.url).password));
      }
      await server.start();
      await own.ping();
      expect(await ids()).to.deep.equal([1, 2, 3]);
      expect(await own.append(tenant, [numbered(4, 1)], guard)).to.deep.equal({ outcome: 'appended' });
    });

    it('is unavailable when its server hangs, on connections that were open and on new ones', async function () {
      this.timeout(15_000);
      await Promise.all([ids(), ids(), own.append(tenant, [numbered(5, 1)], guard)]);
      server.freeze();
      const fresh = store.open(server.url, { name: 'fresh' });
      try {
        const attempts = [fresh.ping(), own.ping(), own.append(tenant, [numbered(60, 1)], guard), ids()];
        await Promise.all(attempts.map((attempt) => refusal('unavailable', attempt)));
      } finally {
        server.thaw();
        await fresh.close();
      }
      expect(await ids()).to.deep.equal([1, 2, 3, 4, 5]);
    });

    it('tells of a server that was never there', async () => {
      const url = new URL(server.url);
      url.port = '1';
      const nowhere = store.open(url.href, { name: 'nowhere' });
      await refusal('unavailable', nowhere.ping());
      await refusal('unavailable', nowhere.append(tenant, [numbered(1, 1)], guard));
      await nowhere.close();
    });

    it('is closed for good', async () => {
      const closing = store.open(server.url, { name: 'closing' });
      await closing.ping();
      await closing.close();
      await rejection(closing.ping());
    });
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(5);
}
