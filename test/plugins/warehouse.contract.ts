import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { Column } from '../../core/kernel/columns.ts';
import type { Json } from '../../core/kernel/json.ts';
import type { Objects } from '../../core/kernel/objects.ts';
import type { Plugin } from '../../core/kernel/plugin.ts';
import {
  WarehouseError,
  type Warehouse,
  type WarehouseFault,
  type WarehouseInput,
  type WarehouseInputs,
  type WarehouseSession,
  type WrittenPartition,
} from '../../core/kernel/warehouse.ts';
import { rejection } from '../support/rejection.ts';
import { keysIn } from './object-store.contract.ts';

/** What the contract needs to know of a warehouse, beside the plugin. */
export interface WarehouseStand {
  readonly plugin: Plugin;
  /** An empty store for objects that the warehouse can work over. */
  objects(): Promise<Objects>;
  open(objects: Objects): Promise<WarehouseSession>;
}

export function warehouseOf(plugin: Plugin): Warehouse {
  if (plugin.type !== 'warehouse') throw new Error(`${plugin.name} is no warehouse.`);
  return plugin;
}

export async function refusedWork(fault: WarehouseFault, promise: Promise<unknown>): Promise<WarehouseError> {
  const error = await rejection(promise);
  expect(error, error.stack).to.be.instanceOf(WarehouseError);
  expect((error as WarehouseError).fault, error.message).to.equal(fault);
  return error as WarehouseError;
}

/** `name type`, as in a definition: `'price decimal(12,2)?'`. */
export function columnsOf(...texts: readonly string[]): readonly Column[] {
  return texts.map((text) => {
    const [, name, type, precision, scale, nullable] = /^(\w+) (\w+)(?:\((\d+),(\d+)\))?(\?)?$/.exec(text)!;
    const digits = precision === undefined ? {} : { precision: Number(precision), scale: Number(scale) };
    return { name: name!, type: type as Column['type'], nullable: nullable !== undefined, ...digits };
  });
}

export async function* csvOf(...lines: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const line of lines) yield Buffer.from(`${line}\n`);
}

export const LIMITS = { maxRows: 10_000, timeoutMs: 20_000 };

/** Takes minutes. */
const ENDLESS =
  'SELECT count(*) FROM n a, n b, n c, n d, n e, n f, n g, n h WHERE a.n + b.n = c.n + d.n + e.n + f.n + g.n + h.n';

const LINES = columnsOf('id text', 'day date', 'amount bigint', 'note text?');

/** The hash by the words of its definition. */
export function hashOf(rows: readonly string[]): { rows: number; high: string; low: string } {
  const sum = (from: number): string =>
    rows
      .map((row) =>
        BigInt(
          `0x${createHash('md5')
            .update(row)
            .digest('hex')
            .slice(from, from + 16)}`,
        ),
      )
      .reduce((total, half) => total + half, 0n)
      .toString();
  return { rows: rows.length, high: sum(0), low: sum(16) };
}

/** What every warehouse keeps to. */
export function warehouseContract(stand: WarehouseStand): void {
  const { name } = warehouseOf(stand.plugin);
  let objects: Objects;
  let session: WarehouseSession;
  beforeEach(async () => {
    objects = await stand.objects();
    session = await stand.open(objects);
  });
  afterEach(async () => {
    await session.close();
    await objects.close();
  });

  const input = (columns: readonly Column[], ...written: readonly WrittenPartition[]): WarehouseInput => ({
    columns,
    objects: written.map(({ key, partition }) => ({ key, ...(partition !== undefined && { partition }) })),
  });
  const put = (
    key: string,
    columns: readonly Column[],
    ...lines: readonly string[]
  ): Promise<WrittenPartition> => session.writeRows(csvOf(...lines), { columns, sortBy: [], key });
  const ask = async (inputs: WarehouseInputs, sql: string, ...values: readonly Json[]): Promise<unknown> =>
    (await session.query(inputs, { sql, values }, LIMITS)).rows;
  const numbers = async (): Promise<WarehouseInputs> => {
    const columns = columnsOf('n integer');
    return {
      n: input(columns, await put('n', columns, ...Array.from({ length: 500 }, (_, index) => String(index)))),
    };
  };

  describe(`${name}: writing rows`, () => {
    it('keeps every value of every type, and knows null from the empty text', async () => {
      const columns = columnsOf(
        't text?',
        'i integer?',
        'b bigint?',
        'd decimal(12,2)?',
        'f decimal(4,4)?',
        'o boolean?',
        'a date?',
        's timestamp?',
        'j json?',
      );
      const rows = [
        `"",-2147483648,9223372036854775807,-1.5,0.0001,t,0001-01-01,1969-12-31 23:59:59.999999,"{""b"": 1,  ""a"": 2}"`,
        `"a,""b""\r\nc 😀",0,-9223372036854775808,9999999999.99,-0.9999,f,9999-12-31,2024-02-29 10:00:00+00,[]`,
        `,,,,,,,,`,
        `\\N,7,9007199254740993,10,0.5,t,2024-01-01,2024-01-01 00:00:00.1Z,"""x"""`,
      ];
      const written = await put('all', columns, ...rows);
      expect(written).to.include({ key: 'all', partition: undefined, rows: 4 });
      expect(written.bytes).to.equal((await objects.head('all'))?.size);
      const found = await ask({ x: input(columns, written) }, 'SELECT * FROM x ORDER BY i NULLS LAST');
      expect(found).to.deep.equal([
        [
          '',
          -2147483648,
          '9223372036854775807',
          '-1.50',
          '0.0001',
          true,
          '0001-01-01',
          '1969-12-31T23:59:59.999999Z',
          '{"b": 1,  "a": 2}',
        ],
        [
          'a,"b"\r\nc 😀',
          0,
          '-9223372036854775808',
          '9999999999.99',
          '-0.9999',
          false,
          '9999-12-31',
          '2024-02-29T10:00:00.000000Z',
          '[]',
        ],
        [
          '\\N',
          7,
          '9007199254740993',
          '10.00',
          '0.5000',
          true,
          '2024-01-01',
          '2024-01-01T00:00:00.100000Z',
          '"x"',
        ],
        [null, null, null, null, null, null, null, null, null],
      ]);
    });

    it('says what it wrote by the hash', async () => {
      const columns = columnsOf(
        't text?',
        'd decimal(12,2)',
        'f decimal(3,3)',
        'o boolean',
        'a date',
        's timestamp',
        'n bigint?',
      );
      const written = await put(
        'k',
        columns,
        'x,1.5,0.5,t,1970-01-02,1970-01-01 00:00:01.5,',
        '"",-0.1,-0.125,f,1969-12-31,1969-12-31 23:59:59.999999,-7',
        ',0,0,f,2024-01-01,2024-01-01 00:00:00,0',
        '"a\\b\u001f",0,0,f,2024-01-01,2024-01-01 00:00:00,0',
      );
      const { rows, high, low } = written;
      const expected = hashOf(
        [
          ['x', '1.50', '0.500', 't', '1', '1500000', '\\N'],
          ['', '-0.10', '-0.125', 'f', '-1', '-1', '-7'],
          ['\\N', '0.00', '0.000', 'f', '19723', '1704067200000000', '0'],
          ['a\\\\b\\u', '0.00', '0.000', 'f', '19723', '1704067200000000', '0'],
        ].map((fields) => fields.join('\u001f')),
      );
      expect({ rows, high, low }).to.deep.equal(expected);
    });

    it('of none gives an empty object', async () => {
      const written = await put('none', LINES);
      expect(written).to.include({ rows: 0, high: '0', low: '0' });
      expect(await ask({ x: input(LINES, written) }, 'SELECT * FROM x')).to.deep.equal([]);
    });

    it('takes a single column, whose null is an empty line', async () => {
      const columns = columnsOf('t text?');
      const written = await put('one', columns, 'a', '', '""', 'b');
      expect(await ask({ x: input(columns, written) }, 'SELECT * FROM x ORDER BY t')).to.deep.equal([
        [''],
        ['a'],
        ['b'],
        [null],
      ]);
    });

    const wrong: Readonly<Record<string, readonly [column: string, ...values: readonly string[]]>> = {
      'an integer': [
        'v integer',
        '12.7',
        '1e3',
        '" 12 "',
        '+1',
        '0x10',
        '1_000',
        '2147483648',
        'x',
        '""',
        '٣',
      ],
      'a bigint': ['v bigint', '9223372036854775808', '1.0'],
      'a decimal': ['v decimal(5,2)', '1.239', '1000', '.5', '1.', '1e2', 'NaN', '""'],
      'a boolean': ['v boolean', 'true', 'T', '1', 'yes'],
      'a date': ['v date', '2024-02-30', '2024-1-1', '2024-01-01 00:00:00', 'infinity', '24-01-01'],
      'a timestamp': [
        'v timestamp',
        '2024-01-01',
        '2024-01-01 00:00:00+02',
        '2024-01-01 24:00:00',
        '2024-01-01 00:00:00.1234567',
        'infinity',
      ],
      'not null': ['v text', ''],
      json: ['v json', '{'],
    };
    for (const [what, [column, ...values]] of Object.entries(wrong)) {
      it(`refuses what is not ${what}, and writes nothing`, async () => {
        for (const value of values) {
          await refusedWork('invalid', put('wrong', columnsOf('id integer', column), `2,${value}`));
        }
        expect(await keysIn(objects)).to.deep.equal([]);
      });
    }

    it('refuses a CSV that is broken or ends early', async () => {
      const broken = ['1,2', '1,2,3,4', '1,"2"x,3', '1,"2,3'];
      const columns = columnsOf('a text?', 'b text?', 'c text?');
      for (const line of broken) await refusedWork('invalid', put('broken', columns, '1,2,3', line));
      async function* cut(text: string | Buffer): AsyncGenerator<Uint8Array> {
        yield Buffer.from('1,2,3\n');
        yield Buffer.from(text);
      }
      for (const text of ['1,2,3', '1,2,"3', Buffer.from('1,2,\xe9\n', 'latin1')]) {
        await refusedWork('invalid', session.writeRows(cut(text), { columns, sortBy: [], key: 'broken' }));
      }
      expect(await keysIn(objects)).to.deep.equal([]);
    });

    it('ends with its source where that fails', async () => {
      async function* torn(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('1,2,3\n');
        throw new Error('The source was torn.');
      }
      const columns = columnsOf('a text', 'b text', 'c text');
      const error = await rejection(session.writeRows(torn(), { columns, sortBy: [], key: 'torn' }));
      expect(error.message).to.equal('The source was torn.');
      expect(await keysIn(objects)).to.deep.equal([]);
    });
  });

  describe(`${name}: building`, () => {
    const target = (over: object = {}) => ({
      columns: LINES,
      partitionBy: 'day',
      sortBy: ['amount'],
      keyOf: (partition: string | undefined) => `lines/${partition ?? 'all'}.v1`,
      ...over,
    });
    const source = async (): Promise<WarehouseInputs> => ({
      source: input(
        LINES,
        await put(
          'source',
          LINES,
          'a,2024-01-02,3,x',
          'b,2024-01-01,2,',
          'c,2024-01-02,1,"y"',
          'd,2024-01-02,1,""',
        ),
      ),
    });
    const ALL = { sql: 'SELECT id, day, amount, note FROM source' };

    it('writes an object for each partition, in order, and nothing of a partition into another one', async () => {
      const written = await session.write(await source(), ALL, target());
      expect(written.map(({ partition, key, rows }) => [partition, key, rows])).to.deep.equal([
        ['2024-01-01', 'lines/2024-01-01.v1', 1],
        ['2024-01-02', 'lines/2024-01-02.v1', 3],
      ]);
      expect(await keysIn(objects, 'lines/')).to.deep.equal(written.map(({ key }) => key));
      const rows = await ask(
        { lines: input(LINES, ...written) },
        'SELECT * FROM lines ORDER BY day, amount, id',
      );
      expect(rows).to.deep.equal([
        ['b', '2024-01-01', 2, null],
        ['c', '2024-01-02', 1, 'y'],
        ['d', '2024-01-02', 1, ''],
        ['a', '2024-01-02', 3, 'x'],
      ]);
      const second = await ask({ lines: input(LINES, written[1]!) }, 'SELECT DISTINCT day FROM lines');
      expect(second).to.deep.equal([['2024-01-02']]);
    });

    it('writes one object where there are no partitions, also for no rows', async () => {
      const { partitionBy: _, ...whole } = target();
      const inputs = await source();
      const [all, ...more] = await session.write(inputs, ALL, whole);
      expect(more).to.deep.equal([]);
      expect(all).to.include({ partition: undefined, key: 'lines/all.v1', rows: 4 });
      const none = { ...whole, keyOf: () => 'none' };
      const nothing = { sql: `${ALL.sql} WHERE false` };
      expect(await session.write(inputs, nothing, none)).to.have.length(1);
      expect(await session.write(inputs, nothing, target())).to.deep.equal([]);
    });

    it('gives the same hash for the same rows, and another one for others', async () => {
      const inputs = await source();
      let version = 0;
      const hash = async (sql: string): Promise<string> => {
        const { partitionBy: _, ...whole } = target({ keyOf: () => `v${version++}` });
        const [{ rows, high, low } = { rows: 0, high: '', low: '' }] = await session.write(
          inputs,
          { sql },
          whole,
        );
        return `${rows} ${high} ${low}`;
      };
      const first = await hash(ALL.sql);
      expect(await hash(`${ALL.sql} ORDER BY id DESC -- a comment`)).to.equal(first);
      const others = ["WHERE id <> 'a'", "UNION ALL SELECT * FROM source WHERE id = 'a'"].map(
        (more) => `${ALL.sql} ${more}`,
      );
      others.push(
        "SELECT id, day, amount, coalesce(note, '') AS note FROM source",
        'SELECT id, day, amount + 1 AS amount, note FROM source',
      );
      expect(new Set([first, ...(await Promise.all(others.map(hash)))]).size).to.equal(5);
    });

    it('binds values', async () => {
      const written = await session.write(
        await source(),
        {
          sql: 'SELECT id, day, amount, note FROM source WHERE day = CAST($1 AS date) AND id IN (SELECT unnest($2))',
          values: ['2024-01-02', ['a', "b'"]],
        },
        target(),
      );
      expect(written.map(({ rows }) => rows)).to.deep.equal([1]);
    });

    it('reads tables without objects as empty, and those with several as one', async () => {
      const inputs = { ...(await source()), empty: { columns: LINES, objects: [] } };
      expect(
        await ask(
          inputs,
          'SELECT count(*), max(e.amount), max(e.day) FROM source s LEFT JOIN empty e ON e.id = s.id',
        ),
      ).to.deep.equal([[4, null, null]]);
      const more = await put('more', LINES, 'z,2024-01-03,9,');
      const joined = { columns: LINES, objects: [{ key: 'source' }, { key: more.key }] };
      expect(await ask({ joined }, 'SELECT count(*), max(amount) FROM joined')).to.deep.equal([[5, 9]]);
    });

    it('reads nulls for a column that came after its objects', async () => {
      await source();
      const columns = [...LINES, ...columnsOf('since timestamp?')];
      const more = await put('more', columns, 'z,2024-01-03,9,,2024-01-03 10:00:00');
      const asked = async (...keys: string[]): Promise<unknown> =>
        ask({ x: { columns, objects: keys.map((key) => ({ key })) } }, 'SELECT count(*), count(since), max(amount) FROM x');
      expect(await asked('source')).to.deep.equal([[4, 0, 3]]);
      expect(await asked('source', more.key)).to.deep.equal([[5, 1, 9]]);
    });

    it('takes sums and wider types where every value fits, and fails where one does not', async () => {
      const inputs = await source();
      const columns = columnsOf('total bigint', 'small integer', 'exact decimal(12,2)', 'at timestamp?');
      const sql =
        'SELECT sum(amount) AS total, max(amount) AS small, sum(amount) AS exact, CAST(NULL AS timestamp) AS at FROM source';
      const [written] = await session.write(inputs, { sql }, { columns, sortBy: [], keyOf: () => 'sums' });
      expect(await ask({ x: input(columns, written!) }, 'SELECT * FROM x')).to.deep.equal([
        [7, 7 - 4, '7.00', null],
      ]);
      const large = sql.replace('max(amount)', 'max(amount) * 1000000000');
      await refusedWork(
        'invalid',
        session.write(inputs, { sql: large }, { columns, sortBy: [], keyOf: () => 'large' }),
      );
    });

    it('is told beforehand what columns a statement gives', async () => {
      const sql = `SELECT id AS t, amount AS b, sum(amount) AS total, count(*) AS n, CAST(1 AS integer) AS i, day AS a,
        CAST(1 AS decimal(12,2)) AS d, amount > 1 AS o, CAST(day AS timestamp) AS s FROM source GROUP BY id, amount, day`;
      const types = ['t text?', 'b bigint?', 'total decimal(38,0)?', 'n bigint?', 'i integer?', 'a date?', 'd decimal(12,2)?', 'o boolean?', 's timestamp?'];
      const inputs = { source: input(LINES) };
      const columns = await session.describe(inputs, { sql });
      expect(columns).to.deep.equal(columnsOf(...types));
      const [written] = await session.write(await source(), { sql }, { columns, sortBy: [], keyOf: () => 'described' });
      expect(written).to.have.property('rows', 4);
      await refusedWork('refused', session.describe(inputs, { sql: 'SELECT [id] AS list FROM source' }));
      await refusedWork('refused', session.describe(inputs, { sql: 'SELECT * FROM nowhere' }));
    });

    it('refuses columns that are not those declared, all of them in one message', async () => {
      const sql = 'SELECT id, day, avg(amount) AS amount, 1 AS extra FROM source GROUP BY id, day';
      const error = await refusedWork('refused', session.write(await source(), { sql }, target()));
      expect(error.message).to.match(/"extra" is not declared.*"amount" is DOUBLE.*"note" is missing/);
    });

    it('refuses null where none may be, and in the column of partitions', async () => {
      const inputs = await source();
      const nullId = { sql: 'SELECT CAST(NULL AS varchar) AS id, day, amount, note FROM source' };
      expect((await refusedWork('invalid', session.write(inputs, nullId, target()))).message).to.contain(
        'id',
      );
      const columns = LINES.map((column) => ({ ...column, nullable: true }));
      const nullDay = { sql: 'SELECT id, CAST(NULL AS date) AS day, amount, note FROM source' };
      const error = await refusedWork('invalid', session.write(inputs, nullDay, target({ columns })));
      expect(error.message).to.contain('"day"');
    });

    it('is all or nothing, also where an object is there already', async () => {
      const inputs = await source();
      await objects.put('lines/2024-01-02.v1', Buffer.from('other'));
      expect(await rejection(session.write(inputs, ALL, target()))).to.have.property('fault', 'exists');
      expect(await keysIn(objects, 'lines/')).to.deep.equal(['lines/2024-01-02.v1']);
      expect(await objects.head('lines/2024-01-02.v1')).to.have.property('size', 5);
    });

    it('refuses what is no SELECT, more than one, and names that are not there', async () => {
      const inputs = await source();
      for (const sql of [
        '',
        ' ',
        'SELEC 1',
        'SELECT 1; SELECT 2',
        'CREATE TABLE x (a int)',
        'DROP VIEW source',
        'SELECT * FROM nowhere',
        "SELECT 1) TO '/tmp/x' --",
      ]) {
        await refusedWork('refused', session.write(inputs, { sql }, target()));
        await refusedWork('refused', session.query(inputs, { sql }, LIMITS));
      }
    });

    it('tells of an object that is gone', async () => {
      const inputs = await source();
      await objects.delete('source');
      expect(await rejection(session.write(inputs, ALL, target()))).to.have.property('fault', 'not_found');
      expect(await rejection(session.query(inputs, ALL, LIMITS))).to.have.property('fault', 'not_found');
    });
  });

  describe(`${name}: asking`, () => {
    it('gives JSON that loses nothing', async () => {
      const sql = `SELECT sum(n) AS sum, 9007199254740993 AS large, CAST(1 AS decimal(10,2)) AS money, n > 5 AS yes, count(*) * 0.5 AS half,
        DATE '2024-01-01' AS day, TIMESTAMP '0001-01-01 00:00:00.000001' AS at, NULL AS nothing, $1 AS "text", $2 + 1 AS "Number", $3 AS yes FROM n WHERE n > 498 GROUP BY n`;
      const { columns, rows } = await session.query(
        await numbers(),
        { sql, values: ["it's", 41, true] },
        LIMITS,
      );
      expect(columns).to.deep.equal([
        'sum',
        'large',
        'money',
        'yes',
        'half',
        'day',
        'at',
        'nothing',
        'text',
        'Number',
        'yes',
      ]);
      expect(rows).to.deep.equal([
        [
          499,
          '9007199254740993',
          '1.00',
          true,
          '0.5',
          '2024-01-01',
          '0001-01-01T00:00:00.000001Z',
          null,
          "it's",
          42,
          true,
        ],
      ]);
    });

    it('stops at the cap of rows, and gives as many as that', async () => {
      const inputs = await numbers();
      const sql = 'SELECT a.n FROM n a, n b, n c';
      const error = await refusedWork(
        'too_large',
        session.query(inputs, { sql }, { ...LIMITS, maxRows: 100 }),
      );
      expect(error.message).to.contain('100 rows');
      const exact = await session.query(inputs, { sql: 'SELECT n FROM n' }, { ...LIMITS, maxRows: 500 });
      expect(exact.rows).to.have.length(500);
    });

    it('stops at the time limit, and goes on with the next', async () => {
      const inputs = await numbers();
      const error = await refusedWork(
        'timeout',
        session.query(inputs, { sql: ENDLESS }, { ...LIMITS, timeoutMs: 200 }),
      );
      expect(error.message).to.contain('200 ms');
      expect(await ask(inputs, 'SELECT count(*) FROM n')).to.deep.equal([[500]]);
    });

    it('stops when nobody waits any more, also those that had not begun', async () => {
      const inputs = await numbers();
      const controller = new AbortController();
      const queries = Array.from({ length: 6 }, () =>
        refusedWork('cancelled', session.query(inputs, { sql: ENDLESS }, LIMITS, controller.signal)),
      );
      await new Promise((settle) => setTimeout(settle, 50));
      controller.abort();
      await Promise.all(queries);
      await refusedWork('cancelled', session.query(inputs, { sql: 'SELECT 1' }, LIMITS, controller.signal));
      expect(await ask(inputs, 'SELECT count(*) FROM n')).to.deep.equal([[500]]);
    });

    it('and building are called off when it is closed', async () => {
      const inputs = await numbers();
      const columns = columnsOf('count bigint');
      const other = await stand.open(objects);
      const running = [
        refusedWork('cancelled', other.query(inputs, { sql: ENDLESS }, LIMITS)),
        refusedWork(
          'cancelled',
          other.write(
            inputs,
            { sql: ENDLESS.replace('count(*)', 'count(*) AS count') },
            { columns, sortBy: [], keyOf: () => 'k' },
          ),
        ),
      ];
      await other.close();
      await Promise.all(running);
      await refusedWork('cancelled', other.query(inputs, { sql: 'SELECT 1' }, LIMITS));
      expect(await keysIn(objects)).to.deep.equal(['n']);
    });

    it('refuses a type that JSON has no word for, and what cannot be computed', async () => {
      const inputs = await numbers();
      await refusedWork('refused', session.query(inputs, { sql: 'SELECT [n] AS list FROM n' }, LIMITS));
      await refusedWork(
        'invalid',
        session.query(inputs, { sql: "SELECT CAST('x' AS integer) FROM n" }, LIMITS),
      );
    });
  });
}
