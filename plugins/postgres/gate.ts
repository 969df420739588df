import { LogStoreError, type LogStoreFault } from '../../core/sdk.ts';

/** How long to wait, what to say after that, and who may call it off. */
export interface Patience {
  readonly ms: number;
  readonly late: LogStoreFault;
  readonly signal?: AbortSignal | undefined;
}

interface Waiter {
  readonly key: string;
  readonly enter: () => void;
}

/** Lets so many in at a time: a few of each key, and a number over all. First come, first served. */
export class Gate {
  readonly #each: number;
  readonly #all: number;
  readonly #inside = new Map<string, number>();
  readonly #waiting = new Set<Waiter>();
  #total = 0;

  constructor(each: number, all: number) {
    this.#each = each;
    this.#all = all;
  }

  async pass<T>(key: string, patience: Patience, work: () => Promise<T>): Promise<T> {
    if (!this.#hasRoom(key)) await this.#wait(key, patience);
    else this.#enter(key);
    try {
      return await work();
    } finally {
      this.#leave(key);
    }
  }

  #hasRoom(key: string): boolean {
    return this.#total < this.#all && (this.#inside.get(key) ?? 0) < this.#each;
  }

  #enter(key: string): void {
    this.#total += 1;
    this.#inside.set(key, (this.#inside.get(key) ?? 0) + 1);
  }

  #leave(key: string): void {
    this.#total -= 1;
    const left = (this.#inside.get(key) ?? 1) - 1;
    if (left === 0) this.#inside.delete(key);
    else this.#inside.set(key, left);
    for (const waiter of [...this.#waiting]) {
      if (this.#hasRoom(waiter.key)) waiter.enter();
    }
  }

  #wait(key: string, { ms, late, signal }: Patience): Promise<void> {
    return new Promise((settle, fail) => {
      const leave = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#waiting.delete(waiter);
      };
      const refuse = (error: Error): void => {
        leave();
        fail(error);
      };
      const enter = (): void => {
        leave();
        this.#enter(key);
        settle();
      };
      const waiter: Waiter = { key, enter };
      const message = `All connections that the tenant may have were busy for ${ms} ms.`;
      const timer = setTimeout(() => refuse(new LogStoreError(late, message)), ms);
      const abort = (): void =>
        refuse(new LogStoreError('cancelled', 'The query was cancelled before it ran.'));
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort);
      this.#waiting.add(waiter);
    });
  }
}
