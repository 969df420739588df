import type { Assortment } from './assortment.ts';
import { timeOf, type Calendar } from './calendar.ts';
import { csvLine, type Source } from './csv.ts';
import { Later } from './later.ts';
import type { Line, Order, Orders } from './order.ts';

/** The good rows of each file, in the order of its lines. Days are asked for one after the other, each once. */
export class Rows {
  readonly #calendar: Calendar;
  readonly #assortment: Assortment;
  readonly #orders: Orders;
  /** Orders that come later than their lines, and those that come again. */
  readonly #later = new Later<string>();

  constructor(calendar: Calendar, assortment: Assortment, orders: Orders) {
    this.#calendar = calendar;
    this.#assortment = assortment;
    this.#orders = orders;
  }

  of(source: Source, day: number): Iterable<string> {
    switch (source) {
      case 'products':
        return this.#products(day);
      case 'variants':
        return this.#variants(day);
      case 'orders':
        return this.#ordersOf(day);
      case 'order_lines':
        return this.#lines(day);
    }
  }

  *#products(day: number): Generator<string> {
    for (const { id, type, createdAt, files } of this.#assortment.products) {
      for (const file of files)
        if (file.day === day) yield csvLine([id, file.title, type, timeOf(createdAt)]);
    }
  }

  *#variants(day: number): Generator<string> {
    // Taken in by the shop's own store half an hour after midnight, just before the file is written.
    const ingestedAt = timeOf(this.#calendar.startOf(day + 1) + 1_800_000);
    for (const { id, product, title, createdAt, versions } of this.#assortment.variants) {
      for (const { price, updatedAt, file } of versions) {
        if (file === day)
          yield csvLine([id, product.id, price, title, timeOf(createdAt), timeOf(updatedAt), ingestedAt]);
      }
    }
  }

  *#ordersOf(day: number): Generator<string> {
    for (const order of this.#orders.of(day)) {
      const { at, file, correction } = order;
      if (file === day) yield orderLine(order, at);
      else this.#later.add(file, orderLine(order, at));
      if (!correction) continue;
      this.#later.add(correction.file, orderLine(order, correction.at));
      if (correction.again !== undefined) this.#later.add(correction.again, orderLine(order, at));
    }
    yield* this.#later.take(day);
  }

  *#lines(day: number): Generator<string> {
    for (const { lines, lineTwice, strayLine } of this.#orders.of(day)) {
      for (const line of lines) yield lineLine(line);
      if (lineTwice) yield lineLine(lines[0]!);
      if (strayLine) yield lineLine(strayLine);
    }
  }
}

function orderLine({ id, customer }: Order, at: number): string {
  return csvLine([id, timeOf(at), customer]);
}

function lineLine({ id, quantity, variant, revenue, order }: Line): string {
  return csvLine([id, quantity, variant.id, revenue, order]);
}
