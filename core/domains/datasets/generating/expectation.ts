import type { Assortment } from './assortment.ts';
import { dateOf, type Calendar } from './calendar.ts';
import type { Order } from './order.ts';
import type { Payment } from './payments.ts';

/** How often each oddity was made. */
export interface Oddities {
  productsRenamed: number;
  productsAfterTheirVariants: number;
  variantsLate: number;
  versionsLate: number;
  ordersLate: number;
  ordersCorrected: number;
  /** Their first date comes once more, after its correction. */
  ordersAgain: number;
  ordersWithoutLines: number;
  returns: number;
  linesTwice: number;
  linesBeforeTheirOrder: number;
  linesBeforeTheirVariant: number;
  /** Their order never comes. */
  linesLost: number;
  messagesLate: number;
  messagesRepeated: number;
  /** They arrive on a day before their order does. */
  messagesBeforeTheirOrder: number;
  /** Of these orders they arrive the wrong way round. */
  ordersBackwards: number;
  refunds: number;
  cancellations: number;
}

/** What a dataset holds once all was loaded, exported and built, in whatever order it came. Amounts are cents. */
export interface Expected {
  product: number;
  variant: number;
  variantVersions: number;
  priceChanges: number;
  orders: number;
  orderLines: number;
  /** Lines that wait for an order that never comes. */
  held: number;
  transactions: number;
  unmatchedTransactions: number;
  /** Of all lines of orders. */
  linesCents: number;
  /** Of lines of orders whose last message says success. */
  revenueCents: number;
  items: number;
  /** Orders with a transaction whose last message says success. */
  paidOrders: number;
  /** By the day of the order, as it was last known. */
  revenueByDay: Record<string, number>;
}

/** Sums up what is made: the oracle that a test compares a dataset with. */
export class Expectation {
  readonly oddities: Oddities;
  readonly expected: Expected;

  constructor({ products, variants }: Assortment) {
    const versions = variants.flatMap((variant) => variant.versions);
    this.oddities = {
      ...NO_ODDITIES,
      productsRenamed: products.filter(({ files }) => files.length > 1).length,
      productsAfterTheirVariants: products.filter((product) =>
        variants.some((variant) => variant.product === product && firstFile(variant) < product.files[0]!.day),
      ).length,
      variantsLate: variants.filter(({ versions: [first] }) => first?.late).length,
      versionsLate: versions.filter(({ late }) => late).length,
    };
    this.expected = {
      ...NOTHING_EXPECTED,
      product: products.length,
      variant: variants.length,
      variantVersions: versions.length,
      priceChanges: versions.length - variants.length,
      revenueByDay: {},
    };
  }

  /** Takes one order into account. */
  add(order: Order, calendar: Calendar): void {
    this.#addOddities(order, calendar);
    const { lines, payments, strayPayment } = order;
    const { expected } = this;
    const cents = lines.reduce((sum, { revenue }) => sum + revenue, 0);
    expected.orders++;
    expected.orderLines += lines.length;
    expected.held += order.strayLine ? 1 : 0;
    expected.transactions +=
      new Set(payments.map(({ transaction }) => transaction)).size + (strayPayment ? 1 : 0);
    expected.unmatchedTransactions += strayPayment ? 1 : 0;
    expected.linesCents += cents;
    const last = lastMessages(payments);
    if (last.some(({ status }) => status === 'success')) expected.paidOrders++;
    if (last.at(-1)?.status !== 'success') return;
    const day = dateOf(order.correction?.at ?? order.at);
    expected.revenueCents += cents;
    expected.items += lines.reduce((sum, { quantity }) => sum + quantity, 0);
    if (lines.length > 0) expected.revenueByDay[day] = (expected.revenueByDay[day] ?? 0) + cents;
  }

  #addOddities(order: Order, calendar: Calendar): void {
    const { file, day, correction, lines, payments } = order;
    const { oddities } = this;
    if (file > day) oddities.ordersLate++;
    if (file > day) oddities.linesBeforeTheirOrder += lines.length;
    if (correction) oddities.ordersCorrected++;
    if (correction?.again !== undefined) oddities.ordersAgain++;
    if (lines.length === 0) oddities.ordersWithoutLines++;
    if (lines.some(({ quantity }) => quantity < 0)) oddities.returns++;
    if (order.lineTwice) oddities.linesTwice++;
    oddities.linesBeforeTheirVariant += lines.filter(({ variant }) => firstFile(variant) > day).length;
    if (order.strayLine) oddities.linesLost++;
    for (const { arrives, sentAt, repeated, status } of payments) {
      if (arrives > calendar.dayOf(sentAt)) oddities.messagesLate++;
      if (arrives < file) oddities.messagesBeforeTheirOrder++;
      if (repeated) oddities.messagesRepeated++;
      if (status === 'refund') oddities.refunds++;
      if (status === 'cancelled') oddities.cancellations++;
    }
    if (payments.some(({ sequence }, i) => sequence < (payments[i - 1]?.sequence ?? 0)))
      oddities.ordersBackwards++;
  }
}

/** The last message of each transaction, by when it was sent. */
function lastMessages(payments: readonly Payment[]): readonly Payment[] {
  const last = new Map<string, Payment>();
  for (const payment of payments) {
    const other = last.get(payment.transaction);
    if (!other || other.sentAt < payment.sentAt) last.set(payment.transaction, payment);
  }
  return [...last.values()].sort((a, b) => a.sentAt - b.sentAt);
}

function firstFile({ versions }: Assortment['variants'][number]): number {
  return Math.min(...versions.map(({ file }) => file));
}

const NO_ODDITIES: Oddities = {
  productsRenamed: 0,
  productsAfterTheirVariants: 0,
  variantsLate: 0,
  versionsLate: 0,
  ordersLate: 0,
  ordersCorrected: 0,
  ordersAgain: 0,
  ordersWithoutLines: 0,
  returns: 0,
  linesTwice: 0,
  linesBeforeTheirOrder: 0,
  linesBeforeTheirVariant: 0,
  linesLost: 0,
  messagesLate: 0,
  messagesRepeated: 0,
  messagesBeforeTheirOrder: 0,
  ordersBackwards: 0,
  refunds: 0,
  cancellations: 0,
};

const NOTHING_EXPECTED: Expected = {
  product: 0,
  variant: 0,
  variantVersions: 0,
  priceChanges: 0,
  orders: 0,
  orderLines: 0,
  held: 0,
  transactions: 0,
  unmatchedTransactions: 0,
  linesCents: 0,
  revenueCents: 0,
  items: 0,
  paidOrders: 0,
  revenueByDay: {},
};
