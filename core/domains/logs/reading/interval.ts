import { formatDuration, parseDuration } from '../../../kernel/duration.ts';
import { FIRST_INTERVAL } from '../sql/plan.ts';
import { wrong } from './request.ts';
import { msOf } from './windows.ts';

/** Most intervals of an answer. */
export const MOST_INTERVALS = 2000;

const WEEK = 604_800;
const FIRST = msOf(`${FIRST_INTERVAL}.000000`);

/** Times of one length, of whole seconds, one after the other. They begin with days and weeks (Monday) of UTC where they fit into them. */
export class Interval {
  readonly seconds: number;

  private constructor(seconds: number) {
    this.seconds = seconds;
  }

  /** @throws SluiceError VALIDATION_FAILED */
  static read(text: string): Interval {
    const seconds = (parseDuration(text) ?? 0) / 1000;
    if (Number.isInteger(seconds) && seconds >= 1 && seconds <= 52 * WEEK) return new Interval(seconds);
    throw wrong(
      'interval',
      `"${text.slice(0, 60)}" is no interval: durations of ISO 8601 of whole seconds are accepted, PT1S to P52W, such as PT1M, PT1H, P1D or P1W. Months and years have no one length.`,
    );
  }

  get text(): string {
    return formatDuration(this.seconds * 1000);
  }

  /** The number of the interval that a stored time is in, as the store counts them. */
  numberOf(stored: string): number {
    return Math.floor((msOf(stored) - FIRST) / (this.seconds * 1000));
  }

  /** The last interval that begins before a time. */
  lastBefore(stored: string): number {
    const number = this.numberOf(stored);
    return FIRST + number * this.seconds * 1000 === msOf(stored) && stored.endsWith('000')
      ? number - 1
      : number;
  }

  /** The beginning of an interval, RFC 3339. */
  beginningOf(number: number): string {
    return new Date(FIRST + number * this.seconds * 1000).toISOString().replace('.000Z', 'Z');
  }

  /**
   * All from the first number to the last.
   * @throws SluiceError VALIDATION_FAILED where they are too many
   */
  series(first: number, last: number): readonly number[] {
    const count = last - first + 1;
    if (count <= MOST_INTERVALS) return Array.from({ length: Math.max(0, count) }, (_, i) => first + i);
    throw wrong(
      'interval',
      `These would be ${count} intervals of ${this.text}; ${MOST_INTERVALS} are the most. Take a longer interval, or less time with from and to.`,
    );
  }
}
