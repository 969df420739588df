import type { ClientBase } from 'pg';
import type { Json } from '../../core/kernel/json.ts';
import type { RunFilter, RunRecords, RunStep, RunVersion } from '../../core/kernel/stores/runs.ts';
import { cut } from './page.ts';
import { cancelRun } from './runs/cancel.ts';
import { insertRun, insertRuns } from './runs/insert.ts';
import { requeueRun } from './runs/requeue.ts';
import { RUN_COLUMNS, showRun, type RunRow } from './runs/row.ts';

const FIND = `SELECT ${RUN_COLUMNS} FROM runs WHERE tenant_id = $1 AND id = $2`;

const LIST = `
  SELECT ${RUN_COLUMNS} FROM runs
  WHERE tenant_id = $1 AND ($2::text[] IS NULL OR state = ANY ($2)) AND ($3::text[] IS NULL OR kind = ANY ($3))
    AND ($4::text IS NULL OR definition = $4) AND ($5::text IS NULL OR subject = $5)
    AND ($6::timestamptz IS NULL OR created_at >= $6) AND ($7::timestamptz IS NULL OR created_at < $7)
    AND ($8::uuid IS NULL OR id < $8)
  ORDER BY id DESC LIMIT $9`;

const STEPS = `
  SELECT step, attempt, state, idempotency_key, rule, wait_ms, polls, status, request, response, error,
    started_at, finished_at
  FROM run_steps WHERE tenant_id = $1 AND run_id = $2 ORDER BY seq`;

const VERSIONS = `
  SELECT w.id, r.version, r.state FROM unnest($1::uuid[], $2::uuid[]) AS w (tenant_id, id) CROSS JOIN LATERAL (
    SELECT version, state FROM runs WHERE tenant_id = w.tenant_id AND id = w.id LIMIT 1) r`;

export function runRecords(client: ClientBase): RunRecords {
  return {
    async find(tenantId, id) {
      const { rows } = await client.query<RunRow>(FIND, [tenantId, id]);
      return rows[0] && showRun(rows[0]);
    },
    async list(tenantId, filter, page) {
      const values = [tenantId, ...filterValues(filter), page.after ?? null, page.limit + 1];
      const { rows } = await client.query<RunRow>(LIST, values);
      return cut(rows, page, showRun);
    },
    async steps(tenantId, id) {
      const { rows } = await client.query<StepRow>(STEPS, [tenantId, id]);
      return rows.map(showStep);
    },
    async versions(tenantIds, ids) {
      const { rows } = await client.query<RunVersion & { id: string }>(VERSIONS, [tenantIds, ids]);
      return new Map(rows.map(({ id, version, state }) => [id, { version, state }]));
    },
    add: (runs) => insertRuns(client, runs),
    addOne: async (run) => showRun(await insertRun(client, run)),
    requeue: (run, from, how) => requeueRun(client, run, from, how),
    cancel: (tenantId, id) => cancelRun(client, { tenantId, id }),
  };
}

function filterValues({ states, kinds, definition, subject, from, to }: RunFilter): unknown[] {
  return [states, kinds, definition, subject, from, to].map((value) => value ?? null);
}

interface StepRow {
  step: string;
  attempt: number;
  state: string;
  idempotency_key: string | null;
  rule: string | null;
  wait_ms: number | string | null;
  polls: number | null;
  status: number | null;
  request: Json;
  response: Json;
  error: Json;
  started_at: Date;
  finished_at: Date;
}

function showStep(row: StepRow): RunStep {
  return {
    step: row.step,
    attempt: row.attempt,
    state: row.state,
    idempotencyKey: row.idempotency_key ?? undefined,
    rule: row.rule ?? undefined,
    wait: row.wait_ms === null ? undefined : Number(row.wait_ms),
    polls: row.polls ?? undefined,
    status: row.status ?? undefined,
    request: row.request ?? undefined,
    response: row.response ?? undefined,
    error: row.error ?? undefined,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}
