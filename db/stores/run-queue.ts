import type { Pool, PoolClient } from 'pg';
import type { RunStore } from '../../core/kernel/ports.ts';
import type { ClaimedRun, NewRun, RunWrite } from '../../core/kernel/runs.ts';
import { claimRuns, nextDue } from './runs/claim.ts';
import { insertRuns, WAKE } from './runs/insert.ts';
import { beat, beats, giveBackRuns, recoverRuns, registerWorker, resignWorker, unclaimRuns, type WorkerBeat } from './runs/recover.ts';
import { release, type SlotHeld } from './runs/slots.ts';
import { writeRuns } from './runs/write.ts';

const FIRST = '00000000-0000-0000-0000-000000000000';

/** The run table of the control plane, as the engine's role sees it: all tenants. */
export class RunQueue implements RunStore {
  readonly #pool: Pool;
  /** Where the next claim looks for tenants: behind the last one served. */
  #after = FIRST;

  constructor(engine: Pool) {
    this.#pool = engine;
  }

  async enqueue(runs: readonly NewRun[]): Promise<void> {
    await this.#inTransaction((client) => insertRuns(client, runs));
  }

  async claim(workerId: string, limit: number): Promise<ClaimedRun[]> {
    const runs = await claimRuns(this.#pool, workerId, limit, this.#after);
    if (runs.length === limit) {
      this.#after = runs.map((run) => run.tenantId).reduce((a, b) => (a > b ? a : b));
    } else if (this.#after !== FIRST) {
      // The end of the tenants' list: the rest of this claim comes from its beginning.
      this.#after = FIRST;
      runs.push(...(await claimRuns(this.#pool, workerId, limit - runs.length, FIRST)));
    }
    return runs;
  }

  nextDue(): Promise<number | undefined> {
    return nextDue(this.#pool);
  }

  async write(writes: readonly RunWrite[]): Promise<ReadonlySet<string>> {
    const { written, freed } = await writeRuns(this.#pool, writes);
    if (freed.length > 0) await this.releaseSlots(freed);
    return written;
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
    return unclaimRuns(this.#pool, runs);
  }

  giveBack(workerId: string, held: readonly string[]): Promise<void> {
    return giveBackRuns(this.#pool, workerId, held);
  }

  async recover(dead: ReadonlyMap<string, string>): Promise<number> {
    return this.#inTransaction(async (client) => {
      await client.query(BY_INDEX);
      return recoverRuns(client, dead);
    });
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

  async #inTransaction<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    try {
      await client.query('BEGIN');
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {});
      throw error;
    } finally {
      client.release();
    }
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
