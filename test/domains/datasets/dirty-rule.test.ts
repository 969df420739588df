import { expect } from 'chai';
import type { DatasetModel } from '../../../core/kernel/datasets.ts';
import type { Json } from '../../../core/kernel/json.ts';
import type { Plan } from '../../../core/language/plan.ts';
import { commerce, DatasetStand } from '../../support/dataset.ts';
import { line, order, payment, product, variant } from './warehouse/shop-rows.ts';

type Loads = readonly (readonly [source: string, ...rows: readonly Readonly<Record<string, Json>>[]])[];

const FACT = 'dwd_orders_variant_status';
const MODELS = [FACT, 'app_price_changes', 'app_payments'];
const NIGHTS = ['2026-05-01', '2026-05-02'] as const;
const DAYS = Array.from({ length: 31 }, (_, i) => `2026-03-${String(i + 1).padStart(2, '0')}`);

/**
 * What two nights bring. Each pair of days in March is a story of its own, which one clause of a rule is there for.
 */
const FIRST: Loads = [
  ['products', product('p1'), product('p2')],
  ['variants', variant('v1', 'p1', 100, '2026-03-01'), variant('moves', 'p1', 100, '2026-03-01')],
  ['variants', variant('late', 'p1', 100, '2026-03-01'), variant('late', 'p1', 120, '2026-03-03')],
  ['orders', order('corrected', '2026-03-10')],
  ['order_lines', line('l10', 'corrected', 10)],
  ['orders', order('grows', '2026-03-12'), order('loses', '2026-03-13'), order('gains', '2026-03-14')],
  ['order_lines', line('l12', 'grows', 12), line('l13', 'loses', 13)],
  ['orders', order('unpaid', '2026-03-16'), order('mistaken', '2026-03-17'), order('meant', '2026-03-18')],
  ['order_lines', line('l16', 'unpaid', 16), line('l17', 'mistaken', 17)],
  ['transactions', payment('t17', 'mistaken', 'success', '2026-03-17')],
  ['orders', order('unknown', '2026-03-20'), order('moved', '2026-03-21')],
  ['order_lines', line('l20', 'unknown', 20, 'comes-later'), line('l21', 'moved', 21, 'moves')],
  ['orders', order('paid', '2026-03-24')],
  ['order_lines', line('l24', 'paid', 24)],
  ['transactions', payment('t24', 'paid', 'success', '2026-03-24')],
];
const SECOND: Loads = [
  ['orders', order('corrected', '2026-03-11')],
  ['order_lines', line('l12b', 'grows', 12), line('l13', 'gains', 13)],
  [
    'transactions',
    payment('t16', 'unpaid', 'success', '2026-03-16'),
    payment('t17', 'meant', 'success', '2026-03-17'),
  ],
  ['variants', variant('comes-later', 'p1', 100, '2026-03-01'), variant('moves', 'p2', 100, '2026-03-02')],
  ['variants', variant('late', 'p1', 110, '2026-03-02')],
  ['transactions', payment('t24', 'paid', 'success', '2026-03-25')],
];

/** A part of a model's rule, what is left of it, and the days that then stay as they were. */
interface TakenOut {
  readonly what: string;
  readonly model: string;
  readonly clause: string;
  readonly instead?: string;
  readonly stale: readonly string[];
}

const TAKEN_OUT: readonly TakenOut[] = [
  {
    what: 'changed orders',
    model: FACT,
    clause: 'union\nselect cast(processed_timestamp as date) as partition_date\nfrom changed_orders',
    stale: ['2026-03-10', '2026-03-11'],
  },
  {
    what: 'the day an order had before',
    model: FACT,
    clause: 'from changed_orders',
    instead: 'from changed_orders where not _old',
    stale: ['2026-03-10'],
  },
  {
    what: 'changed lines',
    model: FACT,
    clause: 'select order_id from changed_order_lines\n  union',
    stale: ['2026-03-12', '2026-03-13', '2026-03-14'],
  },
  {
    what: 'the order a line had before',
    model: FACT,
    clause: 'from changed_order_lines',
    instead: 'from changed_order_lines where not _old',
    stale: ['2026-03-13'],
  },
  {
    what: 'changed transactions',
    model: FACT,
    clause: 'union\n  select order_id from changed_transaction',
    stale: ['2026-03-16', '2026-03-17', '2026-03-18'],
  },
  {
    what: 'the order a transaction had before',
    model: FACT,
    clause: 'from changed_transaction',
    instead: 'from changed_transaction where not _old',
    stale: ['2026-03-17'],
  },
  {
    what: 'variants',
    model: FACT,
    clause:
      'union\n  select l.order_id\n  from latest_order_lines as l\n  join variants as v on v.id = l.variant_id',
    stale: ['2026-03-20', '2026-03-21'],
  },
  { what: 'variants that come late', model: FACT, clause: 'earlier.id is null or ', stale: ['2026-03-20'] },
  {
    what: 'variants that move',
    model: FACT,
    clause: ' or earlier.product_id <> fresh.product_id',
    stale: ['2026-03-21'],
  },
  {
    what: 'transactions whose time alone changes',
    model: 'app_payments',
    clause: '(select order_id from changed_transaction)',
    instead: '(select order_id from changed_transaction where false)',
    stale: ['2026-03-24'],
  },
  {
    what: 'changed versions',
    model: 'app_price_changes',
    clause: '(select id from changed_variant_history)',
    instead: '(select id from changed_variant_history where false)',
    stale: ['2026-03-02', '2026-03-03'],
  },
  {
    what: 'the days of other versions',
    model: 'app_price_changes',
    clause: 'h.id in (select id',
    instead: 'h.updated_at in (select updated_at',
    stale: ['2026-03-03'],
  },
];

describe('The rule for the partitions that a night has touched', function () {
  this.timeout(60_000);
  let stand: DatasetStand;
  /** Of each model, the days that two nights leave other than a build of all days makes them. */
  const stale = new Map<string, readonly string[]>();

  before(async () => {
    stand = await DatasetStand.open(commerce());
    await stand.use(withCopies(stand.plan));
    await stand.turnOn(`${NIGHTS[0]}T00:00:00Z`);
    for (const [i, loads] of [FIRST, SECOND].entries()) {
      const night = NIGHTS[i]!;
      for (const [source, ...rows] of loads) await stand.load(source, `${night}T12:00:00Z`, ...rows);
      stand.now(`${night}T23:59:00Z`);
      await stand.build();
    }
    const incremental = await contents();
    await stand.build({ from: DAYS[0]!, to: DAYS.at(-1)! });
    const whole = await contents();
    for (const { name } of stand.dataset.models)
      stale.set(
        name,
        DAYS.filter((day) => incremental.get(`${name} ${day}`) !== whole.get(`${name} ${day}`)),
      );
  });
  after(() => stand.close());

  async function contents(): Promise<ReadonlyMap<string, string>> {
    const current = await stand.current(...stand.dataset.models.map(({ name }) => name));
    return new Map(
      current.map(({ table, partition, rows, high, low }) => [
        `${table} ${partition}`,
        `${rows} ${high} ${low}`,
      ]),
    );
  }

  for (const model of MODELS) {
    it(`leaves no day of ${model} behind`, () => expect(stale.get(model)).to.deep.equal([]));
  }
  for (const one of TAKEN_OUT) {
    it(`leaves days of ${one.model} behind without ${one.what}`, () =>
      expect(stale.get(copyOf(one))).to.deep.equal(one.stale));
  }
});

const copyOf = (one: TakenOut): string => `${one.model}_${TAKEN_OUT.indexOf(one)}`;

/**
 * The definition with a copy of its model for each rule that has a part less, and with no more models and tables of the
 * warehouse than these have need of. Their tests are left out: they would keep some of what is wrong from being seen.
 */
function withCopies(plan: Plan): Plan {
  const dataset = plan.dataset!;
  const originals = dataset.models.filter(({ name }) => MODELS.includes(name));
  const copies = TAKEN_OUT.map((one) =>
    copied(
      originals.find(({ name }) => name === one.model)!,
      one,
    ),
  );
  const models = [...originals, ...copies].map((model) => ({ ...model, tests: [] }));
  const warehouse = dataset.warehouse.filter(({ name }) =>
    originals.some(({ dependsOn }) => dependsOn.includes(name)),
  );
  return { ...plan, dataset: { ...dataset, models, warehouse } };
}

function copied(model: DatasetModel, one: TakenOut): DatasetModel {
  const { clause, instead = '' } = one;
  const { file, sql, forWarehouse } = model.dirty!;
  if (sql.split(clause).length !== 2) throw new Error(`"${clause}" is to be in ${file} once:\n${sql}`);
  return { ...model, name: copyOf(one), dirty: { file, sql: sql.replace(clause, instead), forWarehouse } };
}
