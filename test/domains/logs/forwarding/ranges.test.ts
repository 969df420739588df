import { expect } from 'chai';
import { batchesOf, joined } from '../../../../core/domains/logs/forwarding/ranges.ts';
import type { PendingEvents } from '../../../../core/kernel/stores/log-routes.ts';

const noted = (firstId: number, count: number, bytes = count * 10): PendingEvents => ({
  shard: 'one',
  seq: String(firstId),
  family: 'web',
  firstId,
  count,
  bytes,
});
const WIDE = { maxEvents: 1000, maxBytes: 1e6 };

describe('what was collected, as batches', () => {
  it('is one batch where it fits, with neighbours as one range', () => {
    expect(batchesOf([], WIDE)).to.deep.equal([]);
    expect(batchesOf([noted(7, 3), noted(1, 6), noted(20, 1)], WIDE)).to.deep.equal([
      { ranges: [[1, 9], [20, 20]], count: 10 },
    ]);
  });

  it('is split where it has more events than a batch takes', () => {
    expect(batchesOf([noted(1, 7), noted(8, 2), noted(50, 3)], { ...WIDE, maxEvents: 5 })).to.deep.equal([
      { ranges: [[1, 5]], count: 5 },
      { ranges: [[6, 9], [50, 50]], count: 5 },
      { ranges: [[51, 52]], count: 2 },
    ]);
  });

  it('is split where it has more bytes, and an event too large for any batch goes by itself', () => {
    expect(batchesOf([noted(1, 4, 40), noted(5, 2, 500), noted(7, 1, 10)], { ...WIDE, maxBytes: 100 })).to.deep.equal([
      { ranges: [[1, 4]], count: 4 },
      { ranges: [[5, 5]], count: 1 },
      { ranges: [[6, 6]], count: 1 },
      { ranges: [[7, 7]], count: 1 },
    ]);
  });

  it('holds each id once, whatever the sizes', () => {
    for (let maxEvents = 1; maxEvents <= 9; maxEvents++) {
      for (const maxBytes of [1, 15, 64, 1e6]) {
        const pending = [noted(1, 5, 7), noted(6, 1, 0), noted(9, 8, 200), noted(30, 3, 30)];
        const batches = batchesOf(pending, { maxEvents, maxBytes });
        const ids = batches.flatMap(({ ranges }) => ranges.flatMap(idsOf));
        expect(ids.sort((a, b) => a - b)).to.deep.equal(pending.flatMap(({ firstId, count }) => idsOf([firstId, firstId + count - 1])));
        for (const { ranges, count } of batches) {
          expect(count).to.be.at.most(maxEvents);
          expect(ranges.flatMap(idsOf)).to.have.length(count);
        }
      }
    }
  });

  it('is read as one span where ids lie close together', () => {
    expect(joined([[5, 6], [1, 2], [2, 4], [10, 11]])).to.deep.equal([[1, 6], [10, 11]]);
    expect(joined([[5, 6], [1, 2], [10, 11]], 3)).to.deep.equal([[1, 11]]);
  });
});

const idsOf = ([first, last]: readonly [number, number]): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);
