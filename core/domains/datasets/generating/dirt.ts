import { COLUMNS, csvLine, type Source } from './csv.ts';

/** Good rows to a bad one: under a thousandth of a file is bad, wherever it ends. */
const GOOD_TO_BAD = 1_000;

/** Values of a good row that nobody refers to, by column. */
const GOOD: Readonly<Record<string, string>> = {
  title: 'Bad',
  product_type: 'Mugs',
  product_id: 'p-00001',
  price: '100',
  customer_id: 'c-0000001',
  quantity: '1',
  revenue: '100',
  variant_id: 'v-00001-S',
  order_id: 'o-00000001',
};
const GOOD_TIME = '2026-01-01T00:00:00Z';

type Row = Readonly<Record<string, string>>;

/** What makes a row bad, for rows that have a column of the kind. */
const FLAWS: readonly ((source: Source, row: Row) => string | Uint8Array)[] = [
  (source, row) => lineOf(source, { ...row, [numberOf(source) ?? timeOf(source)]: '12.7' }),
  (source, row) => lineOf(source, { ...row, [numberOf(source) ?? timeOf(source)]: '1e3' }),
  (source, row) => lineOf(source, { ...row, [numberOf(source) ?? timeOf(source)]: ' 12 ' }),
  (source, row) => lineOf(source, { ...row, [timeOf(source)]: '2026-02-30T12:00:00Z' }),
  // A column that takes no null.
  (source, row) => lineOf(source, row).replace(/,[^,]*\n$/, ',\n'),
  // A field is missing.
  (source, row) => lineOf(source, row).replace(/,[^,]*\n$/, '\n'),
  // Latin-1 where UTF-8 is read.
  (source, row) => Buffer.from(lineOf(source, { ...row, id: `${row['id']}-é` }), 'latin1'),
];

function lineOf(source: Source, row: Row): string {
  return csvLine(COLUMNS[source].map((name) => row[name] ?? GOOD[name] ?? GOOD_TIME));
}

function numberOf(source: Source): string | undefined {
  return COLUMNS[source].find((name) => ['price', 'quantity'].includes(name));
}

/** Order lines have no time; their other number is as bad. */
function timeOf(source: Source): string {
  return COLUMNS[source].findLast((name) => /_at$|timestamp$/.test(name)) ?? 'revenue';
}

/** A bad row; its key is of no other row. */
export function badRow(source: Source, number: number): string | Uint8Array {
  return FLAWS[number % FLAWS.length]!(source, { id: `bad-${number + 1}` });
}

/** Rows with a bad one every now and then, as `bad` says how many there were before. */
export function* withBadRows(
  source: Source,
  rows: Iterable<string>,
  bad: () => number,
): Generator<string | Uint8Array> {
  let good = 0;
  for (const row of rows) {
    yield row;
    if (++good % GOOD_TO_BAD === 0) yield badRow(source, bad());
  }
}

/** Files that are refused whole, each for a reason of its own: half of one, a column that is not there, too many bad rows. */
export const REFUSED: readonly {
  readonly source: Source;
  readonly why: 'cut off' | 'a column is missing' | 'too many bad rows';
  readonly content: Uint8Array;
}[] = [
  {
    source: 'orders',
    why: 'cut off',
    content: Buffer.from(`${headerOf('orders')}${lineOf('orders', { id: 'refused-1' })}refused-2,2026-01`),
  },
  {
    source: 'variants',
    why: 'a column is missing',
    content: Buffer.from(
      `${csvLine(COLUMNS.variants.filter((name) => name !== 'price'))}${lineOf('variants', { id: 'refused-3' })}`,
    ),
  },
  {
    source: 'order_lines',
    why: 'too many bad rows',
    content: Buffer.concat([
      Buffer.from(`${headerOf('order_lines')}${lineOf('order_lines', { id: 'refused-4' })}`),
      ...FLAWS.map((_, number) => bytesOf(badRow('order_lines', number))),
    ]),
  },
];

function bytesOf(line: string | Uint8Array): Uint8Array {
  return typeof line === 'string' ? Buffer.from(line) : line;
}

export function headerOf(source: Source): string {
  return csvLine(COLUMNS[source]);
}
