import type { IdRange } from '../ids.ts';

/** Ids, kept as ranges: those of a family's events come in few. */
export class IdSet {
  /** In order; between two there is a gap. */
  #ranges: IdRange[] = [];

  get ranges(): readonly IdRange[] {
    return this.#ranges;
  }

  has(id: number): boolean {
    const range = this.#ranges[this.#firstEndingAfter(id)];
    return range !== undefined && range.first <= id;
  }

  /** Adds the ids from `first` to below `end`. */
  add({ first, end }: IdRange): void {
    if (first >= end) return;
    // Those that overlap it or touch it become one with it.
    const from = this.#firstEndingAfter(first - 1);
    let to = from;
    while (to < this.#ranges.length && this.#ranges[to]!.first <= end) to++;
    const joined = this.#ranges.slice(from, to);
    const all = {
      first: Math.min(first, joined[0]?.first ?? first),
      end: Math.max(end, joined.at(-1)?.end ?? end),
    };
    this.#ranges.splice(from, to - from, all);
  }

  /** The ids from `first` on that are not in it; the last range has no end. */
  missingFrom(first: number): readonly IdRange[] {
    const missing: IdRange[] = [];
    let next = first;
    for (const range of this.#ranges.slice(this.#firstEndingAfter(first))) {
      if (range.first > next) missing.push({ first: next, end: range.first });
      next = range.end;
    }
    return [...missing, { first: next, end: Infinity }];
  }

  /** Forgets what lies wholly below an id. */
  forgetBelow(id: number): void {
    this.#ranges = this.#ranges.slice(this.#firstEndingAfter(id - 1));
  }

  #firstEndingAfter(id: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ranges[middle]!.end > id) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
