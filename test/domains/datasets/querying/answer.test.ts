import { expect } from 'chai';
import fc from 'fast-check';
import { SluiceError } from '../../../../core/kernel/errors.ts';
import { rejection } from '../../../support/rejection.ts';
import { AskedDataset } from './asked-dataset.ts';

// product, day, cents, price, count, big, paid, at, note
const DAY_1 = [
  'hat,2026-03-01,1000,10.00,2,9007199254740993,t,2026-03-01 10:00:00.000001,"{""a"":1}"',
  'hat,2026-03-01,-5,-0.05,1,1,f,2026-03-01 11:00:00,',
  'scarf,2026-03-01,,,,,,,',
];
const DAY_2 = [
  'hat,2026-03-02,7,0.07,1,2,t,2026-03-02 09:00:00,',
  ',2026-03-02,9,0.09,1,2,t,2026-03-02 08:00:00,',
];

describe('a question to a dataset', () => {
  let shop: AskedDataset;

  before(async () => {
    shop = await AskedDataset.open();
    await shop.build('sales', '2026-03-01', ...DAY_1);
    await shop.build('sales', '2026-03-02', ...DAY_2);
  });
  after(() => shop.close());

  async function refused(body: unknown): Promise<SluiceError> {
    const error = await rejection(shop.ask(body));
    if (error instanceof SluiceError) return error;
    throw error;
  }
  /** What is wrong with a question, by the place. */
  async function faults(body: object): Promise<Record<string, string>> {
    const error = await refused({ model: 'sales', ...body });
    expect(error.code).to.equal('VALIDATION_FAILED');
    return Object.fromEntries(error.errors.map(({ path, message }) => [path, message]));
  }

  describe('its answer', () => {
    it('has dimensions, then metrics, in the order they were asked for, and rows by the dimensions', async () => {
      const asked = { model: 'sales', metrics: ['lines', 'revenue'], dimensions: ['day', 'product'] };
      expect(await shop.ask(asked)).to.deep.equal({
        columns: ['day', 'product', 'lines', 'revenue'],
        rows: [
          ['2026-03-01', 'hat', 2, '9.95'],
          ['2026-03-01', 'scarf', 1, null],
          ['2026-03-02', 'hat', 1, '0.07'],
          ['2026-03-02', null, 1, '0.09'],
        ],
      });
    });

    it('shows decimals, minor units and integers beyond 2^53 as exact text, and what adds up nothing as null', async () => {
      const metrics = [
        'revenue',
        'smallest',
        'thousandths',
        'price_total',
        'cents',
        'items',
        'bigs',
        'lines',
        'priced',
        'first_at',
      ];
      expect(await shop.rows({ metrics })).to.deep.equal([
        [
          '10.11',
          '-0.05',
          '1.000',
          '10.11',
          1011,
          5,
          '9007199254740998',
          5,
          4,
          '2026-03-01T10:00:00.000001Z',
        ],
      ]);
      const [nothing] = await shop.rows({ metrics, where: { product: 'scarf' } });
      expect(nothing).to.deep.equal([null, null, null, null, null, null, null, 1, 0, null]);
    });

    it('counts and adds what a metric is about, whatever stands in its condition', async () => {
      expect(await shop.rows({ metrics: ['paid_revenue', 'paid_rows'] })).to.deep.equal([['10.07', 3]]);
    });

    it('is each value once, where no metric is asked for', async () => {
      expect(await shop.rows({ dimensions: ['product'] })).to.deep.equal([['hat'], ['scarf'], [null]]);
    });

    it('is sorted as asked, nulls last, and what is alike by the dimensions', async () => {
      const by = async (...orderBy: readonly unknown[]): Promise<unknown> =>
        (await shop.rows({ dimensions: ['product'], metrics: ['revenue', 'paid_rows'], orderBy })).map(
          ([product]) => product,
        );
      expect(await by('revenue desc')).to.deep.equal(['hat', null, 'scarf']);
      expect(await by({ column: 'revenue' })).to.deep.equal([null, 'hat', 'scarf']);
      expect(await by('product DESC')).to.deep.equal(['scarf', 'hat', null]);
      expect(await by({ column: 'paid_rows', direction: 'asc' }, 'product desc')).to.deep.equal([
        'scarf',
        null,
        'hat',
      ]);
    });

    it('has at most as many rows as asked for', async () => {
      expect(await shop.rows({ dimensions: ['product'], limit: 2 })).to.deep.equal([['hat'], ['scarf']]);
    });

    it('has no rows for what was never built, and of nothing the sum of nothing', async () => {
      expect(await shop.ask({ model: 'notes', metrics: ['lines'] })).to.deep.equal({
        columns: ['lines'],
        rows: [],
      });
      expect(await shop.rows({ metrics: ['revenue', 'lines'], from: '2027-01-01' })).to.deep.equal([
        [null, 0],
      ]);
    });
  });

  it('may be about a model that does not declare its columns', async () => {
    const other = await AskedDataset.open();
    await other.build('notes', '', 'hat', 'scarf', 'hat');
    const asked = {
      model: 'notes',
      dimensions: ['product'],
      metrics: ['lines'],
      where: { product: { gte: 'hat' } },
      orderBy: ['lines'],
    };
    expect((await other.ask(asked)).rows).to.deep.equal([
      ['scarf', 1],
      ['hat', 2],
    ]);
    await other.close();
  });

  describe('takes days', () => {
    const days = (body: object) => shop.rows({ dimensions: ['day'], ...body });

    it('from the first to the last, both with their rows', async () => {
      expect(await days({ from: '2026-03-01', to: '2026-03-01' })).to.deep.equal([['2026-03-01']]);
      expect(await days({ from: '2026-03-02' })).to.deep.equal([['2026-03-02']]);
      expect(await days({ to: '2026-03-02' })).to.deep.equal([['2026-03-01'], ['2026-03-02']]);
    });

    it('and opens no object of another day', async () => {
      const other = await AskedDataset.open();
      await other.build('sales', '2026-03-01', ...DAY_1);
      await other.build('sales', '2026-03-02', ...DAY_2);
      await other.objects.delete(other.current[0]!.key);
      expect(await other.rows({ metrics: ['lines'], from: '2026-03-02' })).to.deep.equal([[2]]);
      await other.close();
    });
  });

  describe('takes rows', () => {
    const rowsOf = async (where: object): Promise<unknown> =>
      (await shop.rows({ metrics: ['lines'], where }))[0]![0];

    it('that have a value, one of some, or none', async () => {
      expect(await rowsOf({ product: 'hat' })).to.equal(3);
      expect(await rowsOf({ product: ['hat', 'scarf'] })).to.equal(4);
      expect(await rowsOf({ product: ['scarf', null] })).to.equal(2);
      expect(await rowsOf({ product: [] })).to.equal(0);
      expect(await rowsOf({ product: null })).to.equal(1);
      expect(await rowsOf({ note: { isNull: false } })).to.equal(1);
      expect(await rowsOf({ product: { isNull: true }, day: '2026-03-01' })).to.equal(0);
    });

    it('that compare so, in the type of the column', async () => {
      expect(await rowsOf({ product: { ne: 'hat' } })).to.equal(2);
      expect(await rowsOf({ product: { eq: 'hat', gt: 'a' } })).to.equal(3);
      expect(await rowsOf({ product: { ne: null } })).to.equal(4);
      expect(await rowsOf({ day: { gt: '2026-03-01' } })).to.equal(2);
      expect(await rowsOf({ price: { gte: '0.07', lt: '10.00' } })).to.equal(2);
      expect(await rowsOf({ price: '10.000' })).to.equal(1);
      expect(await rowsOf({ price: { lte: 10 } })).to.equal(4);
      expect(await rowsOf({ big: '9007199254740993' })).to.equal(1);
      expect(await rowsOf({ big: { in: [1, '2', 3] } })).to.equal(3);
      expect(await rowsOf({ paid: false })).to.equal(1);
      expect(await rowsOf({ at: '2026-03-01T12:00:00.000001+02:00' })).to.equal(1);
      expect(await rowsOf({ at: { lte: '2026-03-01T10:00:00.000001Z' } })).to.equal(1);
    });

    it('by values that are never read as SQL', async () => {
      expect(await rowsOf({ product: `hat' or 1=1 --` })).to.equal(0);
      expect(await rowsOf({ product: { in: [`'); drop table sales; --`] } })).to.equal(0);
    });
  });

  describe('is refused', () => {
    it('where a model, a metric or a dimension is not there, with the nearest that is', async () => {
      expect((await refused({ model: 'sale', metrics: ['lines'] })).errors).to.deep.equal([
        {
          path: '/model',
          message: '"sale" is no model of this dataset; there are: sales, notes. Did you mean "sales"?',
        },
      ]);
      expect((await refused({})).errors[0]?.path).to.equal('/model');
      const found = await faults({ metrics: ['lines', 'revenu', 7, 'lines'], dimensions: ['days'] });
      expect(Object.keys(found)).to.have.members(['/metrics/1', '/metrics/2', '/metrics/3', '/dimensions/0']);
      expect(found['/metrics/1']).to.match(/no metric of the model "sales".*Did you mean "revenue"\?$/);
      expect(found['/dimensions/0']).to.match(/Did you mean "day"\?$/);
    });

    it('where it asks for nothing, or what is no question', async () => {
      expect(await faults({ metrics: [] })).to.have.keys('');
      expect(await faults({ metrics: 'lines', dimensions: { product: 1 } })).to.have.keys(
        '/metrics',
        '/dimensions',
      );
      expect(await faults({ metrics: ['lines'], wher: {} })).to.have.keys('/wher');
      for (const body of [null, 'sales', [], 7])
        expect((await refused(body)).code).to.equal('VALIDATION_FAILED');
    });

    it('where a condition is about no dimension, or compares with what is not of its type', async () => {
      const of = async (where: unknown): Promise<readonly string[]> =>
        Object.keys(await faults({ metrics: ['lines'], where }));
      expect(await of({ produkt: 'x', cents: 1 })).to.deep.equal(['/where/produkt', '/where/cents']);
      expect(await of({ product: 7, paid: 'true', day: '2026-02-30' })).to.deep.equal([
        '/where/product',
        '/where/paid',
        '/where/day',
      ]);
      expect(await of({ price: '1.005' })).to.deep.equal(['/where/price']);
      expect(await of({ price: '12345678901.00', big: '9223372036854775808' })).to.deep.equal([
        '/where/price',
        '/where/big',
      ]);
      expect(await of({ price: 0.1, big: 1.5 })).to.deep.equal(['/where/price', '/where/big']);
      expect(await of({ at: 'yesterday' })).to.deep.equal(['/where/at']);
      expect(await of({ at: '2026-03-01T10:00:00.0000001Z' })).to.deep.equal(['/where/at']);
      expect(await of({ note: '{}' })).to.deep.equal(['/where/note']);
      expect(await of({ day: { in: ['2026-03-01', 'x'] } })).to.deep.equal(['/where/day/in/1']);
      expect(await of({ day: { in: '2026-03-01' } })).to.deep.equal(['/where/day/in']);
      expect(await of({ product: { like: '%', isNull: 1, gt: null } })).to.deep.equal([
        '/where/product/like',
        '/where/product/isNull',
        '/where/product/gt',
      ]);
      expect(await of({ product: {} })).to.deep.equal(['/where/product']);
      expect(await of({ product: Array(1001).fill('x') })).to.deep.equal(['/where/product']);
      expect(await of({ product: 'nul\0' })).to.deep.equal(['/where/product']);
      expect(await of(['product'])).to.deep.equal(['/where']);
    });

    it('where its days are none, run backwards, or the model has none', async () => {
      expect(await faults({ metrics: ['lines'], from: '2026-02-30', to: 5 })).to.have.keys('/from', '/to');
      expect(await faults({ metrics: ['lines'], from: '2026-03-02', to: '2026-03-01' })).to.have.keys('/to');
      expect(await faults({ model: 'notes', metrics: ['lines'], from: '2026-03-01' })).to.have.keys('/from');
    });

    it('where it sorts by what is not in the answer, or wants too many rows', async () => {
      expect(
        await faults({
          metrics: ['lines'],
          orderBy: ['product', 'lines up', { column: 'lines', dir: 'asc' }, 7],
        }),
      ).to.have.keys('/orderBy/0', '/orderBy/1', '/orderBy/2', '/orderBy/3');
      expect(await faults({ metrics: ['lines'], orderBy: 'lines' })).to.have.keys('/orderBy');
      for (const limit of [0, -1, 1.5, '5', 10_001])
        expect(await faults({ metrics: ['lines'], limit })).to.have.keys('/limit');
    });

    it('where there is no such dataset', async () => {
      const error = await rejection(shop.ask({ model: 'sales', metrics: ['lines'] }, { id: 'other' }));
      expect(error).to.include({ code: 'NOT_FOUND' });
    });
  });

  describe('meets trouble', () => {
    it('as an object that went after it was named: what is current is read again, once', async () => {
      const other = await AskedDataset.open();
      await other.build('sales', '2026-03-01', ...DAY_1);
      const before = [...other.current];
      await other.build('sales', '2026-03-01', ...DAY_1, ...DAY_1);
      await other.objects.delete(before[0]!.key);
      other.readings.push(before);
      expect(await other.rows({ metrics: ['lines'] })).to.deep.equal([[6]]);
      other.readings.push(before, before);
      expect(await rejection(other.rows({ metrics: ['lines'] }))).to.include({
        code: 'UNAVAILABLE',
        retryAfter: 5,
      });
      await other.close();
    });

    it('as time that is up', async () => {
      const error = await rejection(shop.ask({ model: 'sales', metrics: ['lines'] }, { timeoutMs: 0 }));
      expect(error).to.include({ code: 'QUERY_TIMEOUT' });
    });

    it('as a caller who has gone', async () => {
      const error = await rejection(
        shop.ask({ model: 'sales', metrics: ['lines'] }, { signal: AbortSignal.abort() }),
      );
      expect(error).to.include({ code: 'UNAVAILABLE' });
    });
  });

  it('adds up minor units exactly as whole numbers do, whatever their size and sign', async () => {
    const cents = fc.oneof(
      fc.integer({ min: -2000, max: 2000 }).map(BigInt),
      fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
      fc.constant(null),
    );
    const other = await AskedDataset.open();
    await fc.assert(
      fc.asyncProperty(fc.array(cents, { minLength: 1, maxLength: 30 }), async (amounts) => {
        await other.build(
          'sales',
          '2026-03-01',
          ...amounts.map((amount) => `x,2026-03-01,${amount ?? ''},,,,,,`),
        );
        const present = amounts.filter((amount) => amount !== null);
        const total = present.reduce((sum, amount) => sum + amount, 0n);
        const [[shown]] = (await other.rows({ metrics: ['revenue'] })) as [[string | null]];
        if (shown === null) return present.length === 0;
        return /^(?!-0\.00)-?(0|[1-9]\d*)\.\d\d$/.test(shown) && BigInt(shown.replace('.', '')) === total;
      }),
      { numRuns: 25 },
    );
    await other.close();
  });
});
