import type { ClientBase } from 'pg';
import type { RunState, RunWrite, TraceRow, Written } from '../../../core/kernel/runs.ts';
import type { SlotHeld } from './slots.ts';
import type { MovedRun } from './subject.ts';

/*
 * Each run is looked up by its key and updated at its place (ctid): a plan made while the table was small stays right
 * when it is not. One statement is one transaction: results and trace are there together or not at all. A result whose
 * lease is no longer the run's is passed over, its trace too.
 *
 * Somebody asked to cancel: a run that would wait has its end here; one that compensates is due at once instead, for a
 * worker to begin the way back. A row that was changed while it was waited for is locked, but out of sight of this
 * statement's snapshot: it comes back without a state, to be written by the next one. So does one whose end moves more
 * than itself (`apart`): that takes a transaction, which one that waits is spared.
 */
const WRITE = `
  WITH incoming AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::boolean[], $6::float8[], $7::float8[],
                         $8::boolean[], $9::int[], $10::text[], $11::text[], $12::text[], $13::boolean[])
      AS w (tenant_id, id, epoch, state, keep, wait_ms, deadline_ms, back, attempt, cursor, outputs, error, apart)
  ), held AS (
    SELECT w.*, r.place,
      r.cancel_requested AND NOT r.compensates AND w.state = 'waiting' AS ends,
      r.cancel_requested AND r.compensates AND NOT w.back AND w.state IN ('waiting', 'needs_review') AS turns
    FROM incoming w CROSS JOIN LATERAL (
      SELECT ctid AS place, cancel_requested, compensates FROM runs
      WHERE tenant_id = w.tenant_id AND id = w.id AND lease_epoch = w.epoch AND lease_owner IS NOT NULL
      LIMIT 1 FOR UPDATE) r
  ), written AS (
    UPDATE runs r SET
      state = CASE WHEN w.ends THEN 'cancelled' WHEN w.turns THEN 'waiting' ELSE w.state END,
      due_at = CASE WHEN w.keep OR w.ends THEN NULL
                    WHEN w.turns THEN now()
                    WHEN w.state IN ('waiting', 'rolling_back')
                      THEN least(now() + w.wait_ms * interval '1 millisecond',
                                 coalesce(now() + w.deadline_ms * interval '1 millisecond', r.deadline)) END,
      deadline = coalesce(now() + w.deadline_ms * interval '1 millisecond', r.deadline),
      lease_owner = CASE WHEN w.keep THEN r.lease_owner END,
      interrupted = r.interrupted AND w.keep,
      attempt = w.attempt, cursor = w.cursor::json, outputs = w.outputs::json, error = w.error::json,
      updated_at = now(), version = r.version + 1,
      finished_at = CASE WHEN w.ends OR w.state IN ('succeeded', 'failed', 'cancelled') THEN now() END
    FROM held w WHERE r.ctid = w.place AND NOT (w.ends AND w.apart)
    RETURNING r.tenant_id, r.id, r.subject, r.state, r.cancel_requested, r.holds_slot, r.concurrency_key
  ), traced AS (
    INSERT INTO run_steps AS s (tenant_id, run_id, step, attempt, state, idempotency_key, rule, wait_ms, polls, status,
                                request, response, error, started_at, finished_at)
    SELECT w.tenant_id, w.id, t.step, t.attempt, t.state, t.idempotency_key, t.rule, t.wait_ms, t.polls, t.status,
           t.request::json, t.response::json, t.error::json,
           to_timestamp(t.started_at / 1000), to_timestamp(t.finished_at / 1000)
    FROM unnest($14::uuid[], $15::text[], $16::int[], $17::text[], $18::text[], $19::text[], $20::float8[],
                $21::int[], $22::int[], $23::text[], $24::text[], $25::text[], $26::float8[], $27::float8[])
      WITH ORDINALITY
      AS t (run_id, step, attempt, state, idempotency_key, rule, wait_ms, polls, status, request, response, error,
            started_at, finished_at, place)
    JOIN written w ON w.id = t.run_id
    ORDER BY t.place
    ON CONFLICT (tenant_id, run_id, step, idempotency_key) WHERE polls IS NOT NULL DO UPDATE SET
      attempt = excluded.attempt, state = excluded.state, rule = excluded.rule, wait_ms = excluded.wait_ms,
      polls = excluded.polls, status = excluded.status, request = excluded.request, response = excluded.response,
      error = excluded.error, finished_at = excluded.finished_at
  )
  SELECT h.tenant_id, h.id, w.subject, w.state, w.cancel_requested, w.holds_slot, w.concurrency_key
  FROM held h LEFT JOIN written w ON w.tenant_id = h.tenant_id AND w.id = h.id`;

interface HeldRow {
  readonly tenant_id: string;
  readonly id: string;
  readonly subject: string;
  readonly state: RunState | null;
  readonly cancel_requested: boolean;
  readonly holds_slot: boolean;
  readonly concurrency_key: string | null;
}

export interface WriteResult {
  readonly written: ReadonlyMap<string, Written>;
  /** The same as their subjects see them, in the order of their ids. */
  readonly moved: readonly MovedRun[];
  /** Slots that their runs no longer need. */
  readonly freed: readonly SlotHeld[];
  /** Those whose runs somebody cancelled, and whose ends move more than themselves: to be written together with that. */
  readonly left: readonly RunWrite[];
}

const KEEPS_SLOT: readonly (RunState | null)[] = ['running', 'waiting', 'rolling_back'];

/**
 * Writes what workers have to say about runs they hold.
 * @param apart kinds whose ends are left for a transaction, where this is none
 */
export async function writeRuns(
  client: Pick<ClientBase, 'query'>,
  writes: readonly RunWrite[],
  apart: ReadonlySet<string> = NONE,
): Promise<WriteResult> {
  const rows: HeldRow[] = [];
  const left: RunWrite[] = [];
  for (let open = writes; open.length > 0; ) {
    const held = await writeOnce(client, open, apart);
    rows.push(...held.filter(({ state }) => state !== null));
    const unseen = new Set(held.filter(({ state }) => state === null).map(({ id }) => id));
    const unwritten = open.filter(({ id }) => unseen.has(id));
    left.push(...unwritten.filter(({ kind }) => apart.has(kind)));
    open = unwritten.filter(({ kind }) => !apart.has(kind));
  }
  const freed = rows
    .filter((row) => row.holds_slot && !KEEPS_SLOT.includes(row.state))
    .map((row) => ({ tenantId: row.tenant_id, runId: row.id, key: row.concurrency_key ?? '' }));
  const written = new Map(rows.map((row) => [row.id, { cancelRequested: row.cancel_requested }]));
  return { written, moved: movesOf(rows, writes), freed, left };
}

function movesOf(rows: readonly HeldRow[], writes: readonly RunWrite[]): MovedRun[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const moved = writes.flatMap(({ tenantId, id, kind, cursor }): MovedRun[] => {
    const row = byId.get(id);
    if (!row?.state) return [];
    const { subject, state, cancel_requested: cancelRequested } = row;
    return [{ tenantId, id, kind, subject, state, cancelRequested, rollingBack: cursor.rollback !== undefined }];
  });
  return moved.sort((a, b) => (a.tenantId + a.id < b.tenantId + b.id ? -1 : 1));
}

const NONE: ReadonlySet<string> = new Set();

async function writeOnce(
  client: Pick<ClientBase, 'query'>,
  writes: readonly RunWrite[],
  apart: ReadonlySet<string>,
): Promise<HeldRow[]> {
  const trace = writes.flatMap((write) => oncePolled(write.trace).map((row) => ({ id: write.id, row })));
  const { rows } = await client.query<HeldRow>({
    name: 'runs-write',
    text: WRITE,
    values: [...runColumns(writes, apart), trace.map(({ id }) => id), ...traceColumns(trace.map(({ row }) => row))],
  });
  return rows;
}

/** One statement may touch a row once: of the polls of one step the last counts, from when the first began. */
function oncePolled(trace: readonly TraceRow[]): TraceRow[] {
  const rows: TraceRow[] = [];
  for (const row of trace) {
    const place = row.polls === undefined ? -1 : rows.findIndex((other) => samePoll(other, row));
    const before = rows[place];
    if (before) rows[place] = { ...row, startedAt: before.startedAt };
    else rows.push(row);
  }
  return rows;
}

function samePoll(a: TraceRow, b: TraceRow): boolean {
  return a.polls !== undefined && a.step === b.step && a.idempotencyKey === b.idempotencyKey;
}

function runColumns(writes: readonly RunWrite[], apart: ReadonlySet<string>): unknown[][] {
  return [
    writes.map((w) => w.tenantId),
    writes.map((w) => w.id),
    writes.map((w) => w.leaseEpoch),
    writes.map((w) => w.state),
    writes.map((w) => w.keep ?? false),
    writes.map((w) => w.waitMs ?? 0),
    writes.map((w) => w.deadlineMs ?? null),
    writes.map((w) => w.cursor.rollback !== undefined),
    writes.map((w) => w.attempt),
    writes.map((w) => JSON.stringify(w.cursor)),
    writes.map((w) => text(w.outputs)),
    writes.map((w) => text(w.error)),
    writes.map((w) => apart.has(w.kind)),
  ];
}

function traceColumns(trace: readonly TraceRow[]): unknown[][] {
  return [
    trace.map((t) => t.step),
    trace.map((t) => t.attempt),
    trace.map((t) => t.state),
    trace.map((t) => t.idempotencyKey ?? null),
    trace.map((t) => t.rule ?? null),
    trace.map((t) => t.wait ?? null),
    trace.map((t) => t.polls ?? null),
    trace.map((t) => t.status ?? null),
    trace.map((t) => text(t.request)),
    trace.map((t) => text(t.response)),
    trace.map((t) => text(t.error)),
    trace.map((t) => t.startedAt),
    trace.map((t) => t.finishedAt),
  ];
}

function text(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
