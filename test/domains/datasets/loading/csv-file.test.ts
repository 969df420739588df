import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { readCsv, type Reading, type ReadingOptions } from './csv-reading.ts';

const LINES = { id: 'text', quantity: 'integer', note: 'text?' };

/** A file of the columns above. */
const read = (content: string | Uint8Array, options?: ReadingOptions): Promise<Reading> =>
  readCsv(LINES, content, options);

async function rowsOf(content: string | Uint8Array): Promise<Reading['rows']> {
  const { rows, quarantined, refused } = await read(content);
  expect({ quarantined: quarantined.rows, refused }).to.deep.equal({ quarantined: [], refused: undefined });
  return rows;
}

/** The one row that is not taken; all others are. */
async function badRow(content: string | Uint8Array): Promise<Reading['quarantined']['rows'][number]> {
  const { quarantined, refused } = await read(content);
  expect({ count: quarantined.count, refused }).to.deep.equal({ count: 1, refused: undefined });
  return quarantined.rows[0]!;
}

async function refusal(content: string | Uint8Array, options?: ReadingOptions): Promise<string | undefined> {
  return (await read(content, options)).refused;
}

describe('a CSV file', () => {
  it('is read into the declared columns, whatever the order of those in the file', async () => {
    expect(await rowsOf('note,id,quantity\nfirst,a,1\nsecond,b,-2\n')).to.deep.equal([
      ['2', 'a', '1', 'first'],
      ['3', 'b', '-2', 'second'],
    ]);
    expect(await rowsOf('id,quantity,note\n')).to.deep.equal([]);
    expect(await rowsOf('id,quantity,note')).to.deep.equal([]);
  });

  it('may have a byte order mark, CRLF, quotes and newlines in fields', async () => {
    const content = '\ufeffid,"quantity",note\r\na,1,"He said ""yes"",\r\nthen\nleft"\r\n"b","2",""\r\nc,3,\r\n';
    expect(await rowsOf(content)).to.deep.equal([
      ['2', 'a', '1', 'He said "yes",\r\nthen\nleft'],
      ['5', 'b', '2', ''],
      ['6', 'c', '3', null],
    ]);
  });

  it('may have no line end behind its last row', async () => {
    for (const last of ['b,2,x', 'b,2,x\r', 'b,2,"x"'])
      expect((await rowsOf(`id,quantity,note\na,1,\n${last}`))[1]).to.deep.equal(['3', 'b', '2', 'x']);
    expect((await rowsOf('id,quantity,note\nb,2,'))[0]).to.deep.equal(['2', 'b', '2', null]);
  });

  it('keeps backslashes, tabs and characters of any script as they are', async () => {
    const note = String.raw`\N \t \\` + '\té漢😀\u0001';
    expect((await rowsOf(`id,quantity,note\na,1,${note}\n`))[0]![3]).to.equal(note);
  });

  it('has a null where a field is empty, and an empty text where it is quoted', async () => {
    expect(await rowsOf('id,quantity,note\n"",1,\n')).to.deep.equal([['2', '', '1', null]]);
    expect(await badRow('id,quantity,note\n,1,\n')).to.deep.equal({
      line: 2,
      column: 'id',
      value: '',
      reason: 'The value is empty, and the column takes no null. An empty text is written "".',
    });
    expect((await badRow('id,quantity,note\na,,\n')).reason).to.equal(
      'The value is empty, and the column takes no null.',
    );
    expect((await badRow('id,quantity,note\na,"",\n')).column).to.equal('quantity');
  });

  it('is read the same in whatever pieces it comes', async () => {
    const field = fc.oneof(
      fc.stringMatching(/^[a-z0-9]{0,3}$/),
      fc.stringMatching(/^"?[ab,"\r\n é]{0,4}"?$/),
      fc.constant('"a ""b""\r\n c"'),
    );
    const row = fc.array(field, { minLength: 3, maxLength: 3 }).map((fields) => fields.join(','));
    const file = fc.tuple(fc.array(row, { maxLength: 6 }), fc.constantFrom('\n', '\r\n'), fc.boolean());
    await fc.assert(
      fc.asyncProperty(
        file,
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        async ([rows, end, ends], pieces) => {
          const content = ['note,quantity,id', ...rows].join(end) + (ends ? end : '');
          expect(await read(content, { pieces })).to.deep.equal(await read(content));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('holds what the parser of a well-kept library finds in it, at the lines where that is', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ',', '"', '\n', '\r\n', ' ', 'é', '\\'), maxLength: 6 });
    const cell = fc.tuple(text, fc.boolean());
    const table = fc.array(fc.tuple(cell, cell, cell), { maxLength: 8 });
    const written = ([value, quoted]: readonly [string, boolean]): string =>
      quoted || /[",\r\n]/.test(value) || value === '' ? `"${value.replaceAll('"', '""')}"` : value;
    await fc.assert(
      fc.asyncProperty(table, fc.constantFrom('\n', '\r\n'), async (table, end) => {
        const content = ['a,b,c', ...table.map((row) => row.map(written).join(','))].map((line) => line + end).join('');
        const { rows, refused, quarantined } = await readCsv({ a: 'text', b: 'text', c: 'text' }, content);
        expect({ refused, count: quarantined.count }).to.deep.equal({ refused: undefined, count: 0 });
        const expected = parse(content, { record_delimiter: ['\r\n', '\n'], from: 2 });
        expect(rows.map(([, ...values]) => values)).to.deep.equal(expected);
        let line = 2;
        for (const [index, row] of table.entries()) {
          expect(rows[index]![0]).to.equal(String(line));
          line += row.map(written).join(',').split('\n').length;
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a bad row of a CSV file', () => {
  const HEADER = 'id,quantity,note\n';

  it('is one with another number of values than the header', async () => {
    expect(await badRow(`${HEADER}a,1,x\nb,2\n`)).to.deep.equal({
      line: 3,
      value: 'b,2',
      reason: 'The row has 2 values, and the header names 3.',
    });
    expect((await badRow(`${HEADER}a,1,x,\n`)).reason).to.equal('The row has 4 values, and the header names 3.');
    expect((await badRow(`${HEADER}a,1,x\n\n`)).reason).to.equal('The row has 1 value, and the header names 3.');
    expect((await badRow(`${HEADER}${','.repeat(5000)}\n`)).reason).to.equal(
      'The row has 5001 values, and the header names 3.',
    );
  });

  it('is one with bytes that are no UTF-8, as Latin-1 writes them', async () => {
    const content = Buffer.concat([
      Buffer.from(`${HEADER}é,1,x\nb,2,caf`),
      Buffer.from([0xe9]),
      Buffer.from('\nc,3,x\n'),
    ]);
    expect(await badRow(content)).to.deep.equal({
      line: 3,
      column: 'note',
      value: 'caf\ufffd',
      reason: 'Byte 8 of the row, 0xE9, is no UTF-8. Send the file in UTF-8.',
    });
    const rest = [
      [0xc0, 0xaf],
      [0xed, 0xa0, 0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0xe2, 0x82],
    ];
    for (const bytes of rest)
      expect(
        (await badRow(Buffer.concat([Buffer.from(`${HEADER}a,1,`), Buffer.from(bytes), Buffer.from('\n')]))).reason,
      ).to.contain('Byte 5');
  });

  it('is one with a quote or a carriage return within a value', async () => {
    expect(await badRow(`${HEADER}a,1,5" pipe\nb,2,x\n`)).to.deep.equal({
      line: 2,
      value: 'a,1,5" pipe',
      reason: 'A quote stands within a value. Put the value in quotes, and write quotes in it twice.',
    });
    expect((await badRow(`${HEADER}a,1,"x" y\n`)).line).to.equal(2);
    expect((await badRow(`${HEADER}a,1,x\ry\n`)).reason).to.contain('carriage return');
  });

  it('is one with a value that is none of its column, as it stands', async () => {
    expect(await badRow(`${HEADER}a,1,x\nb, 12 ,y\n`)).to.deep.equal({
      line: 3,
      column: 'quantity',
      value: ' 12 ',
      reason: 'Expected an integer: digits, "-" in front where it is negative, no zeros in front.',
    });
  });

  it('is shown no longer than can be read, and of characters that can be stored', async () => {
    const { value } = await badRow(`${HEADER}a,${'9'.repeat(100_000)},x\n`);
    expect(value).to.equal(`${'9'.repeat(200)}…`);
    expect((await badRow(`${HEADER}a,1,x\0y\n`)).value).to.equal('x\ufffdy');
  });

  it('is counted where there are too many to keep each', async () => {
    const { quarantined, rows } = await read(HEADER + 'a,x,\n'.repeat(1500) + 'b,1,\n');
    expect(quarantined.count).to.equal(1500);
    expect(quarantined.rows).to.have.length(1000);
    expect(quarantined.rows.at(-1)!.line).to.equal(1001);
    expect(rows).to.deep.equal([['1502', 'b', '1', null]]);
  });
});

describe('a CSV file is refused as a whole', () => {
  it('where its header has other columns, with the ones that were meant', async () => {
    expect(await refusal('id,quantity\na,1\n')).to.equal(
      'The header does not fit. The column "note" is missing. Declared are id, quantity, note.',
    );
    expect(await refusal('id,quantity,note,colour\na,1,x,red\n')).to.equal(
      'The header does not fit. The column "colour" is not declared. Declared are id, quantity, note.',
    );
    expect(await refusal('id,quantty,note\na,1,x\n')).to.equal(
      'The header does not fit. The column "quantity" is missing. The column "quantty" is not declared. Did you mean "quantity"? Declared are id, quantity, note.',
    );
    expect(await refusal('id,quantity,note,id\n')).to.contain('The column "id" is there twice.');
    expect(await refusal('Id,quantity,note,\n')).to.contain(
      'The column "Id" is not declared. Did you mean "id"? The column without a name is not declared.',
    );
    expect(await refusal('a,1,x\nb,2,y\n')).to.contain('The column "id" is missing.');
  });

  it('where it is empty, or no text in UTF-8', async () => {
    expect(await refusal('')).to.equal('The file is empty. Its first line must name the columns.');
    expect(await refusal('\ufeff')).to.equal('The file is empty. Its first line must name the columns.');
    expect(await refusal(Buffer.from('\ufeffid,quantity,note\n', 'utf16le'))).to.equal(
      'The file is in UTF-16. Send it in UTF-8.',
    );
    expect(await refusal(Buffer.from('id,quantity,note\n', 'utf16le'))).to.contain('The header is no UTF-8 text.');
    expect(await refusal(Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0xff, 0x0a]))).to.contain('The header is no UTF-8 text.');
    expect(await refusal('id,quantity,note\ra,1,x\r')).to.contain('The header cannot be read. A carriage return');
  });

  it('where half of it is missing', async () => {
    expect(await refusal('id,quantity,note\na,1,x\nb,2')).to.equal(
      'The file ends within the row of line 3, which has 2 of 3 values: half of it is missing.',
    );
    expect(await refusal('id,quantity,note\na,1,"x\ny,2,z\n')).to.equal(
      'The file ends within quotes, in the row of line 2: half of it is missing.',
    );
    expect(await refusal('id,quantity,"no')).to.equal(
      'The file ends within quotes, in the row of line 1: half of it is missing.',
    );
  });

  it('where quotes leave open where its rows begin', async () => {
    expect(await refusal('id,quantity,note\na,1,"x\nb,2,"y"\nc,3,z\n')).to.equal(
      'Quotes do not fit in the row of line 2, and so it is unknown where rows begin. A quote stands within a value. Put the value in quotes, and write quotes in it twice.',
    );
    expect(await refusal(`id,quantity,note\na,1,"${'x\n'.repeat(600_000)}`)).to.equal(
      'The row of line 2 is longer than 1048576 bytes. Is there a quote that is not closed?',
    );
  });

  it('where more rows are bad than it may have', async () => {
    const content = `id,quantity,note\n${'a,1,x\n'.repeat(997)}b,12.7,x\nc,1e3,x\nd,,x\n`;
    expect((await read(content, { maxBad: { rows: 3 } })).quarantined.count).to.equal(3);
    expect((await read(content, { maxBad: { percent: 0.3 } })).refused).to.equal(undefined);
    expect(await refusal(content, { maxBad: { rows: 1 } })).to.equal(
      'More rows are bad than the 1 that "maxBad" takes. Line 999, quantity "12.7": Expected an integer: digits, "-" in front where it is negative, no zeros in front. Line 1000, quantity "1e3": Expected an integer: digits, "-" in front where it is negative, no zeros in front.',
    );
    expect(await refusal(content, { maxBad: { percent: 0.299999 } })).to.contain(
      '3 of 1000 rows are bad, more than the 0.299999% that "maxBad" takes. Line 999, quantity "12.7":',
    );
    expect(await refusal(content, { badRows: 'fail' })).to.contain(
      'A row is bad, and the source takes none ("badRows: fail"). Line 999, quantity "12.7":',
    );
    expect(await refusal(content, { maxBad: { rows: 0 } })).to.contain('More rows are bad than the 0');
  });
});
