import { timeOf, type Calendar } from './calendar.ts';
import { Later } from './later.ts';
import type { Orders } from './order.ts';
import type { Payment } from './payments.ts';

/** A message of the shop's payment provider, as its sender signs and posts it. */
export interface CommerceMessage {
  /** `webhook-id`: a delivery that is repeated has the same one. */
  readonly id: string;
  /** `webhook-timestamp`: seconds since the epoch. */
  readonly timestamp: number;
  /** JSON, as it is signed. */
  readonly body: string;
  /** The day it is delivered, `YYYY-MM-DD`. */
  readonly arrives: string;
  /**
   * Its place among the messages of its order, by timestamp. A sender that must sign with the present keeps the order of
   * things by it: messages that are older than some minutes are refused.
   */
  readonly sequence: number;
}

/** Messages in the order in which they arrive. */
export class Messages {
  readonly #calendar: Calendar;
  readonly #orders: Orders;
  readonly #later = new Later<Payment>();

  constructor(calendar: Calendar, orders: Orders) {
    this.#calendar = calendar;
    this.#orders = orders;
  }

  /** Days are asked for one after the other, each once. */
  *of(day: number): Generator<CommerceMessage> {
    for (const { payments, strayPayment } of this.#orders.of(day)) {
      for (const payment of strayPayment ? [...payments, strayPayment] : payments) {
        if (payment.arrives === day) yield this.#message(payment);
        else this.#later.add(payment.arrives, payment);
        if (payment.repeated) this.#later.add(payment.arrives, payment);
      }
    }
    yield* this.#rest(day);
  }

  /** Those that arrive when there are no more files. */
  *afterwards(): Generator<CommerceMessage> {
    const last = this.#later.lastDay;
    for (let day = this.#calendar.days; day <= last; day++) yield* this.#rest(day);
  }

  *#rest(day: number): Generator<CommerceMessage> {
    for (const payment of this.#later.take(day)) yield this.#message(payment);
  }

  #message({
    message,
    transaction,
    order,
    status,
    createdAt,
    sentAt,
    arrives,
    sequence,
  }: Payment): CommerceMessage {
    const data = { id: transaction, order_id: order, status, created_at: timeOf(createdAt) };
    const body = JSON.stringify({ type: `transaction.${status}`, timestamp: timeOf(sentAt), data });
    return { id: message, timestamp: sentAt / 1000, body, arrives: this.#calendar.dateOf(arrives), sequence };
  }
}
