export const DAY_MS = 86_400_000;

/** Orders of a day beside those of a plain one: of the peak in the middle, and of a Saturday or Sunday. */
const PEAK = 12;
const WEEKEND = 1.4;

/** The days of the data, counted from 0, and which orders are placed on each. */
export class Calendar {
  readonly days: number;
  readonly #start: number;
  /** Of each day the number of its first order, and behind the last day the number of all. */
  readonly #first: readonly number[];

  /** @param from the first day, `YYYY-MM-DD` */
  constructor({
    from,
    days,
    orders,
  }: {
    readonly from: string;
    readonly days: number;
    readonly orders: number;
  }) {
    this.days = days;
    this.#start = Date.parse(`${from}T00:00:00Z`);
    const weights = Array.from({ length: days }, (_, day) => this.#weight(day));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    this.#first = [0, ...weights.map((weight) => Math.round(((sum += weight) / total) * orders))];
  }

  #weight(day: number): number {
    if (this.days >= 7 && day === Math.floor(this.days / 2)) return PEAK;
    return [0, 6].includes(new Date(this.startOf(day)).getUTCDay()) ? WEEKEND : 1;
  }

  /** The first order of a day; that of the next day is not its own any more. */
  firstOrder(day: number): number {
    return this.#first[Math.min(day, this.days)]!;
  }

  /** Ms since the epoch. */
  startOf(day: number): number {
    return this.#start + day * DAY_MS;
  }

  dayOf(ms: number): number {
    return Math.floor((ms - this.#start) / DAY_MS);
  }

  dateOf(day: number): string {
    return dateOf(this.startOf(day));
  }

  /** A day so much later, and the last one at most. */
  later(day: number, by: number): number {
    return Math.min(day + by, this.days - 1);
  }
}

/** `YYYY-MM-DD`, UTC. */
export function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** RFC 3339, to seconds. */
export function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
