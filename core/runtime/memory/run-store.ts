import type { Clock } from '../../kernel/clock.ts';
import type { RunStore } from '../../kernel/ports.ts';
import {
  ENDED,
  type ClaimedRun,
  type Cursor,
  type NewRun,
  type RunError,
  type RunState,
  type RunWrite,
  type TraceRow,
} from '../../kernel/runs.ts';
import type { JsonObject } from '../../kernel/json.ts';

/** A run as the memory store keeps it; `trace` grows by a row an attempt. */
export interface MemoryRun {
  readonly run: NewRun;
  state: RunState;
  dueAt: number | undefined;
  attempt: number;
  leaseEpoch: number;
  leaseOwner: string | undefined;
  claimedAt: number;
  interrupted: boolean;
  holdsSlot: boolean;
  cursor: Cursor;
  outputs: JsonObject | undefined;
  error: RunError | undefined;
  readonly createdAt: number;
  readonly trace: TraceRow[];
}

const NEVER = Number.POSITIVE_INFINITY;

/** The run table in memory, for commands that need no database. It keeps the rules of the real one. */
export class MemoryRunStore implements RunStore {
  readonly runs = new Map<string, MemoryRun>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async enqueue(runs: readonly NewRun[]): Promise<void> {
    for (const run of runs) {
      const admitted = !run.error && this.#hasRoom(run);
      this.runs.set(run.id, {
        run,
        state: run.error ? 'failed' : 'queued',
        dueAt: run.error ? undefined : admitted ? this.#clock.now() : NEVER,
        attempt: 0,
        leaseEpoch: 0,
        leaseOwner: undefined,
        claimedAt: 0,
        interrupted: false,
        holdsSlot: admitted && run.concurrency !== undefined,
        cursor: { steps: {}, generation: 0 },
        outputs: undefined,
        error: run.error,
        createdAt: this.#clock.now(),
        trace: [],
      });
    }
  }

  async claim(workerId: string, limit: number): Promise<ClaimedRun[]> {
    const now = this.#clock.now();
    const due = spread(this.#waiting().filter((row) => row.dueAt! <= now)).slice(0, limit);
    for (const row of due) {
      row.state = 'running';
      row.dueAt = undefined;
      row.leaseOwner = workerId;
      row.leaseEpoch += 1;
      row.claimedAt = row.interrupted ? row.claimedAt : now;
    }
    return due.map(claimed);
  }

  async nextDue(): Promise<number | undefined> {
    const next = Math.min(...this.#waiting().map((row) => row.dueAt!));
    return next === NEVER ? undefined : Math.max(0, next - this.#clock.now());
  }

  async write(writes: readonly RunWrite[]): Promise<ReadonlySet<string>> {
    const written = new Set<string>();
    for (const write of writes) {
      const row = this.runs.get(write.id);
      if (row?.state !== 'running' || row.leaseEpoch !== write.leaseEpoch) continue;
      this.#apply(row, write);
      written.add(write.id);
    }
    return written;
  }

  /** Takes back what a lost worker held, as the sweep of the real store does. */
  async recover(workerId: string): Promise<number> {
    const held = [...this.runs.values()].filter((row) => row.leaseOwner === workerId && row.state === 'running');
    for (const row of held) {
      row.state = 'queued';
      row.dueAt = this.#clock.now();
      row.leaseOwner = undefined;
      row.interrupted = true;
    }
    return held.length;
  }

  #waiting(): MemoryRun[] {
    return [...this.runs.values()].filter((row) => row.dueAt !== undefined);
  }

  #apply(row: MemoryRun, write: RunWrite): void {
    row.state = write.state;
    row.attempt = write.attempt;
    row.cursor = write.cursor;
    row.trace.push(...write.trace);
    if (write.state === 'running') return;
    row.leaseOwner = undefined;
    row.interrupted = false;
    row.outputs = write.outputs;
    row.error = write.error;
    row.dueAt = write.waitMs === undefined ? undefined : this.#clock.now() + write.waitMs;
    if (ENDED.includes(write.state) || write.state === 'needs_review') this.#giveSlot(row);
  }

  #giveSlot(row: MemoryRun): void {
    if (!row.holdsSlot) return;
    row.holdsSlot = false;
    const parked = [...this.runs.values()].find((other) => other.dueAt === NEVER && sameKey(other.run, row.run));
    if (!parked) return;
    parked.holdsSlot = true;
    parked.dueAt = this.#clock.now();
  }

  #hasRoom(run: NewRun): boolean {
    if (!run.concurrency) return true;
    const holders = [...this.runs.values()].filter((row) => row.holdsSlot && sameKey(row.run, run));
    return holders.length < run.concurrency.limit;
  }
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

function claimed(row: MemoryRun): ClaimedRun {
  const { tenantId, id, kind, definition, pipeline, connectionId, input, event } = row.run;
  return {
    tenantId,
    tenantName: 'local',
    id,
    kind,
    definition,
    pipeline,
    input,
    ...(connectionId === undefined ? {} : { connectionId }),
    ...(event === undefined ? {} : { event }),
    createdAt: row.createdAt,
    claimedAt: row.claimedAt,
    leaseEpoch: row.leaseEpoch,
    attempt: row.attempt,
    cursor: row.cursor,
    interrupted: row.interrupted,
    cancelRequested: false,
  };
}
