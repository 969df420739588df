import type { Pool, PoolClient } from 'pg';
import type { RunStore } from '../../core/kernel/ports.ts';
import type { ClaimedRun, NewRun, RunWrite, Written } from '../../core/kernel/runs.ts';
import { inTransaction, type Unawaited } from '../transaction.ts';
import { claimRuns, nextDue } from './runs/claim.ts';
import { insertMissing, insertRuns, WAKE } from './runs/insert.ts';
import { beat, beats, giveBackRuns, recoverRuns, registerWorker, resignWorker, unclaimRuns, type WorkerBeat } from './runs/recover.ts';
import { retireRuns } from './runs/retire.ts';
import { release, type SlotHeld } from './runs/slots.ts';
import type { Subject } from './runs/subject.ts';
import { movedBy, moveKnown, moveSubjects, SUBJECTS } from './runs/subjects.ts';
import { writeRuns, type WriteResult } from './runs/write.ts';

const FIRST = '00000000-0000-0000-0000-000000000000';

/** The run table of the control plane, as the engine's role sees it: all tenants. */
export class RunQueue implements RunStore {
  readonly #pool: Pool;
  readonly #subjects: readonly Subject[];
  readonly #subjectsUnderWay: readonly Subject[];
  /** Kinds of runs whose ends move a subject. */
  readonly #followed: ReadonlySet<string>;
  /** Where the next claim looks for tenants: behind the last one served. */
  #after = FIRST;

  constructor(engine: Pool, subjects = SUBJECTS) {
    this.#pool = engine;
    this.#subjects = subjects;
    this.#subjectsUnderWay = movedBy(subjects, 'running');
    this.#followed = new Set(subjects.flatMap(({ kinds }) => kinds));
  }

  async enqueue(runs: readonly NewRun[]): Promise<void> {
    await this.#inTransaction((client) => insertRuns(client, runs, this.#subjects));
  }

  async claim(workerId: string, limit: number): Promise<ClaimedRun[]> {
    const runs = await this.#claim(workerId, limit, this.#after);
    if (runs.length === limit) {
      this.#after = runs.map((run) => run.tenantId).reduce((a, b) => (a > b ? a : b));
    } else if (this.#after !== FIRST) {
      // The end of the tenants' list: the rest of this claim comes from its beginning.
      this.#after = FIRST;
      runs.push(...(await this.#claim(workerId, limit - runs.length, FIRST)));
    }
    return runs;
  }

  async #claim(workerId: string, limit: number, after: string): Promise<ClaimedRun[]> {
    if (this.#subjectsUnderWay.length === 0) return claimRuns(this.#pool, workerId, limit, after);
    return this.#inTransaction(async (client) => {
      const runs = await claimRuns(client, workerId, limit, after);
      await moveSubjects(client, this.#subjectsUnderWay, runs);
      return runs;
    });
  }

  nextDue(): Promise<number | undefined> {
    return nextDue(this.#pool);
  }

  async write(writes: readonly RunWrite[]): Promise<ReadonlyMap<string, Written>> {
    const { written, freed } = await (writes.some((write) => this.#hasFollowers(write))
      ? this.#writeAndFollow(writes)
      : this.#writeAlone(writes));
    if (freed.length > 0) await this.releaseSlots(freed);
    return written;
  }

  /** Whether something else moves with it, in the same transaction. */
  #hasFollowers({ kind, spawn, state }: RunWrite): boolean {
    return spawn !== undefined || movedBy(this.#subjects, state).some(({ kinds }) => kinds.includes(kind));
  }

  /** In one statement, which is all that a poll takes. */
  async #writeAlone(writes: readonly RunWrite[]): Promise<WriteResult> {
    const first = await writeRuns(this.#pool, writes, this.#followed);
    if (first.left.length === 0) return first;
    const rest = await this.#writeAndFollow(first.left);
    return { ...rest, written: new Map([...first.written, ...rest.written]), freed: [...first.freed, ...rest.freed] };
  }

  #writeAndFollow(writes: readonly RunWrite[]): Promise<WriteResult> {
    return this.#inTransaction(async (client, unawaited) => {
      const result = await writeRuns(client, writes);
      moveKnown(client, this.#subjects, result.moved).forEach(unawaited);
      const made = writes.filter(({ id }) => result.written.has(id));
      await insertMissing(client, made.flatMap(({ spawn }) => spawn ?? []), this.#subjects);
      return result;
    });
  }

  /** A slot is given back after its run's end is on record; the sweep gives back what a crash left in between. */
  async releaseSlots(freed: readonly SlotHeld[]): Promise<void> {
    await this.#inTransaction(async (client) => {
      if (await release(client, freed)) await client.query(WAKE);
    });
  }

  register(worker: { readonly id: string; readonly host: string; readonly pid: number }): Promise<void> {
    return registerWorker(this.#pool, worker);
  }

  beat(workerId: string): Promise<boolean> {
    return beat(this.#pool, workerId);
  }

  beats(): Promise<WorkerBeat[]> {
    return beats(this.#pool);
  }

  resign(workerId: string): Promise<void> {
    return resignWorker(this.#pool, workerId);
  }

  unclaim(runs: readonly ClaimedRun[]): Promise<void> {
    return this.#inTransaction((client) => unclaimRuns(client, runs, this.#subjects));
  }

  giveBack(workerId: string, held: readonly string[]): Promise<void> {
    return this.#inTransaction((client) => giveBackRuns(client, workerId, held, this.#subjects));
  }

  async recover(dead: ReadonlyMap<string, string>): Promise<number> {
    return this.#inTransaction(async (client) => {
      await client.query(BY_INDEX);
      return recoverRuns(client, dead, this.#subjects);
    });
  }

  /** See `retireRuns`. */
  retire(limit: number): Promise<number> {
    return retireRuns(this.#pool, limit);
  }

  /** The sweep: slots of ended runs are given back, and the workers are woken where something is due. */
  async sweep(): Promise<void> {
    const orphaned = await this.#inTransaction(async (client) => {
      await client.query(BY_INDEX);
      await client.query(WAKE_IF_DUE);
      return (await client.query<SlotHeld>(ORPHANED_SLOTS)).rows;
    });
    if (orphaned.length > 0) await this.releaseSlots(orphaned);
  }

  #inTransaction<T>(work: (client: PoolClient, unawaited: Unawaited) => Promise<T>): Promise<T> {
    return inTransaction(this.#pool, 'BEGIN', work);
  }
}

// The few rows that the sweep looks for stand in indexes of their own; without statistics a plan might read all runs.
const BY_INDEX = 'SET LOCAL enable_seqscan = off';

const ORPHANED_SLOTS = `
  SELECT tenant_id AS "tenantId", id AS "runId", concurrency_key AS key FROM runs
  WHERE holds_slot AND state IN ('succeeded', 'failed', 'cancelled', 'needs_review')
    AND updated_at < now() - interval '5 seconds' LIMIT 1000`;

const WAKE_IF_DUE = `
  SELECT pg_notify('sluice_runs', '') WHERE EXISTS (SELECT FROM runs WHERE due_at <= now())`;
