/** What is made on one day and comes on another, not before. */
export class Later<T> {
  readonly #byDay = new Map<number, T[]>();

  add(day: number, item: T): void {
    const items = this.#byDay.get(day);
    if (items) items.push(item);
    else this.#byDay.set(day, [item]);
  }

  take(day: number): readonly T[] {
    const items = this.#byDay.get(day) ?? [];
    this.#byDay.delete(day);
    return items;
  }

  /** The last day that something is left for; -1 where nothing is. */
  get lastDay(): number {
    return Math.max(-1, ...this.#byDay.keys());
  }
}
