import { expect } from 'chai';
import { Coalescer } from '../../core/kernel/coalescer.ts';
import { rejection } from '../support/rejection.ts';

interface Flush {
  readonly items: readonly number[];
  readonly end: (error?: Error) => void;
}

/** A coalescer whose flushes end when the test says so. */
function held(options: { max?: number; parallel?: number; enough?: number } = {}) {
  const flushes: Flush[] = [];
  const coalescer = new Coalescer<number, string>(
    (items) =>
      new Promise((resolve, reject) => {
        const end = (error?: Error): void => (error ? reject(error) : resolve(items.map(String)));
        flushes.push({ items, end });
      }),
    {
      max: options.max ?? 100,
      parallel: options.parallel ?? 2,
      enough: options.enough ?? 1,
      isItemsFault: (error) => (error as Error).message === 'data',
    },
  );
  return { coalescer, flushes };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('coalescing', () => {
  it('flushes together what was added in one turn, and gives each its own result', async () => {
    const { coalescer, flushes } = held();
    const results = [1, 2, 3].map((item) => coalescer.add(item));
    await turn();
    expect(flushes.map(({ items }) => items)).to.deep.equal([[1, 2, 3]]);
    flushes[0]!.end();
    expect(await Promise.all(results)).to.deep.equal(['1', '2', '3']);
  });

  it('gathers while as many flushes are under way as may be, and no more than fit', async () => {
    const { coalescer, flushes } = held({ parallel: 1, max: 2 });
    const results = [coalescer.add(1)];
    await turn();
    for (const item of [2, 3, 4]) results.push(coalescer.add(item));
    await turn();
    expect(flushes).to.have.length(1);
    flushes[0]!.end();
    await turn();
    await turn();
    expect(flushes.map(({ items }) => items)).to.deep.equal([[1], [2, 3]]);
    flushes[1]!.end();
    await turn();
    await turn();
    flushes[2]!.end();
    expect(await Promise.all(results)).to.deep.equal(['1', '2', '3', '4']);
  });

  it('begins a second flush beside one only with enough to take, and goes on with less once that is done', async () => {
    const { coalescer, flushes } = held({ enough: 3 });
    const results = [coalescer.add(1)];
    await turn();
    for (const item of [2, 3]) results.push(coalescer.add(item));
    await turn();
    expect(flushes).to.have.length(1);
    results.push(coalescer.add(4));
    await turn();
    results.push(coalescer.add(5));
    expect(flushes.map(({ items }) => items)).to.deep.equal([[1], [2, 3, 4]]);
    for (const { end } of flushes) end();
    await turn();
    await turn();
    expect(flushes[2]?.items).to.deep.equal([5]);
    flushes[2]!.end();
    expect(await Promise.all(results)).to.deep.equal(['1', '2', '3', '4', '5']);
  });

  it('flushes each by itself where one of them is at fault, so that the others come through', async () => {
    const seen: number[][] = [];
    const coalescer = new Coalescer<number, string>(
      async (items) => {
        seen.push([...items]);
        if (items.includes(2)) throw new Error('data');
        return items.map(String);
      },
      { max: 10, parallel: 1, isItemsFault: () => true },
    );
    const [one, two, three] = [coalescer.add(1), coalescer.add(2), coalescer.add(3)];
    expect((await rejection(two)).message).to.equal('data');
    expect(await Promise.all([one, three])).to.deep.equal(['1', '3']);
    expect(seen).to.deep.equal([[1, 2, 3], [1], [2], [3]]);
  });

  it('fails all of a batch where the database is at fault', async () => {
    const { coalescer, flushes } = held();
    const results = [1, 2].map((item) => rejection(coalescer.add(item)));
    await turn();
    flushes[0]!.end(new Error('gone'));
    expect((await Promise.all(results)).map(({ message }) => message)).to.deep.equal(['gone', 'gone']);
    expect(flushes).to.have.length(1);
  });
});
