import { expect } from 'chai';
import { rowsOf } from '../../../core/domains/logs/rows.ts';
import { SluiceError } from '../../../core/kernel/errors.ts';
import type { JsonObject } from '../../../core/kernel/json.ts';
import type { LogColumn } from '../../../core/kernel/logs.ts';

const columns: readonly LogColumn[] = [
  { name: 'name', type: 'string' },
  { name: 'breed', type: 'string' },
  { name: 'weight', type: 'int' },
];

function refusal(logs: readonly JsonObject[]): SluiceError {
  try {
    rowsOf('dogs', logs, columns);
  } catch (error) {
    if (error instanceof SluiceError) return error;
  }
  throw new Error('They were accepted.');
}

describe('events as rows', () => {
  it('have the columns that occur, absent and null fields as null', () => {
    const { columns: used, rows } = rowsOf('dogs', [{ weight: 1 }, { name: 'max', weight: null }, {}], columns);
    expect(used).to.deep.equal([columns[2], columns[0]]);
    expect(rows).to.deep.equal([
      [1, null],
      [null, 'max'],
      [null, null],
    ]);
  });

  it('say where texts hold a NUL, for the stores that cannot hold one', () => {
    const { nuls } = rowsOf('dogs', [{ name: 'a' }, { breed: 'b\0' }], columns);
    expect(nuls.map(({ path }) => path)).to.deep.equal(['/logs/1/breed']);
  });

  it('are refused where a field is nowhere declared, with the name that was meant', () => {
    const error = refusal([{ nmae: 'x' }]);
    expect(error.errors).to.deep.equal([
      {
        path: '/logs/0/nmae',
        message:
          '"nmae" is neither in the schema nor a column of the family. Did you mean "name"? Declare its type in "schema".',
      },
    ]);
  });

  it('name the first twenty findings, and no more', () => {
    const error = refusal(Array.from({ length: 50 }, () => ({ weight: 'heavy' })));
    expect(error.errors).to.have.length(20);
    expect(error.message).to.equal(
      '/logs/0/weight: Expected a whole number, or one as decimal text, got the text "heavy". (and 19 more)',
    );
  });
});
