interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export interface CoalescerOptions {
  /** Most items of one flush. */
  readonly max: number;
  /** Most flushes under way at a time. */
  readonly parallel: number;
  /** A flush beside another waits until there is so much for it to take, or the other is done; 1 where it is left out. */
  readonly enough?: number;
  /** Whether a batch failed for something in one of its items: then each is flushed by itself. */
  readonly isItemsFault: (error: unknown) => boolean;
}

/**
 * Gathers what is added in one turn of the event loop, and while flushes are under way, and flushes it together. Under load
 * batches grow by themselves; a lone item waits for one turn only.
 */
export class Coalescer<Item, Result> {
  readonly #flush: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #options: CoalescerOptions;
  #waiting: Waiting<Item, Result>[] = [];
  #underWay = 0;
  #scheduled = false;

  constructor(flush: (items: readonly Item[]) => Promise<readonly Result[]>, options: CoalescerOptions) {
    this.#flush = flush;
    this.#options = options;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || !this.#mayFlush()) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const batch = this.#waiting.splice(0, this.#options.max);
      this.#underWay++;
      void this.#settle(batch).finally(() => {
        this.#underWay--;
        this.#schedule();
      });
      this.#schedule();
    });
  }

  #mayFlush(): boolean {
    const { parallel, enough = 1 } = this.#options;
    if (this.#underWay >= parallel) return false;
    return this.#waiting.length >= (this.#underWay === 0 ? 1 : enough);
  }

  async #settle(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#flush(batch.map(({ item }) => item));
      for (const [i, { resolve }] of batch.entries()) resolve(results[i]!);
    } catch (error) {
      if (batch.length > 1 && this.#options.isItemsFault(error)) {
        for (const waiting of batch) await this.#settle([waiting]);
      } else {
        for (const { reject } of batch) reject(error);
      }
    }
  }
}
