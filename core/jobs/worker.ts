import { setTimeout as sleep } from 'node:timers/promises';
import { isDatabaseAway } from '../kernel/database-away.ts';
import { messageOf } from '../kernel/errors.ts';
import { uuid7 } from '../kernel/ids.ts';
import type { RunStore } from '../kernel/ports.ts';
import type { ClaimedRun, DefinitionRef, RunWrite, Written } from '../kernel/runs.ts';
import type { Plan } from '../language/plan.ts';
import { execute } from '../runtime/execute.ts';
import { LeaseLost, type EngineDeps } from '../runtime/frame.ts';
import { BatchWriter } from './batch-writer.ts';
import { Bell } from './bell.ts';
import { hostIdentity } from './observer.ts';

/** What a worker needs of the run table besides claims and writes. */
export interface WorkerQueue extends RunStore {
  register(worker: { readonly id: string; readonly host: string; readonly pid: number }): Promise<void>;
  beat(workerId: string): Promise<boolean>;
  resign(workerId: string): Promise<void>;
  unclaim(runs: readonly ClaimedRun[]): Promise<void>;
  /** Makes due again what the table says a worker holds, and it does not. */
  giveBack(workerId: string, held: readonly string[]): Promise<void>;
}

export interface WorkerLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface WorkerOptions {
  readonly queue: WorkerQueue;
  readonly engine: Omit<EngineDeps, 'checkpoint'>;
  /** The plan a run pinned, compiled from its stored text if need be. */
  readonly plan: (ref: DefinitionRef) => Promise<Plan | undefined>;
  readonly log: WorkerLog;
  /** How many runs are in hand at a time. */
  readonly slots?: number;
}

/** Most runs of one claim. */
const CLAIM = 64;
/** After a claim that gave so many runs the next one waits so many ms: under load each then takes more. */
const BUSY = { runs: 4, gatherMs: 6 };
const BEAT_EVERY = 1000;
/** So many ms after a run it looks again: what waited for its end is notified of, and notifications can be lost. */
const LOOK_AFTER = 50;
/** Without a due time in sight it looks again after this long, should every notification have been lost. */
const LONGEST_SLEEP = 30_000;

/**
 * Claims due runs while it has free slots, and carries each as far as it goes. It sleeps until the earliest due time it
 * knows of, or until somebody rings: an enqueue (by notification), the sweep, a slot that came free when there was none.
 */
export class Worker {
  id = uuid7();
  readonly #options: WorkerOptions;
  readonly #writer: BatchWriter;
  readonly #bell = new Bell();
  readonly #abort = new AbortController();
  readonly #slots: number;
  readonly #inHand = new Set<Promise<void>>();
  readonly #carried = new Set<ClaimedRun>();
  #claimLost = false;
  #beating: NodeJS.Timeout | undefined;
  #lastClaim = 0;
  /** All slots are taken: the next one that comes free is worth a look. */
  #full = false;
  /** When the next run is due, of performance.now(), as far as is known: the table was asked, or it is one of ours that waits. */
  #nextDue = -Infinity;
  #stopping = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#slots = options.slots ?? 128;
    this.#writer = new BatchWriter(options.queue, (error) =>
      options.log.warn({ error: messageOf(error) }, 'Results could not be written; trying again.'),
    );
  }

  async start(): Promise<void> {
    await this.#register();
    this.#beating = setInterval(() => void this.#beat(), BEAT_EVERY);
    this.#loop = this.#run();
  }

  /** Something may be due. */
  wake(): void {
    this.#bell.ring();
  }

  /**
   * Stops claiming and waits for what is in hand. After `graceMs` requests under way are cut: their outcome is unknown,
   * and is recorded as such.
   */
  async drain(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#bell.ring();
    await this.#loop;
    const cut = setTimeout(() => this.#abort.abort(), graceMs);
    await Promise.all(this.#inHand);
    clearTimeout(cut);
    clearInterval(this.#beating);
    await this.#options.queue.resign(this.id).catch(() => {});
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      if (this.#lastClaim >= BUSY.runs) await sleep(BUSY.gatherMs);
      this.#bell.hush();
      const free = this.#slots - this.#inHand.size;
      this.#full = free <= 0;
      await this.#bell.sleep(this.#full ? performance.now() + LONGEST_SLEEP : await this.#claim(Math.min(free, CLAIM)));
    }
  }

  /** @returns until when to sleep afterwards, of performance.now(), unless somebody rings */
  async #claim(limit: number): Promise<number> {
    const { queue } = this.#options;
    try {
      // A claim whose answer was lost may have been made: nobody else would ever take those runs.
      if (this.#claimLost) await queue.giveBack(this.id, [...this.#carried].map(({ id }) => id));
      this.#claimLost = true;
      const runs = await queue.claim(this.id, limit);
      this.#claimLost = false;
      this.#lastClaim = runs.length;
      if (this.#stopping) await queue.unclaim(runs);
      else runs.forEach((run) => this.#take(run));
      if (runs.length === limit || this.#bell.rung) return 0;
      // Runs that others let wait may be due before that; whoever lets them wait wakes for them, and so does the sweep.
      if (runs.length > 0 && this.#nextDue > performance.now()) return this.#nextDue;
      this.#nextDue = Infinity;
      const ms = (await queue.nextDue()) ?? LONGEST_SLEEP;
      // What is due but locked is in another worker's claim: a moment later it is gone.
      this.#dueIn(ms === 0 && runs.length === 0 ? 20 : Math.min(ms, LONGEST_SLEEP));
      return this.#nextDue;
    } catch (error) {
      this.#options.log.warn({ error: messageOf(error) }, 'Runs could not be claimed; trying again.');
      this.#nextDue = -Infinity;
      return performance.now() + 1000;
    }
  }

  /** A run is due in so many ms. */
  #dueIn(ms: number): void {
    this.#nextDue = Math.min(this.#nextDue, performance.now() + ms);
    this.#bell.noLaterThan(this.#nextDue);
  }

  #take(run: ClaimedRun): void {
    this.#carried.add(run);
    const work = this.#carry(run).finally(() => {
      this.#carried.delete(run);
      this.#inHand.delete(work);
      if (this.#full) this.#bell.ring();
      else this.#dueIn(LOOK_AFTER);
    });
    this.#inHand.add(work);
  }

  /**
   * Carries a run to a result on record. Where the database goes away under it, it goes on from what is on record, as
   * another worker would after a crash: in doubt only where a request has left since.
   */
  async #carry(claimed: ClaimedRun): Promise<void> {
    const { http, stepTypes } = this.#options.engine;
    let run = claimed;
    const reachingOut = <A extends unknown[], R>(reach: (...args: A) => R) => (...args: A): R => {
      run = { ...run, interrupted: true };
      return reach(...args);
    };
    const engine: EngineDeps = {
      ...this.#options.engine,
      http: { send: reachingOut((...request: Parameters<typeof http.send>) => http.send(...request)) },
      stepTypes(name) {
        const type = stepTypes(name);
        return type && { ...type, run: reachingOut((...args: Parameters<typeof type.run>) => type.run(...args)) };
      },
      checkpoint: async (write: RunWrite): Promise<Written | undefined> => {
        const kept = await this.#writer.write(write);
        run = { ...run, interrupted: false, cursor: write.cursor, attempt: write.attempt };
        return kept;
      },
    };
    for (let pause = 50; !this.#abort.signal.aborted; pause = Math.min(2000, pause * 2)) {
      try {
        return await this.#carryOn(run, engine);
      } catch (error) {
        if (error instanceof LeaseLost) return;
        if (!isDatabaseAway(error)) return this.#breakOff(run, error);
        this.#options.log.warn({ run: run.id, error: messageOf(error) }, 'The database went away under a run; going on.');
        await sleep(pause);
      }
    }
  }

  async #carryOn(run: ClaimedRun, engine: EngineDeps): Promise<void> {
    const began = performance.now();
    const plan = await this.#options.plan(run.definition);
    const write = plan
      ? await execute(run, plan, engine, this.#abort.signal)
      : failure(run, `Version ${run.definition.version} of ${run.definition.id} does not compile any more.`);
    const kept = await this.#writer.write(write);
    if (!kept || (write.state !== 'waiting' && write.state !== 'rolling_back')) return;
    const deadlineIn = write.deadlineMs ?? (run.deadlineIn ?? Infinity) - (performance.now() - began);
    // Whom somebody cancelled turns back at once.
    this.#dueIn(kept.cancelRequested ? 0 : Math.max(0, Math.min(write.waitMs ?? 0, deadlineIn)));
  }

  /** A defect of ours. The run keeps its cursor, and a replay of the failed step goes on from there. */
  async #breakOff(run: ClaimedRun, error: unknown): Promise<void> {
    this.#options.log.error({ run: run.id, err: error }, 'A run broke the interpreter.');
    await this.#writer.write(failure(run, 'The platform failed while it carried this run; its log says why.'));
  }

  async #register(): Promise<void> {
    await this.#options.queue.register({ id: this.id, host: hostIdentity(), pid: process.pid });
  }

  async #beat(): Promise<void> {
    try {
      if (await this.#options.queue.beat(this.id)) return;
      // Taken for dead: what it held belongs to others, and results for it will be refused. It goes on as a new one.
      this.#options.log.warn({ worker: this.id }, 'This worker was taken for dead; it goes on under a new id.');
      this.id = uuid7();
      await this.#register();
    } catch (error) {
      this.#options.log.warn({ error: messageOf(error) }, 'The heartbeat could not be written.');
    }
  }
}

function failure(run: ClaimedRun, message: string): RunWrite {
  const { tenantId, id, kind, leaseEpoch, attempt, cursor } = run;
  const error = { kind: 'system', message } as const;
  return { tenantId, id, kind, leaseEpoch, state: 'failed', attempt, cursor, trace: [], error };
}
