import type { ClientBase } from 'pg';
import type { RunState, RunWrite, TraceRow } from '../../../core/kernel/runs.ts';
import type { SlotHeld } from './slots.ts';

/*
 * Each run is looked up by its key and updated at its place (ctid): a plan made while the table was small stays right
 * when it is not. One statement is one transaction: results and trace are there together or not at all. A result whose epoch is no
 * longer the run's is passed over, its trace too. Somebody asked to cancel: a run that would wait has its end here.
 */
const WRITE = `
  WITH incoming AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[], $5::float8[], $6::int[], $7::text[],
                         $8::text[], $9::text[])
      AS w (tenant_id, id, epoch, state, wait_ms, attempt, cursor, outputs, error)
  ), held AS (
    SELECT w.*, r.place FROM incoming w CROSS JOIN LATERAL (
      SELECT ctid AS place FROM runs
      WHERE tenant_id = w.tenant_id AND id = w.id AND lease_epoch = w.epoch AND state = 'running'
      LIMIT 1 FOR UPDATE) r
  ), written AS (
    UPDATE runs r SET
      state = CASE WHEN r.cancel_requested AND w.state = 'waiting' THEN 'cancelled' ELSE w.state END,
      due_at = CASE WHEN w.state = 'waiting' AND NOT r.cancel_requested
                    THEN now() + w.wait_ms * interval '1 millisecond' END,
      lease_owner = CASE WHEN w.state = 'running' THEN r.lease_owner END,
      interrupted = r.interrupted AND w.state = 'running',
      attempt = w.attempt, cursor = w.cursor::json, outputs = w.outputs::json, error = w.error::json,
      updated_at = now(), version = r.version + 1,
      finished_at = CASE WHEN w.state IN ('succeeded', 'failed', 'cancelled')
                           OR (r.cancel_requested AND w.state = 'waiting') THEN now() END
    FROM held w WHERE r.ctid = w.place
    RETURNING r.tenant_id, r.id, r.state, r.holds_slot, r.concurrency_key
  ), traced AS (
    INSERT INTO run_steps (tenant_id, run_id, step, attempt, state, idempotency_key, rule, wait_ms, status, request,
                           response, error, started_at, finished_at)
    SELECT w.tenant_id, w.id, t.step, t.attempt, t.state, t.idempotency_key, t.rule, t.wait_ms, t.status,
           t.request::json, t.response::json, t.error::json,
           to_timestamp(t.started_at / 1000), to_timestamp(t.finished_at / 1000)
    FROM unnest($10::uuid[], $11::text[], $12::int[], $13::text[], $14::uuid[], $15::text[], $16::float8[],
                $17::int[], $18::text[], $19::text[], $20::text[], $21::float8[], $22::float8[])
      WITH ORDINALITY
      AS t (run_id, step, attempt, state, idempotency_key, rule, wait_ms, status, request, response, error,
            started_at, finished_at, place)
    JOIN written w ON w.id = t.run_id
    ORDER BY t.place
  )
  SELECT tenant_id, id, state, holds_slot, concurrency_key FROM written`;

interface WrittenRow {
  tenant_id: string;
  id: string;
  state: RunState;
  holds_slot: boolean;
  concurrency_key: string | null;
}

/** @returns the ids that were written, and the slots that their runs no longer need */
export async function writeRuns(
  client: Pick<ClientBase, 'query'>,
  writes: readonly RunWrite[],
): Promise<{ written: Set<string>; freed: SlotHeld[] }> {
  const trace = writes.flatMap((write) => write.trace.map((row) => ({ id: write.id, row })));
  const { rows } = await client.query<WrittenRow>({
    name: 'runs-write',
    text: WRITE,
    values: [...runColumns(writes), trace.map(({ id }) => id), ...traceColumns(trace.map(({ row }) => row))],
  });
  const freed = rows
    .filter((row) => row.holds_slot && !['running', 'waiting', 'rolling_back'].includes(row.state))
    .map((row) => ({ tenantId: row.tenant_id, runId: row.id, key: row.concurrency_key ?? '' }));
  return { written: new Set(rows.map((row) => row.id)), freed };
}

function runColumns(writes: readonly RunWrite[]): unknown[][] {
  return [
    writes.map((w) => w.tenantId),
    writes.map((w) => w.id),
    writes.map((w) => w.leaseEpoch),
    writes.map((w) => w.state),
    writes.map((w) => w.waitMs ?? null),
    writes.map((w) => w.attempt),
    writes.map((w) => JSON.stringify(w.cursor)),
    writes.map((w) => text(w.outputs)),
    writes.map((w) => text(w.error)),
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
