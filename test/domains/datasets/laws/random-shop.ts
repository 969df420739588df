import fc from 'fast-check';
import { COLUMNS, csvLine, type Source } from '../../../../core/domains/datasets/generating/csv.ts';
import type { DatasetStand } from '../../../support/dataset.ts';

/** A row of a source, as its file or message has it. */
export type SourceRow = Readonly<Record<string, string | number>>;

/** A file. Two of them may have the same key: then the later one takes the other's place in the landing folder. */
export interface ShopFile {
  readonly source: Source;
  readonly key: string;
  readonly rows: readonly SourceRow[];
  /** Rows that are none of their source's. */
  readonly bad: readonly SourceRow[];
}

export interface ShopMessage {
  readonly source: 'transactions';
  readonly id: string;
  /** Ms since the epoch. */
  readonly sentAt: number;
  readonly row: SourceRow;
  readonly isBad: boolean;
}

export type Arrival = ShopFile | ShopMessage;

/** What a shop tells, and an order in which that arrives. */
export interface Shop {
  readonly arrivals: readonly Arrival[];
  readonly shuffled: readonly Arrival[];
}

/** More bad rows than this, and a file is refused. */
export const MOST_BAD = 2;

const MADE = '2026-01-01 00:00:00';
const few = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const ids = (letter: string, count: number) =>
  few(...Array.from({ length: count }, (_, i) => `${letter}${i + 1}`));
const time = fc
  .tuple(few('2026-03-01', '2026-03-02', '2026-03-03'), few('00:00:00', '12:30:00', '23:59:59'))
  .map((parts) => parts.join(' '));

/** Few keys and few values, so that they meet: what is corrected, moved, told twice, or never comes is not seldom. */
const ROWS: Readonly<Record<Source, fc.Arbitrary<SourceRow>>> = {
  products: fc.record({
    id: ids('p', 3),
    title: few('Shirt', 'Blouse'),
    product_type: few('Tops', 'Sale'),
    created_at: few(MADE),
  }),
  variants: fc.record({
    id: ids('v', 3),
    product_id: ids('p', 3),
    price: few(900, 1000, 1100),
    title: few('S', 'M'),
    created_at: few(MADE),
    updated_at: time,
    ingested_at: few(MADE),
  }),
  orders: fc.record({ id: ids('o', 4), processed_timestamp: time, customer_id: ids('c', 2) }),
  order_lines: fc.record({
    id: ids('l', 6),
    quantity: few(1, 2, -1),
    variant_id: ids('v', 4),
    revenue: few(1, 250, -99),
    order_id: ids('o', 5),
  }),
};

const TRANSACTION: fc.Arbitrary<SourceRow> = fc.record({
  id: ids('t', 4),
  order_id: ids('o', 5),
  status: few('success', 'failure', 'refund'),
  created_at: time,
});

/** What no column takes. */
const SPOILED: Readonly<Record<Source, SourceRow>> = {
  products: { created_at: 'yesterday' },
  variants: { price: '9.5' },
  orders: { processed_timestamp: '2026-02-30 00:00:00' },
  order_lines: { quantity: '1e3' },
};

const file = (source: Source): fc.Arbitrary<ShopFile> =>
  fc
    .record({
      place: few('2026-03-01/a', '2026-03-01/b', '2026-03-02/a', '2026-03-03/a'),
      rows: fc.array(ROWS[source], { minLength: 1, maxLength: 4 }),
      bad: fc.array(ROWS[source], { maxLength: MOST_BAD + 1, size: 'xsmall' }),
    })
    .map(({ place, rows, bad }) => ({
      source,
      key: `${source}/dt=${place}.csv`,
      rows,
      bad: bad.map((row) => ({ ...row, ...SPOILED[source] })),
    }));

const messages = fc
  .array(fc.record({ row: TRANSACTION, second: few(0, 1, 2), badly: fc.integer({ min: 0, max: 9 }) }), {
    minLength: 3,
    maxLength: 9,
  })
  .map((all) =>
    all.map(({ row, second, badly }, i): ShopMessage => {
      const isBad = badly === 0;
      const sentAt = Date.parse('2026-03-03T10:00:00Z') + second * 1000;
      return {
        source: 'transactions',
        id: `m${i}`,
        sentAt,
        row: isBad ? { ...row, created_at: 'now' } : row,
        isBad,
      };
    }),
  );

const sources: readonly Source[] = [
  'products',
  'variants',
  'orders',
  'orders',
  'order_lines',
  'order_lines',
  'order_lines',
];
const files = fc.array(few(...sources).chain(file), { minLength: 6, maxLength: 14 });

/** A shop whose files and messages arrive in another order, too, and some of them again. */
export const SHOP: fc.Arbitrary<Shop> = fc.tuple(files, messages).chain(([some, sent]) => {
  const arrivals: readonly Arrival[] = [...some, ...sent];
  return fc
    .subarray([...arrivals], { maxLength: 3 })
    .chain((again) =>
      fc.shuffledSubarray([...arrivals, ...again], { minLength: arrivals.length + again.length }),
    )
    .map((shuffled) => ({ arrivals, shuffled }));
});

/** Brings something in. */
export async function arrive(stand: DatasetStand, arrival: Arrival): Promise<void> {
  if (arrival.source === 'transactions') {
    const { source, id, sentAt, row } = arrival;
    await stand.message(source, { id, sentAt, body: JSON.stringify({ type: 'transaction', data: row }) });
    return;
  }
  const { source, key, rows, bad } = arrival;
  const columns = COLUMNS[source];
  const lines = [...bad, ...rows].map((row) => csvLine(columns.map((column) => row[column]!)));
  await stand.drop(key, [csvLine(columns), ...lines].join(''));
  await stand.loadFiles();
}
