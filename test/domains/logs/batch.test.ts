import { expect } from 'chai';
import { batchesOf, grouped } from '../../../core/domains/logs/batch.ts';
import type { LogColumn } from '../../../core/kernel/logs.ts';

const a: LogColumn = { name: 'a', type: 'int' };
const b: LogColumn = { name: 'b', type: 'int' };

describe('a batch of events', () => {
  it('joins what has one family and the same columns, in order', () => {
    const groups = grouped([
      { family: 'x', columns: [a], rows: [[1]] },
      { family: 'y', columns: [a], rows: [[2]] },
      { family: 'x', columns: [a], rows: [[3], [4]] },
      { family: 'x', columns: [a, b], rows: [[5, 6]] },
      { family: 'x', columns: [], rows: [] },
    ]);
    expect(groups.map(({ family, rows }) => [family, rows])).to.deep.equal([
      ['x', [[1], [3], [4]]],
      ['y', [[2]]],
      ['x', [[5, 6]]],
    ]);
  });

  it('is cut where its ids are', () => {
    const group = { family: 'x', columns: [a], rows: [[1], [2], [3]] };
    const ranges = [
      { first: 7, end: 8 },
      { first: 20, end: 22 },
    ];
    expect(batchesOf(group, ranges, 5)).to.deep.equal([
      { family: 'x', columns: [a], firstId: 7, rows: [[1]], time: 5 },
      { family: 'x', columns: [a], firstId: 20, rows: [[2], [3]], time: 5 },
    ]);
  });
});
