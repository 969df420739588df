import type { JsonObject } from '../../kernel/json.ts';
import type { ClaimedRun, Cursor, NewRun, RunError, RunState, TraceRow } from '../../kernel/runs.ts';

/** When a run is due that waits for its turn under a concurrency key. */
export const PARKED = Number.POSITIVE_INFINITY;

/** A run as the memory store keeps it; `trace` grows by a row an attempt. Times in ms since the epoch. */
export interface MemoryRun {
  readonly run: NewRun;
  state: RunState;
  dueAt: number | undefined;
  deadline: number | undefined;
  attempt: number;
  leaseEpoch: number;
  leaseOwner: string | undefined;
  claimedAt: number;
  interrupted: boolean;
  cancelRequested: boolean;
  holdsSlot: boolean;
  cursor: Cursor;
  outputs: JsonObject | undefined;
  error: RunError | undefined;
  readonly createdAt: number;
  started: boolean;
  readonly trace: TraceRow[];
}

/** @param admitted it need not wait for others under its concurrency key */
export function memoryRun(run: NewRun, now: number, admitted: boolean): MemoryRun {
  const deadline = run.deadlineMs === undefined ? undefined : now + run.deadlineMs;
  const dueAt = admitted ? notBeyond(deadline, now + (run.delayMs ?? 0)) : PARKED;
  return {
    run,
    state: run.error ? 'failed' : run.cursor?.rollback ? 'rolling_back' : 'queued',
    dueAt: run.error ? undefined : dueAt,
    deadline,
    attempt: 0,
    leaseEpoch: 0,
    leaseOwner: undefined,
    claimedAt: 0,
    interrupted: false,
    cancelRequested: false,
    holdsSlot: admitted && !run.error && run.concurrency !== undefined,
    cursor: run.cursor ?? { steps: {}, generation: 0 },
    outputs: undefined,
    error: run.error,
    createdAt: now,
    started: false,
    trace: [],
  };
}

/** No wait goes beyond a deadline. */
export function notBeyond(deadline: number | undefined, dueAt: number): number {
  return Math.min(dueAt, deadline ?? dueAt);
}

/** Of the polls of one step the last counts, from when the first began. */
export function record(trace: TraceRow[], row: TraceRow): void {
  const place = row.polls === undefined ? -1 : trace.findIndex((other) => samePoll(other, row));
  const before = trace[place];
  if (before) trace[place] = { ...row, startedAt: before.startedAt };
  else trace.push(row);
}

function samePoll(a: TraceRow, b: TraceRow): boolean {
  return a.polls !== undefined && a.step === b.step && a.idempotencyKey === b.idempotencyKey;
}

export function claimed(row: MemoryRun, now: number): ClaimedRun {
  const { tenantId, id, kind, definition, pipeline, connectionId, input, event, context } = row.run;
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
    ...(context === undefined ? {} : { context }),
    createdAt: row.createdAt,
    claimedAt: row.claimedAt,
    leaseEpoch: row.leaseEpoch,
    attempt: row.attempt,
    cursor: row.cursor,
    interrupted: row.interrupted,
    cancelRequested: row.cancelRequested,
    ...(row.deadline === undefined ? {} : { deadlineIn: row.deadline - now }),
  };
}
