import type { Clock } from '../../kernel/clock.ts';
import type { RunStore } from '../../kernel/ports.ts';
import { ENDED, RunExclusion, type ClaimedRun, type NewRun, type RunWrite, type Written } from '../../kernel/runs.ts';
import { claimed, memoryRun, notBeyond, PARKED, record, type MemoryRun } from './memory-run.ts';

/** The run table in memory, for commands that need no database. It keeps the rules of the real one. */
export class MemoryRunStore implements RunStore {
  readonly runs = new Map<string, MemoryRun>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async enqueue(runs: readonly NewRun[]): Promise<void> {
    this.#exclude(runs, this.runs.values());
    for (const run of runs) this.runs.set(run.id, memoryRun(run, this.#clock.now(), this.#hasRoom(run)));
  }

  async claim(workerId: string, limit: number): Promise<ClaimedRun[]> {
    const now = this.#clock.now();
    const due = spread(this.#waiting().filter((row) => row.dueAt! <= now)).slice(0, limit);
    for (const row of due) {
      row.state = row.state === 'rolling_back' ? row.state : 'running';
      row.dueAt = undefined;
      row.leaseOwner = workerId;
      row.leaseEpoch += 1;
      row.claimedAt = row.interrupted ? row.claimedAt : now;
      row.started = true;
    }
    return due.map((row) => claimed(row, now));
  }

  async nextDue(): Promise<number | undefined> {
    const next = Math.min(...this.#waiting().map((row) => row.dueAt!));
    return next === PARKED ? undefined : Math.max(0, next - this.#clock.now());
  }

  async write(writes: readonly RunWrite[]): Promise<ReadonlyMap<string, Written>> {
    const held = writes.filter((write) => this.#holds(write));
    const spawn = held.flatMap((write) => write.spawn ?? []).filter(({ id }) => !this.runs.has(id));
    const ending = new Set(held.filter(({ state }) => ENDED.includes(state)).map(({ id }) => id));
    this.#exclude(spawn, [...this.runs.values()].filter(({ run }) => !ending.has(run.id)));
    const written = new Map<string, Written>();
    for (const write of held) {
      const row = this.runs.get(write.id)!;
      this.#apply(row, write);
      written.set(write.id, { cancelRequested: row.cancelRequested });
    }
    await this.enqueue(spawn);
    return written;
  }

  /** Takes back what a lost worker held, as the sweep of the real store does. */
  async recover(workerId: string): Promise<number> {
    const held = [...this.runs.values()].filter((row) => row.leaseOwner === workerId);
    for (const row of held) {
      row.state = row.state === 'rolling_back' ? row.state : 'queued';
      row.dueAt = this.#clock.now();
      row.leaseOwner = undefined;
      row.interrupted = true;
    }
    return held.length;
  }

  /** Ends a run that has not begun, or compensates nothing, and that nobody holds; else a worker is to see to it. */
  async cancel(id: string): Promise<void> {
    const row = this.runs.get(id);
    if (!row || ENDED.includes(row.state) || row.state === 'rolling_back') return;
    row.cancelRequested = true;
    if (row.leaseOwner !== undefined) return;
    if (!row.run.compensates || !row.started) {
      row.state = 'cancelled';
      row.dueAt = undefined;
      this.#giveSlot(row);
    } else {
      row.state = row.state === 'needs_review' ? 'waiting' : row.state;
      this.#seat(row);
    }
  }

  #waiting(): MemoryRun[] {
    return [...this.runs.values()].filter((row) => row.dueAt !== undefined);
  }

  #holds({ id, leaseEpoch }: RunWrite): boolean {
    const row = this.runs.get(id);
    return row?.leaseOwner !== undefined && row.leaseEpoch === leaseEpoch;
  }

  #apply(row: MemoryRun, write: RunWrite): void {
    const now = this.#clock.now();
    row.state = write.state;
    row.attempt = write.attempt;
    row.cursor = write.cursor;
    row.outputs = write.outputs;
    row.error = write.error;
    row.deadline = write.deadlineMs === undefined ? row.deadline : now + write.deadlineMs;
    write.trace.forEach((attempt) => record(row.trace, attempt));
    if (write.keep) return;
    row.leaseOwner = undefined;
    row.interrupted = false;
    const waits = write.state === 'waiting' || write.state === 'rolling_back';
    row.dueAt = waits ? notBeyond(row.deadline, now + (write.waitMs ?? 0)) : undefined;
    if (row.cancelRequested) this.#cutShort(row);
    if (ENDED.includes(row.state) || row.state === 'needs_review') this.#giveSlot(row);
  }

  /** Somebody asked to cancel: a run that would wait ends, or where it compensates is due for the way back. */
  #cutShort(row: MemoryRun): void {
    if (row.run.compensates) {
      if (row.cursor.rollback || (row.state !== 'waiting' && row.state !== 'needs_review')) return;
      row.state = 'waiting';
      row.dueAt = this.#clock.now();
    } else if (row.state === 'waiting') {
      row.state = 'cancelled';
      row.dueAt = undefined;
    }
  }

  /** Throws RunExclusion where a run's exclusive key is another's that has not ended. */
  #exclude(runs: readonly NewRun[], others: Iterable<MemoryRun>): void {
    const taken = new Set<string>();
    for (const { run, state } of others) if (!ENDED.includes(state)) taken.add(exclusion(run));
    for (const run of runs) {
      if (run.exclusiveKey === undefined || run.error) continue;
      if (taken.has(exclusion(run))) throw new RunExclusion(run.exclusiveKey);
      taken.add(exclusion(run));
    }
  }

  #giveSlot(row: MemoryRun): void {
    if (!row.holdsSlot) return;
    row.holdsSlot = false;
    const parked = [...this.runs.values()].find((other) => other.dueAt === PARKED && sameKey(other.run, row.run));
    if (!parked) return;
    parked.holdsSlot = true;
    parked.dueAt = this.#clock.now();
  }

  /** A run that goes on after its slot was given back takes one again, or is parked. */
  #seat(row: MemoryRun): void {
    const seated = row.holdsSlot || this.#hasRoom(row.run);
    row.holdsSlot = seated && row.run.concurrency !== undefined;
    row.dueAt = seated ? this.#clock.now() : PARKED;
  }

  #hasRoom(run: NewRun): boolean {
    if (!run.concurrency) return true;
    const holders = [...this.runs.values()].filter((row) => row.holdsSlot && sameKey(row.run, run));
    return holders.length < run.concurrency.limit;
  }
}

function exclusion({ tenantId, exclusiveKey }: NewRun): string {
  return JSON.stringify([tenantId, exclusiveKey]);
}

function sameKey(a: NewRun, b: NewRun): boolean {
  return a.tenantId === b.tenantId && a.concurrency?.key === b.concurrency?.key;
}

/** One of each tenant in turn, each tenant's in the order of their due times. */
function spread(rows: readonly MemoryRun[]): MemoryRun[] {
  const turn = new Map<string, number>();
  return [...rows]
    .sort((a, b) => a.dueAt! - b.dueAt!)
    .map((row) => {
      const place = turn.get(row.run.tenantId) ?? 0;
      turn.set(row.run.tenantId, place + 1);
      return { row, place };
    })
    .sort((a, b) => a.place - b.place)
    .map(({ row }) => row);
}
