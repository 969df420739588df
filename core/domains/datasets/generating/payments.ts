import type { Calendar } from './calendar.ts';
import type { Random } from './random.ts';

/** One message about a transaction. */
export interface Payment {
  /** Of the message: a delivery that is repeated has the same. */
  readonly message: string;
  readonly transaction: string;
  readonly order: string;
  readonly status: string;
  /** Of the transaction. */
  readonly createdAt: number;
  /** When the sender sent it, and signed for it: later ones of an order are greater. */
  readonly sentAt: number;
  /** Its place among the messages of its order, in the order of `sentAt`, from 0. */
  readonly sequence: number;
  /** The day it arrives, which may be behind the last one of the files. */
  readonly arrives: number;
  readonly repeated: boolean;
}

/** What happens to an order's payment, and how often. A step is a transaction's number and its status. */
const STORIES: readonly (readonly [share: number, ...steps: readonly (readonly [number, string])[]])[] = [
  [0.72, [1, 'success']],
  [0.08, [1, 'pending'], [1, 'success']],
  [0.06, [1, 'failure'], [2, 'success']],
  [0.03, [1, 'failure']],
  [0.03, [1, 'success'], [2, 'refund']],
  [0.02, [1, 'failure'], [2, 'success'], [3, 'refund']],
  [0.02, [1, 'pending'], [1, 'cancelled']],
  [0.01, [1, 'success'], [1, 'cancelled']],
  // Nobody pays.
  [0.03],
];

/** Shares of orders: messages that arrive the wrong way round; of messages: those that arrive days later, those that come twice. */
const BACKWARDS = 0.1;
const LATE = 0.02;
const REPEATED = 0.02;

interface Paid {
  readonly number: number;
  readonly order: string;
  readonly at: number;
  readonly calendar: Calendar;
}

/** The messages of an order, as they arrive on each day. */
export function paymentsOf(random: Random, { number, order, at, calendar }: Paid): readonly Payment[] {
  const steps = storyOf(random);
  const created = new Map<number, number>();
  let sentAt = at;
  const payments = steps.map(([transaction, status], sequence): Payment => {
    // A minute at least lies between two messages, so that their order is certain.
    sentAt += random.between(60, 5_400) * 1_000;
    const createdAt = created.get(transaction) ?? sentAt - random.between(1, 30) * 1_000;
    created.set(transaction, createdAt);
    return {
      message: `msg-${number + 1}-${sequence + 1}`,
      transaction: `t-${number + 1}-${transaction}`,
      order,
      status,
      createdAt,
      sentAt,
      sequence,
      arrives: calendar.dayOf(sentAt) + (random.chance(LATE) ? random.between(1, 3) : 0),
      repeated: random.chance(REPEATED),
    };
  });
  return random.chance(BACKWARDS) ? payments.toReversed() : payments;
}

/** A payment of an order that nobody ever tells of. */
export function strayPayment({ number, order, at, calendar }: Paid): Payment {
  const name = `lost-${number + 1}`;
  const sentAt = at + 60_000;
  return {
    message: `msg-${name}`,
    transaction: `t-${name}`,
    order,
    status: 'success',
    createdAt: at,
    sentAt,
    sequence: 0,
    arrives: calendar.dayOf(sentAt),
    repeated: false,
  };
}

function storyOf(random: Random): readonly (readonly [number, string])[] {
  let left = random.next();
  for (const [share, ...steps] of STORIES) {
    left -= share;
    if (left < 0) return steps;
  }
  return [];
}
