import type { Clock } from '../kernel/clock.ts';

/** Counts requests by key over a sliding window. */
export class Quota {
  readonly #clock: Clock;
  readonly #seen = new Map<string, number[]>();
  /** Requests allowed in a window; 0 allows none, undefined any number. */
  limit: number | undefined;
  windowMs: number;

  constructor(clock: Clock, limit: number | undefined, windowMs = 60_000) {
    this.#clock = clock;
    this.limit = limit;
    this.windowMs = windowMs;
  }

  /**
   * Counts a request unless the window is full.
   * @returns undefined where it was counted, else the seconds until there is room (at least 1).
   */
  take(key: string): number | undefined {
    if (this.limit === undefined) return undefined;
    const now = this.#clock.now();
    const recent = (this.#seen.get(key) ?? []).filter((at) => at > now - this.windowMs);
    this.#seen.set(key, recent);
    if (recent.length >= this.limit) {
      const oldest = recent[recent.length - this.limit] ?? now;
      return Math.max(1, Math.ceil((oldest + this.windowMs - now) / 1000));
    }
    recent.push(now);
    return undefined;
  }

  clear(): void {
    this.#seen.clear();
  }
}
