import { expect } from 'chai';
import fc from 'fast-check';
import type { DatasetTable } from '../../../core/kernel/datasets.ts';
import type { Json } from '../../../core/kernel/json.ts';
import type { DefinitionSource } from '../../../core/language/source.ts';
import { schemaOf } from '../../../db/datasets/schema-name.ts';
import { commerce, DatasetStand } from '../../support/dataset.ts';
import { soak } from '../../support/soak.ts';
import { Expected, type FactRow, type Version } from './laws/expected.ts';
import { arrive, MOST_BAD, SHOP, type Arrival, type Shop, type ShopMessage } from './laws/random-shop.ts';

const FACT = 'dwd_orders_variant_status';
const SEED = Number(process.env['SLUICE_TEST_SEED'] ?? 20260301);
const settings = (short: number, long: number) => ({ numRuns: soak(short, long), seed: SEED });

/** The days on which it arrives, and some that hold all dates of its orders. */
const NIGHTS = ['2026-03-10', '2026-03-11', '2026-03-12'];
const ALL_DAYS = { from: '2026-02-27', to: '2026-03-05' };
const at = (night: string, time = '12:00:00'): string => `${night}T${time}Z`;
const dayAfter = (night: string, days = 1): string =>
  new Date(Date.parse(night) + days * 86_400_000).toISOString().slice(0, 10);

/** The bundled definition, but for small files with bad rows. */
function tolerant(): DefinitionSource {
  const source = commerce();
  return { ...source, text: source.text.replaceAll('maxBad: "0.1%"', `maxBad: ${MOST_BAD}`) };
}

/** What comes on a day, and what else is done on it. */
interface Night {
  readonly arrivals: readonly Arrival[];
  /** A person exports and builds what there is by the middle of the day. */
  readonly early: boolean;
  /** Old rows go before the night's run. */
  readonly retires: boolean;
}

const NIGHTLY: fc.Arbitrary<readonly Pick<Night, 'early' | 'retires'>[]> = fc.array(
  fc.record({ early: fc.integer({ min: 0, max: 3 }).map((n) => n === 0), retires: fc.boolean() }),
  { minLength: NIGHTS.length, maxLength: NIGHTS.length },
);

describe('A shop, in whatever order its data arrives', function () {
  this.timeout(soak(120_000, 3_600_000));
  let stand: DatasetStand;
  before(async () => {
    stand = await DatasetStand.open(tolerant());
  });
  after(() => stand.close());

  /** Own columns and versions of all rows at a place of the operational store, as text in a fixed order. */
  async function stored(place: string): Promise<readonly string[]> {
    const { rows } = await stand.db.datasets.query<{ row: Readonly<Record<string, Json>> }>(
      `SELECT to_jsonb(t) - '_load_id' AS row FROM "${schemaOf(stand.ref)}"."${place}" AS t`,
    );
    return rows.map(({ row }) => textOf(row)).sort();
  }
  const expectedRows = ({ version: by }: DatasetTable, versions: readonly Version[]): readonly string[] =>
    versions
      .map(({ row, version }) =>
        textOf({
          ...row,
          _version: by.by === 'object' ? `landing/${stand.ref.tenantId}/commerce/${version}` : version,
        }),
      )
      .sort();
  const hashes = async () => {
    const current = await stand.current(...stand.dataset.models.map(({ name }) => name));
    // A model that was never built and one that was built without rows hold the same.
    return current
      .filter(({ rows }) => rows > 0)
      .map(({ table, partition, rows, high, low }) => [table, partition, rows, high, low].join(' '));
  };
  async function expectKnown(expected: Expected): Promise<void> {
    for (const table of stand.dataset.tables) {
      const { name, references, history } = table;
      expect(await stored(name), name).to.deep.equal(expectedRows(table, expected.rows(name)));
      if (references.length > 0)
        expect(await stored(`_held_${name}`), `held ${name}`).to.deep.equal(
          expectedRows(table, expected.held(name)),
        );
      if (history)
        expect(await stored(`${name}_history`), `${name}_history`).to.deep.equal(
          expectedRows(table, expected.history(name)),
        );
    }
  }

  it('has the rows that were told last, and accounts for every row', async () => {
    await fc.assert(
      fc.asyncProperty(SHOP, async ({ arrivals, shuffled }) => {
        const expected = new Expected(stand.dataset, arrivals);
        for (const order of [arrivals, shuffled]) {
          await stand.turnOn(at(NIGHTS[0]!));
          for (const arrival of order) await arrive(stand, arrival);
          await expectKnown(expected);
          await expectAccounted(arrivals);
        }
      }),
      settings(3, 300),
    );
  });

  async function expectAccounted(arrivals: readonly Arrival[]): Promise<void> {
    const { rows: loads } = await stand.db.engine.query<
      { object: string; state: string } & Readonly<
        Record<'rows' | 'loaded' | 'held' | 'quarantined' | 'deduplicated', number>
      >
    >('SELECT * FROM dataset_loads WHERE tenant_id = $1', [stand.ref.tenantId]);
    for (const { rows, loaded, held, quarantined, deduplicated } of loads) {
      expect(loaded + held + quarantined + deduplicated).to.equal(rows);
      expect(Math.min(loaded, held, quarantined, deduplicated)).to.be.at.least(0);
    }
    const came = new Map(arrivals.map((arrival) => [JSON.stringify(arrival), cameOf(arrival)]));
    const ledger = loads.map(({ object, state, rows, quarantined }) =>
      [object.replace(/^landing\/[^/]*\/commerce\//, ''), state, rows, quarantined].join(' '),
    );
    expect(ledger.sort()).to.deep.equal([...came.values()].sort());
  }

  it('comes to the same warehouse night by night and at once, built once or again, with and without retirement', async () => {
    await fc.assert(
      fc.asyncProperty(SHOP, NIGHTLY, fc.nat(), fc.nat(), async (shop, nightly, one, other) => {
        await atOnce(shop);
        const [known, facts] = [await hashes(), await factRows()];
        const expected = new Expected(stand.dataset, shop.arrivals);
        expect(facts).to.deep.equal([...expected.fact()].map(textOf).sort());
        await expectReconciled(expected);
        await nightByNight(cut(shop.shuffled, nightly, [one, other]));
        expect(await hashes(), 'night by night').to.deep.equal(known);
        await stand.build(ALL_DAYS);
        expect(await hashes(), 'all days again').to.deep.equal(known);
        await retireAll(dayAfter(NIGHTS.at(-1)!, 40));
        expect(await factRows(), 'after retirement').to.deep.equal(facts);
      }),
      settings(1, 60),
    );
  });

  for (const second of [NIGHTS[0]!, NIGHTS[1]!]) {
    const when = second === NIGHTS[0] ? 'the same night' : 'another one';
    it(`lets the greater of two versions alike stand, also where the store has forgotten it and the other comes in ${when}`, async () => {
      const first = NIGHTS[0]!;
      const sentAt = Date.parse('2026-03-03T10:00:00Z');
      const told = (id: string, status: string): ShopMessage => ({
        source: 'transactions',
        id,
        sentAt,
        row: { id: 't1', order_id: 'o1', status, created_at: '2026-03-03 10:00:00' },
        isBad: false,
      });
      await stand.turnOn(at(first));
      await arrive(stand, {
        source: 'orders',
        key: 'orders/dt=2026-03-03/a.csv',
        rows: [{ id: 'o1', processed_timestamp: '2026-03-03 09:00:00', customer_id: 'c1' }],
        bad: [],
      });
      await arrive(stand, told('m1', 'success'));
      await stand.committedAt(at(first));
      stand.now(at(first, '13:00:00'));
      await stand.build();
      await retireAll(first);
      expect(await (await stand.store()).row('transaction', { id: 't1' })).to.equal(undefined);
      await arrive(stand, told('m2', 'failure'));
      await stand.committedAt(at(second, '23:30:00'));
      stand.now(at(second, '23:45:00'));
      await stand.build();
      expect(await stand.ask(`select transaction_id, order_status from ${FACT}`)).to.deep.equal([
        ['t1', 'success'],
      ]);
    });
  }

  async function atOnce({ arrivals }: Shop): Promise<void> {
    const night = NIGHTS[0]!;
    await stand.turnOn(at(night));
    for (const arrival of arrivals) await arrive(stand, arrival);
    await stand.committedAt(at(night));
    stand.now(at(dayAfter(night), '02:00:00'));
    await stand.night(night);
  }

  async function nightByNight(nights: readonly Night[]): Promise<void> {
    await stand.turnOn(at(NIGHTS[0]!));
    await stand.store();
    for (const [i, { arrivals, early, retires }] of nights.entries()) {
      const night = NIGHTS[i]!;
      const before = early ? Math.floor(arrivals.length / 2) : 0;
      for (const arrival of arrivals.slice(0, before)) await arrive(stand, arrival);
      if (early) {
        await stand.committedAt(at(night));
        stand.now(at(night, '13:00:00'));
        await stand.build();
      }
      for (const arrival of arrivals.slice(before)) await arrive(stand, arrival);
      await stand.committedAt(at(night, '18:00:00'));
      if (retires) await retireAll(night);
      stand.now(at(dayAfter(night), '02:00:00'));
      await stand.night(night);
    }
  }

  /** Removes all that may go, and looks whether that is too much. */
  async function retireAll(day: string): Promise<void> {
    const unexported = await waitingForExport();
    stand.now(at(day, '23:00:00'));
    await stand.retire();
    expect(await waitingForExport(), 'what waits for its export').to.deep.equal(unexported);
  }

  /** All versions that no export has taken, wherever they are. */
  async function waitingForExport(): Promise<Readonly<Record<string, readonly string[]>>> {
    const found: Record<string, readonly string[]> = {};
    for (const { name, references, history } of stand.dataset.tables) {
      const places = [name, `_past_${name}`, ...(references.length > 0 ? [`_held_${name}`] : [])];
      found[name] = await unexported(places);
      if (history) found[`${name}_history`] = await unexported([`${name}_history`, `_past_${name}_history`]);
    }
    return found;
  }

  async function unexported(places: readonly string[]): Promise<readonly string[]> {
    const parts = places.map(
      (place) =>
        `SELECT to_jsonb(t) - '_deleted' AS row, _load_id FROM "${schemaOf(stand.ref)}"."${place}" AS t`,
    );
    const { rows } = await stand.db.datasets.query<{ row: string }>(
      `SELECT row::text FROM (${parts.join(' UNION ALL ')}) AS rows
       JOIN public.dataset_loads AS l ON l.tenant_id = $1 AND l.id = _load_id AND l.export_id IS NULL`,
      [stand.ref.tenantId],
    );
    return rows.map(({ row }) => row).sort();
  }

  async function factRows(): Promise<readonly string[]> {
    const rows = await stand.ask(
      `select order_id, partition_date, customer_id, order_line_id, variant_id, product_id, quantity, revenue, transaction_id, order_status, is_latest from ${FACT}`,
    );
    return (rows as readonly FactRow[]).map(textOf).sort();
  }

  /** No payment is lost, and the money of the lines is in the fact once. */
  async function expectReconciled(expected: Expected): Promise<void> {
    const payments = await stand.ask(
      `select transaction_id from ${FACT} where transaction_id is not null union select transaction_id from unmatched_transactions`,
    );
    expect(payments.map(([id]) => id)).to.have.members(
      expected.latest('transaction').map(({ row }) => row['id']),
    );
    const orders = new Set(expected.latest('orders').map(({ row }) => row['id']));
    const lines = expected.latest('order_lines').filter(({ row }) => orders.has(row['order_id']));
    const [[cents] = []] = await stand.ask(
      `select cast(coalesce(sum(revenue), 0) as bigint) from ${FACT} where is_latest or transaction_id is null`,
    );
    expect(cents).to.equal(lines.reduce((sum, { row }) => sum + Number(row['revenue']), 0));
  }
});

/** Its entry in the ledger: object, state, rows, quarantined. */
function cameOf(arrival: Arrival): string {
  if (arrival.source === 'transactions') return [arrival.id, 'loaded', 1, arrival.isBad ? 1 : 0].join(' ');
  const { key, rows, bad } = arrival;
  return bad.length > MOST_BAD
    ? `${key} refused 0 0`
    : [key, 'loaded', rows.length + bad.length, bad.length].join(' ');
}

function cut(
  arrivals: readonly Arrival[],
  nightly: readonly Pick<Night, 'early' | 'retires'>[],
  places: readonly number[],
): readonly Night[] {
  const [first = 0, second = 0] = places.map((place) => place % (arrivals.length + 1)).sort((a, b) => a - b);
  const parts = [arrivals.slice(0, first), arrivals.slice(first, second), arrivals.slice(second)];
  return parts.map((part, i) => ({ ...nightly[i]!, arrivals: part }));
}

/** Times are written in one way. */
function textOf(value: object): string {
  const sorted = Array.isArray(value)
    ? value
    : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify(sorted).replaceAll(/(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.000)?Z?/g, '$1 $2');
}
