import { expect } from 'chai';
import fc from 'fast-check';
import type { DatasetTable } from '../../../core/kernel/datasets.ts';
import type { DatasetRef, OperationalStore } from '../../../core/kernel/stores/operational.ts';
import { datasetDatabase, fileOf, rowsOf, tableOf, type DatasetDatabase, type Values } from './dataset-database.ts';

const SHOP = tableOf('shop', ['id text', 'title text?']);
const PRODUCT = tableOf('product', ['id text', 'shop_id text?', 'price integer?', 'version integer'], {
  version: 'version',
  history: true,
  references: { shop_id: 'shop' },
});
const OFFER = tableOf('offer', ['id text', 'product_id text', 'shop_id text?', 'note json?'], {
  references: { product_id: 'product', shop_id: 'shop' },
});
/** From the same source as the offers: several tables may take from one. */
const PRICED = tableOf('priced', ['id text', 'product_id text', 'shop_id text?', 'note json?'], {
  from: 'offer',
  key: ['product_id', 'id'],
  references: { product_id: 'product' },
});
const TABLES = [SHOP, PRODUCT, OFFER, PRICED];

const few = (...values: readonly (string | number | null)[]) => fc.constantFrom(...values);
const rowsIn = (...columns: readonly fc.Arbitrary<Values[number]>[]) =>
  fc.array(fc.tuple(...columns), { minLength: 1, maxLength: 5 });

interface File {
  readonly table: DatasetTable;
  readonly rows: readonly Values[];
}

const FILE: fc.Arbitrary<File> = fc.oneof(
  rowsIn(few('s1', 's2'), few('a', 'b', null)).map((rows) => ({ table: SHOP, rows })),
  rowsIn(few('p1', 'p2'), few('s1', 's2', 's3', null), few(1, 2, null), few(1, 2, 3)).map((rows) => ({
    table: PRODUCT,
    rows,
  })),
  rowsIn(few('o1', 'o2'), few('p1', 'p2', 'p3'), few('s1', 's2', null), few('{"a": 1}', '[1.0]', '[1]', null)).map(
    (rows) => ({ table: OFFER, rows }),
  ),
);

/** Loads of distinct objects, and an order of them. */
const LOADS = fc
  .array(FILE, { minLength: 1, maxLength: 7 })
  .map((files) => files.map((file, i) => ({ ...file, object: `${i % 3}/${i}.csv` })))
  .chain((loads) => fc.tuple(fc.constant(loads), fc.shuffledSubarray(loads, { minLength: loads.length })));

describe('The order in which loads arrive', () => {
  let database: DatasetDatabase;
  before(async () => {
    database = await datasetDatabase();
  });
  after(() => database.drop());

  async function takeIn(
    loads: readonly (File & { object: string })[],
  ): Promise<{ dataset: DatasetRef; store: OperationalStore }> {
    const dataset = await database.newDataset();
    const store = await database.stores.open(dataset, TABLES);
    for (const { table, rows, object } of loads) {
      const bad = [{ line: 99, reason: 'Bad.' }];
      const counts = await store.load(fileOf(table.from, object), rowsOf(table, rows, bad));
      if (counts === 'known') throw new Error(`${object} is new.`);
      expect(counts.rows).to.equal(rows.length + 1);
      expect(counts.loaded + counts.held + counts.quarantined + counts.deduplicated).to.equal(counts.rows);
      expect(Math.min(counts.loaded, counts.held, counts.deduplicated)).to.be.at.least(0);
    }
    return { dataset, store };
  }

  /** All that is known: rows, held rows and histories. */
  async function known(dataset: DatasetRef): Promise<Record<string, readonly object[]>> {
    const places = [
      'shop',
      'product',
      'offer',
      'priced',
      'product_history',
      '_held_product',
      '_held_offer',
      '_held_priced',
    ];
    const found: Record<string, readonly object[]> = {};
    for (const place of places)
      found[place] = await database.query(
        dataset,
        `SELECT to_jsonb(t) - '_load_id' AS row FROM $schema.${place} AS t ORDER BY (to_jsonb(t) - '_load_id')::text COLLATE "C"`,
      );
    return found;
  }

  it('never shows in rows, held rows and histories, and counts add up', async function () {
    this.timeout(120_000);
    await fc.assert(
      fc.asyncProperty(LOADS, async ([loads, shuffled]) => {
        const one = await takeIn(loads);
        const other = await takeIn(shuffled);
        expect(await known(other.dataset)).to.deep.equal(await known(one.dataset));
      }),
      { numRuns: Number(process.env['SLUICE_ORDER_RUNS'] ?? 12) },
    );
  });
});
