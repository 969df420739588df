import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** How much of a shop: four lines an order, a transaction each, over so many days from FIRST_DAY. */
export interface Amount {
  /** Ids begin with it: files of other batches hold other rows. */
  readonly batch: string;
  readonly lines: number;
  readonly days: number;
}

const FIRST_DAY = Date.UTC(2026, 0, 1);
const DAY = 86_400_000;
const LINES_AN_ORDER = 4;
const PRODUCTS = 1000;
const VARIANTS = 5000;
const ROWS_A_FILE = 200_000;

export const dayOf = (day: number): string => new Date(FIRST_DAY + day * DAY).toISOString().slice(0, 10);

export interface CsvFile {
  readonly source: string;
  /** Below the landing folder. */
  readonly name: string;
}

type Rows = Generator<string>;

/** Products and variants, which all batches share. */
export function writeCatalogue(folder: string): Promise<CsvFile[]> {
  const [time, later] = [FIRST_DAY, FIRST_DAY + DAY].map((ms) => new Date(ms).toISOString());
  return writeAll(folder, 'catalogue', {
    products: ['id,title,product_type,created_at', PRODUCTS, (n) => `p${n},Product ${n},type ${n % 20},${time}`],
    variants: [
      'id,product_id,price,title,created_at,updated_at,ingested_at',
      2 * VARIANTS,
      // Each of them with a second price, from the next day on.
      (n) => `v${n % VARIANTS},p${n % PRODUCTS},${100 + (n % 900)},Variant ${n},${time},${n < VARIANTS ? time : later},${time}`,
    ],
  });
}

export function writeSales(folder: string, { batch, lines, days }: Amount): Promise<CsvFile[]> {
  const orders = Math.ceil(lines / LINES_AN_ORDER);
  // Orders of all days in each file, as late ones would have it.
  const timeOf = (order: number): string =>
    new Date(FIRST_DAY + (order % days) * DAY + ((order * 7919) % DAY)).toISOString();
  return writeAll(folder, batch, {
    orders: ['id,processed_timestamp,customer_id', orders, (n) => `${batch}o${n},${timeOf(n)},c${(n * 31) % 20_000}`],
    order_lines: [
      'id,quantity,variant_id,revenue,order_id',
      lines,
      (n) => `${batch}l${n},${1 + (n % 5)},v${(n * 17) % VARIANTS},${100 + ((n * 13) % 90_000)},${batch}o${Math.floor(n / LINES_AN_ORDER)}`,
    ],
    transactions: [
      'id,order_id,status,created_at',
      orders,
      (n) => `${batch}t${n},${batch}o${n},${n % 10 === 0 ? 'failure' : 'success'},${timeOf(n)}`,
    ],
  });
}

type Table = readonly [head: string, rows: number, row: (n: number) => string];

async function writeAll(folder: string, batch: string, tables: Readonly<Record<string, Table>>): Promise<CsvFile[]> {
  const files: CsvFile[] = [];
  for (const [source, [head, count, row]] of Object.entries(tables)) {
    for (let from = 0; from < count; from += ROWS_A_FILE) {
      const name = `${source}/dt=${dayOf(0)}/${batch}-${from}.csv`;
      await writeWhole(join(folder, name), linesOf(head, from, Math.min(count, from + ROWS_A_FILE), row));
      files.push({ source, name });
    }
  }
  return files;
}

function* linesOf(head: string, from: number, to: number, row: Table[2]): Rows {
  yield `${head}\n`;
  for (let n = from; n < to; ) {
    let text = '';
    for (const end = Math.min(to, n + 1000); n < end; n++) text += `${row(n)}\n`;
    yield text;
  }
}

/** Under another name first: what has its own is whole. */
async function writeWhole(path: string, rows: Rows): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = join(dirname(path), '.draft');
  await pipeline(Readable.from(rows), createWriteStream(draft));
  await rename(draft, path);
}
