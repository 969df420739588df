import { setTimeout as sleep } from 'node:timers/promises';
import type { RunStore } from '../kernel/ports.ts';
import { RunExclusion, type RunError, type RunWrite, type Written } from '../kernel/runs.ts';

/** Most results in one statement. */
const BATCH = 256;
/** After a batch of so many the next one gathers so many ms: under load there are fewer, larger transactions. */
const BUSY = { writes: 4, gatherMs: 4 };

interface Waiting {
  readonly write: RunWrite;
  readonly settle: (written: Written | undefined) => void;
}

/**
 * The one writer of results. While a batch is on its way the next one gathers, so the busier the worker, the fewer
 * the transactions; an idle one writes at once.
 */
export class BatchWriter {
  readonly #store: Pick<RunStore, 'write'>;
  readonly #onTrouble: (error: unknown) => void;
  #waiting: Waiting[] = [];
  #flushing = false;

  constructor(store: Pick<RunStore, 'write'>, onTrouble: (error: unknown) => void) {
    this.#store = store;
    this.#onTrouble = onTrouble;
  }

  /** @returns undefined where it was not written: the run's lease is lost */
  write(write: RunWrite): Promise<Written | undefined> {
    return new Promise((settle) => {
      this.#waiting.push({ write, settle });
      if (!this.#flushing) void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    this.#flushing = true;
    // What else this turn of the event loop has to write goes along.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH);
      await this.#commit(batch);
      if (batch.length >= BUSY.writes) await sleep(BUSY.gatherMs);
    }
    // In the same turn as the look at what waits: nothing can be left behind between the two.
    this.#flushing = false;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    for (let pause = 50; ; pause = Math.min(2000, pause * 2)) {
      try {
        const written = await this.#store.write(batch.map(({ write }) => write));
        for (const { write, settle } of batch) settle(written.get(write.id));
        return;
      } catch (error) {
        this.#onTrouble(error);
        if (isAboutData(error)) return this.#isolate(batch, error);
        // The database is away. What happened has happened: it is kept here until it can be written, or until the
        // lease is lost and somebody else takes the run as one in doubt.
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  /** One result that the database refuses must not hold up the others. */
  async #isolate(batch: readonly Waiting[], error: unknown): Promise<void> {
    const [only] = batch;
    if (batch.length > 1) {
      const middle = Math.ceil(batch.length / 2);
      await this.#commit(batch.slice(0, middle));
      return this.#commit(batch.slice(middle));
    }
    if (!only) return;
    // Whatever comes of it, what the caller had to say is not on record, and the lease is given back.
    const settle = (): void => only.settle(undefined);
    const { outputs: _unwritable, spawn: _unmade, keep: _kept, ...rest } = only.write;
    if (rest.trace.length === 0 && rest.state === 'needs_review') return settle();
    await this.#commit([{ settle, write: { ...rest, state: 'needs_review', trace: [], error: refusal(error) } }]);
  }
}

function refusal(error: unknown): RunError {
  const why = error instanceof RunExclusion ? error.message : 'The database refused it.';
  return { kind: 'system', message: `The result of this run could not be recorded. ${why}` };
}

/** SQLSTATE classes 22 (data) and 23 (constraints): the same statement will be refused again. */
function isAboutData(error: unknown): boolean {
  if (error instanceof RunExclusion) return true;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^2[23]...$/.test(code);
}
