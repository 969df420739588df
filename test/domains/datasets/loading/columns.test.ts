import { expect } from 'chai';
import * as fc from 'fast-check';
import pg from 'pg';
import { createDatabase } from '../../../support/database.ts';
import { readCsv } from './csv-reading.ts';

/** What is written for a value of a column, or why it is none. */
async function written(
  type: string,
  value: string,
): Promise<{ readonly text: string | null } | { readonly reason: string }> {
  const { rows, quarantined } = await readCsv(
    { v: type, last: 'text' },
    `v,last\n"${value.replaceAll('"', '""')}",x\n`,
  );
  const [bad] = quarantined.rows;
  return bad ? { reason: bad.reason } : { text: rows[0]![1]! };
}

async function taken(type: string, values: readonly string[]): Promise<void> {
  for (const value of values) expect(await written(type, value), value).to.deep.equal({ text: value });
}

async function none(type: string, values: readonly string[], reason: string): Promise<void> {
  for (const value of values) expect(await written(type, value), value).to.deep.equal({ reason });
}

describe('a value of a column', () => {
  it('of type integer is digits, of 32 bits', async () => {
    await taken('integer', ['0', '-0', '7', '-1', '2147483647', '-2147483648', '1000000000']);
    await none(
      'integer',
      [
        '',
        '-',
        '+1',
        '01',
        '-01',
        '00',
        ' 12 ',
        '12 ',
        '1.0',
        '12.7',
        '1e3',
        '1_000',
        '1,234',
        '0x10',
        'NaN',
        '١',
        '1-2',
        '--1',
      ],
      'Expected an integer: digits, "-" in front where it is negative, no zeros in front.',
    );
    await none(
      'integer',
      ['2147483648', '-2147483649', '9999999999', '10000000000', '4294967296'],
      'An integer is from -2147483648 to 2147483647. A column of larger ones is declared as bigint.',
    );
  });

  it('of type bigint is digits, of 64 bits', async () => {
    await taken('bigint', ['0', '2147483648', '9007199254740993', '9223372036854775807', '-9223372036854775808']);
    await none(
      'bigint',
      ['1.0', '', '007'],
      'Expected an integer: digits, "-" in front where it is negative, no zeros in front.',
    );
    await none(
      'bigint',
      ['9223372036854775808', '-9223372036854775809', '10000000000000000000'],
      'A bigint is from -9223372036854775808 to 9223372036854775807.',
    );
  });

  it('of type decimal has at most the digits declared, and is never rounded', async () => {
    await taken('decimal(5,2)', ['0', '1', '-1.5', '999.99', '-999.99', '0.01', '12.30', '-0.5']);
    await none(
      'decimal(5,2)',
      [
        '1,234.50',
        '1000',
        '1.234',
        '1.230',
        '.5',
        '5.',
        '1e2',
        '+1',
        '01',
        '-',
        '',
        '1.-2',
        '1.2.3',
        ' 1',
        'NaN',
        'Infinity',
        '$1',
      ],
      'Expected a decimal(5,2): at most 3 digits, and at most 2 behind the point; no signs between them, no zeros in front.',
    );
    await taken('decimal(2,2)', ['0.25', '0', '-0.99']);
    expect(await written('decimal(2,2)', '1.25')).to.have.property('reason');
    await taken('decimal(3,0)', ['999']);
    expect(await written('decimal(3,0)', '1.0')).to.deep.equal({
      reason:
        'Expected a decimal(3,0): at most 3 digits, and none behind a point; no signs between them, no zeros in front.',
    });
    await taken('decimal(38,0)', ['9'.repeat(38)]);
  });

  it('of type boolean is true or false', async () => {
    expect(await written('boolean', 'true')).to.deep.equal({ text: 't' });
    expect(await written('boolean', 'false')).to.deep.equal({ text: 'f' });
    await none(
      'boolean',
      ['', 't', 'TRUE', 'True', '1', '0', 'yes', 'truex', 'tru'],
      'Expected true or false, in small letters.',
    );
  });

  it('of type date is a day of the calendar', async () => {
    await taken('date', ['2026-01-31', '0001-01-01', '9999-12-31', '2024-02-29', '2000-02-29']);
    await none(
      'date',
      [
        '',
        '2026-02-29',
        '1900-02-29',
        '2026-13-01',
        '2026-00-10',
        '2026-01-00',
        '2026-04-31',
        '0000-01-01',
        '26-01-31',
        '2026-1-31',
        '2026/01/31',
        '31.01.2026',
        'infinity',
        'today',
        '2026-01-31 ',
        '10000-01-01',
        '2026-01-31T00:00:00Z',
      ],
      'Expected a day of the calendar as YYYY-MM-DD, of the years 0001 to 9999.',
    );
  });

  it('of type timestamp is one moment, which is written in UTC', async () => {
    const moments: Readonly<Record<string, string>> = {
      '2026-01-31T12:00:00Z': '2026-01-31 12:00:00+00',
      '2026-01-31t12:00:00.5z': '2026-01-31 12:00:00.5+00',
      '2026-01-31 12:00:00': '2026-01-31 12:00:00+00',
      '2026-01-31T12:00:00': '2026-01-31 12:00:00+00',
      '2026-01-31 12:00:00.123456': '2026-01-31 12:00:00.123456+00',
      '2026-01-31T12:00:00+02:00': '2026-01-31 10:00:00+00',
      '2026-01-31T23:30:00.25-09:30': '2026-02-01 09:00:00.25+00',
      '2026-03-01 00:00:00+05:45': '2026-02-28 18:15:00+00',
      '2026-01-31T12:00:00-00:00': '2026-01-31 12:00:00+00',
      '0001-01-01T00:00:00Z': '0001-01-01 00:00:00+00',
      '0001-01-01T02:00:00+02:00': '0001-01-01 00:00:00+00',
      '0099-12-31T23:00:00-02:00': '0100-01-01 01:00:00+00',
      '9999-12-31T23:59:59.999999Z': '9999-12-31 23:59:59.999999+00',
    };
    for (const [value, text] of Object.entries(moments))
      expect(await written('timestamp', value), value).to.deep.equal({ text });
    await none(
      'timestamp',
      [
        '',
        'infinity',
        '-infinity',
        'now',
        '2026-01-31',
        '2026-01-31T12:00',
        '2026-01-31T24:00:00Z',
        '2026-01-31T23:59:60Z',
        '0000-12-31T23:59:59Z',
        '0001-01-01T00:00:00+00:01',
        '9999-12-31T23:59:59-00:01',
        '2026-02-30T00:00:00Z',
        '2026-01-31T12:00:00.1234567Z',
        '2026-01-31T12:00:00.Z',
        '2026-01-31T12:00:00+0200',
        '2026-01-31T12:00:00+02',
        '2026-01-31T12:00:00+24:00',
        '2026-01-31T12:00:00 Z',
        '2026-01-31T12:00:00 Europe/Berlin',
        '1769860800',
        '2026-01-31_12:00:00Z',
        '2026-01-31T12:00:0',
        '+2026-01-31T12:00:00Z',
        '2026-01-31T12:00:00,5Z',
        '2026-01-31T12:00:00ZZ',
      ],
      'Expected a time as 2026-01-31T12:00:00Z or 2026-01-31 12:00:00.123456 (UTC), of the years 0001 to 9999, to microseconds.',
    );
  });

  it('of type json is a document that can be stored, as it was written', async () => {
    await taken('json', ['null', '{"a": [1, 2.50, "x\\n"]}', '"é"', '1e400', String.raw`"\ud83d\ude00"`]);
    await none('json', ['', '{', "{'a':1}", 'NaN', '01', '{"a":1,}', 'undefined'], 'Expected JSON.');
    const stored = 'The JSON holds a NUL character or half of a surrogate pair, which cannot be stored.';
    await none('json', [String.raw`"\u0000"`, String.raw`{"\ud800": 1}`, String.raw`[["\udc00x"]]`], stored);
    await none(
      'json',
      ['1e9999', '1E-12345', `[${'1'.repeat(1001)}]`],
      'The JSON holds a number of more than 1,000 digits.',
    );
    await taken('json', ['"1e9999"', `"${'1'.repeat(2000)}"`]);
  });

  it('of type text is any text but for a NUL', async () => {
    await taken('text', ['', ' a ', 'x'.repeat(100_000), '\\N', '\\.', '\t\v\b']);
    await none('text', ['a\0'], 'The text holds a NUL character (U+0000), which cannot be stored.');
  });

  it('which is taken is the same one in PostgreSQL', async function () {
    this.timeout(60_000);
    const database = await createDatabase();
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      await client.query(`SET timezone TO 'UTC'`);
      const near = (examples: readonly string[]) =>
        fc
          .tuple(
            fc.constantFrom(...examples),
            fc.nat(30),
            fc.constantFrom('', '0', '1', '9', '-', '+', '.', ':', 'Z', ' ', 'e', 'T', ',', '"', '\\u', 'x'),
            fc.nat(2),
          )
          .map(([text, at, piece, gone]) => text.slice(0, at) + piece + text.slice(at + gone));
      const types: Readonly<Record<string, readonly string[]>> = {
        integer: ['0', '-12', '2147483647', '-2147483648'],
        bigint: ['0', '9223372036854775807', '-9223372036854775808'],
        'decimal(12,2)': ['0', '1234567890.12', '-0.5', '12.30'],
        boolean: ['true', 'false'],
        date: ['2026-01-31', '0001-01-01', '9999-12-31'],
        timestamp: [
          '2026-01-31T12:00:00.123456Z',
          '2026-01-31 12:00:00',
          '0001-01-01T00:00:00+01:00',
          '9999-12-31T23:59:59.9-05:30',
        ],
        json: ['{"a":[1,2.5e10,"x"],"b":null}', '"\\u00e9\\ud83d\\ude00"', 'true'],
      };
      for (const [type, examples] of Object.entries(types)) {
        const values = fc.sample(near(examples), { numRuns: 600, seed: 7 });
        const content = ['v,last', ...values.map((value) => `"${value.replaceAll('"', '""')}",x`)].join('\n');
        const { rows } = await readCsv({ v: type, last: 'text' }, content);
        expect(rows.length, type).to.be.above(20);
        const asType = type.replace('decimal', 'numeric').replace('timestamp', 'timestamptz').replace('json', 'jsonb');
        const pairs = rows.map(([line, text]) => [values[Number(line) - 2]!, text!]);
        // What is written is what was sent, and nothing was rounded on the way: digits are as before.
        const exact = asType.startsWith('numeric') ? 'numeric' : asType;
        const { rows: wrong } = await client.query({
          text: `SELECT given, sent FROM unnest($1::text[], $2::text[]) AS value (given, sent)
                 WHERE given::${asType} IS DISTINCT FROM sent::${exact}`,
          values: [pairs.map(([, text]) => text), pairs.map(([sent]) => sent)],
        });
        expect(wrong, type).to.deep.equal([]);
      }
    } finally {
      await client.end();
      await database.drop();
    }
  });
});
