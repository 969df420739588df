import { padded, priceAt, type Assortment, type Variant } from './assortment.ts';
import { DAY_MS, type Calendar } from './calendar.ts';
import { paymentsOf, strayPayment, type Payment } from './payments.ts';
import { Random } from './random.ts';

export interface Line {
  readonly id: string;
  readonly order: string;
  readonly variant: Variant;
  readonly quantity: number;
  /** Cents. */
  readonly revenue: number;
}

/** An order with all that is told of it. Days are those of files and deliveries, counted from 0. */
export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly at: number;
  /** The day it was placed, with the file of its lines; the order itself comes in a later one, maybe. */
  readonly day: number;
  readonly file: number;
  readonly lines: readonly Line[];
  /** Its first line stands in the file twice. */
  readonly lineTwice: boolean;
  /** A later date that it is given by a later file; `again` is a day on which the first date comes once more. */
  readonly correction?: { readonly at: number; readonly file: number; readonly again?: number };
  readonly payments: readonly Payment[];
  /** A line and a payment of other orders, which never come. */
  readonly strayLine?: Line;
  readonly strayPayment?: Payment;
}

/** Shares of orders. */
const WITHOUT_LINES = 0.005;
const RETURN = 0.02;
const LATE = 0.01;
const LINE_TWICE = 0.004;
const CORRECTED = 0.01;
const AGAIN = 0.3;
const STRAY_LINE = 0.001;
const STRAY_PAYMENT = 0.003;

/** The order of a number: the same whenever it is asked for, so that a million of them need not be kept. */
export class Orders {
  readonly #seed: number;
  readonly #calendar: Calendar;
  readonly #assortment: Assortment;
  readonly #customers: number;

  constructor(seed: number, calendar: Calendar, assortment: Assortment, orders: number) {
    this.#seed = seed;
    this.#calendar = calendar;
    this.#assortment = assortment;
    this.#customers = Math.max(3, Math.round(orders / 4));
  }

  *of(day: number): Generator<Order> {
    const end = this.#calendar.firstOrder(day + 1);
    for (let number = this.#calendar.firstOrder(day); number < end; number++) yield this.#order(number, day);
  }

  #order(number: number, day: number): Order {
    const random = Random.of(this.#seed, 4, number);
    const calendar = this.#calendar;
    const id = `o-${padded(number, 8)}`;
    const at = calendar.startOf(day) + random.below(86_400) * 1_000;
    const customer = `c-${padded(random.below(this.#customers), 7)}`;
    const file = random.chance(LATE) ? calendar.later(day, random.between(1, 2)) : day;
    const correction = random.chance(CORRECTED) ? this.#correction(random, at, file) : undefined;
    const lines = random.chance(WITHOUT_LINES) ? [] : this.#lines(random, id, at);
    const lineTwice = lines.length > 0 && random.chance(LINE_TWICE);
    const payments = paymentsOf(random, { number, order: id, at, calendar });
    const strayLine = random.chance(STRAY_LINE)
      ? this.#line(random, `o-lost-${padded(number, 8)}`, at, 1)
      : undefined;
    const stray = random.chance(STRAY_PAYMENT)
      ? strayPayment({ number, order: `o-lost-${padded(number, 8)}`, at, calendar })
      : undefined;
    return {
      id,
      customer,
      at,
      day,
      file,
      lines,
      lineTwice,
      payments,
      ...(correction ? { correction } : {}),
      ...(strayLine ? { strayLine } : {}),
      ...(stray ? { strayPayment: stray } : {}),
    };
  }

  /** Only what comes in a later file is a correction; on the last day there is none. */
  #correction(random: Random, at: number, file: number): Order['correction'] {
    const later = this.#calendar.later(file, random.between(1, 3));
    const again = this.#calendar.later(later, random.between(1, 2));
    // It is told once it has happened.
    const moved =
      at + random.between(3_600_000, Math.min(2 * DAY_MS, this.#calendar.startOf(later + 1) - at) - 1_000);
    const comesAgain = random.chance(AGAIN) && again > later;
    if (later === file) return undefined;
    return { at: moved - (moved % 1_000), file: later, ...(comesAgain ? { again } : {}) };
  }

  #lines(random: Random, order: string, at: number): Line[] {
    const sign = random.chance(RETURN) ? -1 : 1;
    let count = 1;
    while (count < 6 && random.chance(0.55)) count++;
    return Array.from({ length: count }, (_, i) => this.#line(random, order, at, i + 1, sign));
  }

  #line(random: Random, order: string, at: number, number: number, sign = 1): Line {
    const variant = this.#assortment.sold(random, at);
    const quantity = sign * (random.chance(0.7) ? 1 : random.between(2, 4));
    return { id: `${order}-${number}`, order, variant, quantity, revenue: quantity * priceAt(variant, at) };
  }
}
