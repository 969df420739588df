import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import * as fc from 'fast-check';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Column } from '../../core/kernel/columns.ts';
import { contentHashSql } from '../../core/kernel/content-hash.ts';
import type { Objects } from '../../core/kernel/objects.ts';
import type { ContentHash, WarehouseSession } from '../../core/kernel/warehouse.ts';
import duckdb from '../../plugins/duckdb/index.ts';
import folder from '../../plugins/folder/index.ts';
import { objectStoreOf } from '../plugins/object-store.contract.ts';
import { columnsOf, warehouseOf } from '../plugins/warehouse.contract.ts';
import { createDatabase } from '../support/database.ts';

const COLUMNS = columnsOf(
  't text?',
  'u text?',
  'i integer?',
  'b bigint?',
  'd decimal(20,4)?',
  'f decimal(5,5)?',
  'h decimal(38,0)?',
  'o boolean?',
  'a date?',
  's timestamp?',
  'j json?',
);

/** As PostgreSQL takes them; json as jsonb, which prints it in a form of its own. */
const TYPES: Readonly<Record<Column['type'], string>> = {
  text: 'text',
  integer: 'integer',
  bigint: 'bigint',
  decimal: 'numeric',
  boolean: 'boolean',
  date: 'date',
  timestamp: 'timestamptz',
  json: 'jsonb',
};

type Row = readonly (string | null)[];

const digits = (value: bigint, scale: number): string => {
  const text = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  return `${value < 0n ? '-' : ''}${text.slice(0, -scale)}.${text.slice(-scale)}`;
};
const integers = (bits: bigint): fc.Arbitrary<string> =>
  fc.bigInt(-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n).map(String);
const moments = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => date.toISOString());

const text = fc.oneof(
  fc.constantFrom(
    '',
    '\\N',
    '\\',
    '\u001f',
    'a\u001fb',
    '\\u',
    'N',
    '\n',
    '\r\n',
    '"',
    ',',
    '\\.',
    ' ',
    'NULL',
    '😀',
    'é',
    'e\u0301',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }).map((value) => value.replaceAll('\0', '')),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);
const values: Readonly<Record<string, fc.Arbitrary<string>>> = {
  t: text,
  u: text,
  i: integers(32n),
  b: integers(64n),
  d: fc.bigInt(-(10n ** 20n) + 1n, 10n ** 20n - 1n).map((value) => digits(value, 4).replace(/0+$/, '0')),
  f: fc.bigInt(-99_999n, 99_999n).map((value) => digits(value, 5)),
  h: fc.bigInt(-(10n ** 38n) + 1n, 10n ** 38n - 1n).map(String),
  o: fc.constantFrom('t', 'f'),
  a: moments.map((moment) => moment.slice(0, 10)),
  s: fc
    .tuple(moments, fc.nat({ max: 999_999 }))
    .map(([moment, micros]) => `${moment.slice(0, 19)}.${String(micros).padStart(6, '0')}+00`),
  // As jsonb keeps it: NUL and lone surrogates it does not.
  j: fc
    .jsonValue({ maxDepth: 2 })
    .map((value) => JSON.stringify(value))
    .filter((value) => !/\\u(0000|d[89a-f])/i.test(value)),
};
const row: fc.Arbitrary<Row> = fc.tuple(...COLUMNS.map(({ name }) => fc.option(values[name]!, { freq: 5 })));

describe('the content hash', () => {
  let database: { url: string; drop(): Promise<void> };
  let client: pg.Client;
  let place: string;
  let objects: Objects;
  let session: WarehouseSession;
  let count = 0;

  before(async () => {
    database = await createDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    // Nothing may depend on a session's settings, but what COPY prints.
    await client.query("SET TimeZone = 'Asia/Kolkata'");
    const definitions = COLUMNS.map(
      ({ name, type, precision, scale }) =>
        `${name} ${TYPES[type]}${precision === undefined ? '' : `(${precision}, ${scale})`}`,
    );
    await client.query(`CREATE TABLE rows (${definitions.join(', ')})`);
    place = await mkdtemp(join(tmpdir(), 'sluice-test-'));
    objects = objectStoreOf(folder).open(place);
    session = warehouseOf(duckdb).open('duckdb:', { objects, scratch: join(place, '.scratch') });
  });
  after(async () => {
    await session.close();
    await client.end();
    await database.drop();
    await rm(place, { recursive: true, force: true });
  });

  async function fill(rows: readonly Row[]): Promise<void> {
    await client.query('TRUNCATE rows');
    const lists = COLUMNS.map((_, index) => rows.map((fields) => fields[index] ?? null));
    const list = COLUMNS.map(({ type }, index) => `$${index + 1}::text[]::${TYPES[type]}[]`).join(', ');
    await client.query(`INSERT INTO rows SELECT * FROM unnest(${list})`, lists);
  }
  async function inPostgres(rows: readonly Row[]): Promise<ContentHash> {
    await fill(rows);
    const result = await client.query<Record<keyof ContentHash, string>>(
      contentHashSql('postgres', COLUMNS, 'rows'),
    );
    const [found] = result.rows;
    return { rows: Number(found!.rows), high: found!.high, low: found!.low };
  }
  /** Of the rows in PostgreSQL, on the way that the platform's own take. */
  async function inDuckdb(): Promise<ContentHash> {
    await client.query("BEGIN; SET LOCAL TimeZone = 'UTC'");
    const csv = client.query(copyTo('COPY rows TO STDOUT (FORMAT csv)'));
    const key = `rows/${count++}`;
    const written = await session.writeRows(csv, { columns: COLUMNS, sortBy: ['t'], key });
    await client.query('COMMIT');
    return { rows: written.rows, high: written.high, low: written.low };
  }

  it('is the same from PostgreSQL and from DuckDB, for any rows', async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 8 }), async (rows) => {
        const hash = await inPostgres(rows);
        expect(await inDuckdb()).to.deep.equal(hash);
        expect(hash.rows).to.equal(rows.length);
      }),
      { numRuns: 60 },
    );
  });

  it('of many rows is more than 64 bits, and the same', async () => {
    const rows = Array.from({ length: 3000 }, (_, index): Row => [
      `row ${index}`,
      ...COLUMNS.slice(1).map(() => null),
    ]);
    const hash = await inPostgres(rows);
    expect(BigInt(hash.high) > 2n ** 64n && BigInt(hash.low) > 2n ** 64n).to.equal(true);
    expect(await inDuckdb()).to.deep.equal(hash);
  });

  it('does not depend on the order of rows', async () => {
    const shuffled = fc
      .array(row, { minLength: 2, maxLength: 6 })
      .chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length })));
    await fc.assert(
      fc.asyncProperty(shuffled, async ([rows, other]) => {
        expect(await inPostgres(other)).to.deep.equal(await inPostgres(rows));
      }),
      { numRuns: 25 },
    );
  });

  it('is another one where a row is dropped, doubled or changed in any column', async () => {
    const change = fc.tuple(
      fc.array(row, { minLength: 1, maxLength: 5 }),
      fc.nat(),
      fc.nat({ max: COLUMNS.length - 1 }),
    );
    await fc.assert(
      fc.asyncProperty(change, row, async ([rows, at, column], other) => {
        const index = at % rows.length;
        const hashes = [await inPostgres(rows)];
        hashes.push(await inPostgres(rows.toSpliced(index, 1)));
        hashes.push(await inPostgres([...rows, rows[index]!]));
        const before = rows[index]![column];
        const after = other[column] ?? null;
        const same = await client.query<{ same: boolean }>(
          `SELECT $1::text::${TYPES[COLUMNS[column]!.type]} IS NOT DISTINCT FROM $2::text::${TYPES[COLUMNS[column]!.type]} AS same`,
          [before, after],
        );
        const changed = await inPostgres(rows.with(index, rows[index]!.with(column, after)));
        expect(JSON.stringify(changed) === JSON.stringify(hashes[0])).to.equal(same.rows[0]!.same);
        expect(new Set(hashes.map((hash) => JSON.stringify(hash))).size).to.equal(3);
      }),
      { numRuns: 40 },
    );
  });

  it('tells texts apart that differ in where they are divided', async () => {
    const pairs: readonly (readonly (string | null)[])[] = [
      ['a', 'b'],
      ['a\u001fb', ''],
      ['', 'a\u001fb'],
      ['a', null],
      [null, 'a'],
      ['a', '\\N'],
      ['a\\', 'b'],
      ['a', '\\b'],
      ['a\\u', 'b'],
      ['a\u001f', 'b'],
      ['a', '\u001fb'],
      ['', ''],
      [null, null],
      ['', null],
    ];
    const hashes = new Set<string>();
    for (const pair of pairs)
      hashes.add(JSON.stringify(await inPostgres([[...pair, ...COLUMNS.slice(2).map(() => null)]])));
    expect(hashes.size).to.equal(pairs.length);
  });
});
