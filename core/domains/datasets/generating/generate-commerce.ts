import { Assortment } from './assortment.ts';
import { Calendar } from './calendar.ts';
import { encoded, SOURCES, type Source } from './csv.ts';
import { headerOf, REFUSED, withBadRows } from './dirt.ts';
import { Expectation, type Expected, type Oddities } from './expectation.ts';
import { Messages, type CommerceMessage } from './messages.ts';
import { Orders } from './order.ts';
import { Rows } from './rows.ts';

/** Where generated data goes. Calls come one after the other. */
export interface CommerceSink {
  /** A file of a source, by its key below the landing folder. */
  file(key: string, content: Iterable<Uint8Array>): Promise<void>;
  message(message: CommerceMessage): Promise<void> | void;
}

export interface CommerceOptions {
  readonly days: number;
  readonly orders: number;
  /** The same numbers and seed make the same bytes. */
  readonly seed: number;
  /** The first day, `YYYY-MM-DD`. */
  readonly from?: string;
  readonly out: CommerceSink;
}

/** What was made, and what a dataset makes of it. */
export interface CommerceSummary {
  readonly from: string;
  readonly to: string;
  /** Files that are taken. */
  readonly files: number;
  readonly refused: readonly { readonly key: string; readonly why: string }[];
  /** Of files that are taken, bad ones counted. */
  readonly rows: Readonly<Record<Source, number>>;
  /** Rows that go to quarantine. */
  readonly bad: Readonly<Record<Source, number>>;
  /** Deliveries, repeated ones counted. */
  readonly messages: number;
  readonly oddities: Readonly<Oddities>;
  readonly expected: Readonly<Expected>;
}

const FIRST_DAY = '2026-01-01';

/**
 * Makes data of a shop for the dataset `commerce`: a file a day and source (products, variants, orders, order lines), and
 * the messages of its payments, with whatever goes wrong in such data. What is held in memory grows with products, and
 * with what comes late, not with orders.
 * @throws RangeError
 */
export async function generateCommerce({
  days,
  orders: count,
  seed,
  from = FIRST_DAY,
  out,
}: CommerceOptions): Promise<CommerceSummary> {
  checkRange('days', days, 1, 3660);
  checkRange('orders', count, 0, 99_999_999);
  checkRange('seed', seed, 0, 2 ** 32 - 1);
  const calendar = new Calendar({ from, days, orders: count });
  const assortment = new Assortment(seed, calendar, count);
  const orders = new Orders(seed, calendar, assortment, count);
  const files = new Files(new Rows(calendar, assortment, orders), calendar, out);
  const messages = new Messages(calendar, orders);
  const expectation = new Expectation(assortment);
  let sent = 0;
  const send = async (all: Iterable<CommerceMessage>): Promise<void> => {
    for (const message of all) {
      await out.message(message);
      sent++;
    }
  };
  for (let day = 0; day < days; day++) {
    await files.write(day);
    for (const order of orders.of(day)) expectation.add(order, calendar);
    await send(messages.of(day));
  }
  await send(messages.afterwards());
  const { oddities, expected } = expectation;
  const { taken, refused, rows, bad } = files;
  return {
    from,
    to: calendar.dateOf(days - 1),
    files: taken,
    refused,
    rows,
    bad,
    messages: sent,
    oddities,
    expected,
  };
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`"${name}" is a whole number from ${least} to ${most}, not ${value}.`);
}

/** Files of one day after the other, and what was in them. */
class Files {
  readonly rows: Record<Source, number> = { products: 0, variants: 0, orders: 0, order_lines: 0 };
  readonly bad: Record<Source, number> = { products: 0, variants: 0, orders: 0, order_lines: 0 };
  readonly refused: { key: string; why: string }[] = [];
  taken = 0;
  readonly #rows: Rows;
  readonly #calendar: Calendar;
  readonly #out: CommerceSink;

  constructor(rows: Rows, calendar: Calendar, out: CommerceSink) {
    this.#rows = rows;
    this.#calendar = calendar;
    this.#out = out;
  }

  async write(day: number): Promise<void> {
    for (const source of SOURCES) {
      await this.#out.file(this.#key(source, day, 0), encoded(this.#lines(source, day)));
      this.taken++;
    }
    for (const [place, { source, why, content }] of REFUSED.entries()) {
      if (day !== Math.floor(((place + 1) * this.#calendar.days) / (REFUSED.length + 1))) continue;
      const key = this.#key(source, day, 1);
      await this.#out.file(key, [content]);
      this.refused.push({ key, why });
    }
  }

  *#lines(source: Source, day: number): Generator<string | Uint8Array> {
    yield headerOf(source);
    for (const line of withBadRows(source, this.#rows.of(source, day), () => this.bad[source]++)) {
      this.rows[source]++;
      yield line;
    }
  }

  #key(source: Source, day: number, part: number): string {
    return `${source}/dt=${this.#calendar.dateOf(day)}/part-${part}.csv`;
  }
}
