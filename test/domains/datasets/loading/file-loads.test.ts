import { randomUUID } from 'node:crypto';
import { appendFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { hasLanded } from '../../../../core/domains/datasets/loading/file-loads.ts';
import { rejection } from '../../../support/rejection.ts';
import { compiled, Landing, RecordingStore, SHOP } from './shop.ts';

const ORDERS = 'id,placed_at,status,customer\n';
const LINES = 'id,order_id,quantity,price\n';

describe('loading files that have landed', () => {
  let store: RecordingStore;
  let landing: Landing;
  const operational = { open: () => Promise.resolve(store) };
  beforeEach(async () => {
    store = new RecordingStore();
    landing = await Landing.open(operational);
  });
  afterEach(() => landing.close());

  const taken = (): string[] => store.loads.map(({ load }) => load.object.replace(landing.keyOf(''), ''));
  const landed = (): Promise<boolean> =>
    hasLanded({ operational, objects: landing.objects }, landing.dataset, {
      plan: landing.plan.dataset!,
      definitionHash: landing.plan.hash,
    });

  it('takes each once, those that others refer to first, and by key', async () => {
    expect(await landed()).to.equal(false);
    await landing.drop('lines/dt=2026-01-30/a.csv', `${LINES}l1,o1,1,9.50\n`);
    await landing.drop('orders/dt=2026-01-31/b.csv', `${ORDERS}o2,2026-01-31T10:00:00Z,new,\n`);
    await landing.drop(
      'orders/dt=2026-01-30/sub/c.csv',
      `${ORDERS}o1,2026-01-30T10:00:00+01:00,new,ann\no1,x,new,ann\n`,
    );
    expect(await landed()).to.equal(true);
    const { done, ...counts } = await landing.load();
    expect(counts).to.deep.equal({ files: 3, rows: 4, loaded: 3, held: 0, quarantined: 1, deduplicated: 0 });
    expect(done).to.equal(true);
    expect(taken()).to.deep.equal([
      'orders/dt=2026-01-30/sub/c.csv',
      'orders/dt=2026-01-31/b.csv',
      'lines/dt=2026-01-30/a.csv',
    ]);
    const [first] = store.loads;
    expect(first!.text).to.equal('2\to1\t2026-01-30 09:00:00+00\tnew\tann\n');
    expect(first!.quarantined.map(({ line, column, value }) => ({ line, column, value }))).to.deep.equal([
      { line: 3, column: 'placed_at', value: 'x' },
    ]);
    expect(first!.load).to.include({ kind: 'file', source: 'orders', definitionHash: landing.plan.hash });
    expect(await landed()).to.equal(false);
    expect(await landing.load()).to.deep.equal({
      files: 0,
      rows: 0,
      loaded: 0,
      held: 0,
      quarantined: 0,
      deduplicated: 0,
      done: true,
    });
  });

  it('takes what stands below the prefix of a source, with a day for its date', async () => {
    for (const name of [
      'orders/a.csv',
      'orders/dt=today/a.csv',
      'orders/dt=2026-01-31',
      'orders/dt=2026-1-31/a.csv',
      'other/dt=2026-01-31/a.csv',
    ])
      await landing.drop(name, ORDERS);
    await landing.drop('orders/dt=2026-02-01/a', ORDERS);
    await landing.load();
    expect(taken()).to.deep.equal(['orders/dt=2026-02-01/a']);
  });

  it('looks at a refused file again where its content or the definition is another one', async () => {
    const name = 'orders/dt=2026-01-31/a.csv';
    await landing.drop(name, 'id,placed_at,status\no1,2026-01-31T10:00:00Z,new\n');
    const nothing = { files: 0, rows: 0, loaded: 0, held: 0, quarantined: 0, deduplicated: 0, done: true };
    expect(await landing.load()).to.deep.equal(nothing);
    expect(await landing.load()).to.deep.equal(nothing);
    expect(store.refused.map(({ reason }) => reason)).to.deep.equal([
      'The header does not fit. The column "customer" is missing. Declared are id, placed_at, status, customer.',
    ]);
    landing.plan = compiled(SHOP.replace('customer: text?', 'paid: boolean?'));
    await landing.load();
    expect(store.refused).to.have.length(2);
    landing.plan = compiled(SHOP.replace(', customer: text?', ''));
    expect(await landing.load()).to.include({ files: 1, loaded: 1 });
    await landing.drop(name, `${ORDERS}o1,2026-01-31T10:00:00Z,new,ann\n`);
    await landing.load();
    expect(store.refused).to.have.length(3);
  });

  it('reads the next file while the one before is merged', async () => {
    for (const name of ['a', 'b'])
      await landing.drop(`orders/dt=2026-01-31/${name}.csv`, `${ORDERS}${name},2026-01-31T10:00:00Z,new,\n`);
    const read: string[] = [];
    const { objects } = landing;
    const opened = objects.read.bind(objects);
    objects.read = (key, options) => {
      read.push(key.slice(-5));
      return opened(key, options);
    };
    let seen: readonly string[] | undefined;
    store.merging = async () => {
      while (read.length < 2) await new Promise(setImmediate);
      seen ??= [...read];
    };
    await landing.load();
    expect(seen).to.deep.equal(['a.csv', 'b.csv']);
    expect(taken()).to.have.length(2);
  });

  it('goes on with the next piece where the one before took long', async () => {
    for (const name of ['a', 'b', 'c']) await landing.drop(`orders/dt=2026-01-31/${name}.csv`, ORDERS);
    store.merging = () => Promise.resolve(landing.clock.advance(6000));
    const run = randomUUID();
    const pieces = [];
    for (let done = false; !done;) {
      const piece = await landing.piece(run);
      pieces.push(piece.files);
      ({ done } = piece);
    }
    expect(pieces.reduce((sum, files) => sum + files)).to.equal(3);
    expect(pieces.length).to.be.above(1);
    expect(taken()).to.have.length(3);
  });

  it('leaves a file that changes while it is read to the next look, with nothing taken of it', async () => {
    const name = 'orders/dt=2026-01-31/a.csv';
    await landing.drop(name, ORDERS + 'o1,2026-01-31T10:00:00Z,new,\n'.repeat(20_000));
    const { objects } = landing;
    const opened = objects.read.bind(objects);
    let changed = false;
    objects.read = async function* (key, options) {
      for await (const chunk of opened(key, options)) {
        yield chunk;
        if (changed) continue;
        changed = true;
        await appendFile(join(landing.place, key), 'o2,2026-01-31T10:00:00Z,new,\n');
        await utimes(join(landing.place, key), 1, 1);
      }
    };
    const run = randomUUID();
    expect(await landing.piece(run)).to.include({ files: 0, done: false, settlesInMs: 1000 });
    expect(store.loads).to.deep.equal([]);
    expect(store.refused).to.deep.equal([]);
    expect(await landing.piece(run)).to.include({ files: 1, rows: 20_001, done: true });
  });

  it('waits for a file that is still being written, and not for longer than a minute', async () => {
    const slow = await Landing.open(operational, SHOP, 'PT50S');
    const file = await slow.write('orders/dt=2026-01-31/growing.csv', `${ORDERS}o1,2026-01-31`);
    await slow.drop('orders/dt=2026-01-31/whole.csv', ORDERS);
    const run = randomUUID();
    const waiting = await slow.piece(run);
    expect(waiting).to.include({ files: 1, done: false });
    expect(waiting.settlesInMs).to.be.within(1, 50_000);
    slow.clock.advance(60_000);
    expect(await slow.piece(run)).to.include({ files: 0, done: true });
    await utimes(file, 1, 1);
    expect((await slow.load()).done).to.equal(true);
    expect(store.refused.map(({ reason }) => reason)).to.deep.equal([
      'The file ends within the row of line 2, which has 2 of 4 values: half of it is missing.',
    ]);
    await slow.close();
  });

  it('does not wait at all for what takes longer than that', async () => {
    const patient = await Landing.open(operational, SHOP, 'PT1H');
    await patient.write('orders/dt=2026-01-31/a.csv', ORDERS);
    expect(await patient.load()).to.deep.equal({
      files: 0,
      rows: 0,
      loaded: 0,
      held: 0,
      quarantined: 0,
      deduplicated: 0,
      done: true,
    });
    await patient.close();
  });

  it('ends with the trouble of its store, and begins with that file again', async () => {
    for (const name of ['a', 'b']) await landing.drop(`orders/dt=2026-01-31/${name}.csv`, ORDERS);
    const run = randomUUID();
    store.merging = () => Promise.reject(new Error('The store is away.'));
    expect((await rejection(landing.piece(run))).message).to.equal('The store is away.');
    store.merging = () => Promise.resolve();
    expect(await landing.piece(run)).to.include({ files: 2, done: true });
  });

  it('stops where the run is cut', async () => {
    await landing.drop('orders/dt=2026-01-31/a.csv', ORDERS);
    const controller = new AbortController();
    controller.abort();
    expect((await rejection(landing.piece(randomUUID(), controller.signal))).name).to.equal('AbortError');
    expect(store.loads).to.deep.equal([]);
  });
});
