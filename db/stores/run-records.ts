import type { ClientBase } from 'pg';
import type { Json, JsonObject } from '../../core/kernel/json.ts';
import type { Cursor, RunError, RunState } from '../../core/kernel/runs.ts';
import type { Run, RunFilter, RunRecords, RunStep, RunVersion } from '../../core/kernel/stores/runs.ts';
import { cut } from './page.ts';
import { cancelRun } from './runs/cancel.ts';
import { insertRuns } from './runs/insert.ts';
import { requeueRun } from './runs/requeue.ts';

const COLUMNS = `
  tenant_id, id, kind, definition, definition_version, definition_hash, pipeline, subject, automation_id,
  connection_id, state, nullif(due_at, 'infinity') AS due_at, due_at = 'infinity' AS parked, attempt,
  cancel_requested, cursor, input, event, context, exclusive_key, deadline, compensates, outputs, error, version,
  created_at, updated_at, started_at, finished_at`;

const FIND = `SELECT ${COLUMNS} FROM runs WHERE tenant_id = $1 AND id = $2`;

const LIST = `
  SELECT ${COLUMNS} FROM runs
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
    requeue: (run, from, how) => requeueRun(client, run, from, how),
    cancel: (tenantId, id) => cancelRun(client, { tenantId, id }),
  };
}

function filterValues({ states, kinds, definition, subject, from, to }: RunFilter): unknown[] {
  return [states, kinds, definition, subject, from, to].map((value) => value ?? null);
}

interface RunRow {
  tenant_id: string;
  id: string;
  kind: string;
  definition: string;
  definition_version: string;
  definition_hash: string;
  pipeline: string;
  subject: string;
  automation_id: string | null;
  connection_id: string | null;
  state: RunState;
  due_at: Date | null;
  parked: boolean | null;
  attempt: number;
  cancel_requested: boolean;
  cursor: Cursor;
  input: JsonObject;
  event: JsonObject | null;
  context: JsonObject | null;
  exclusive_key: string | null;
  deadline: Date | null;
  compensates: boolean;
  outputs: JsonObject | null;
  error: RunError | null;
  version: number | string;
  created_at: Date;
  updated_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
}

function showRun(row: RunRow): Run {
  return {
    tenantId: row.tenant_id,
    id: row.id,
    kind: row.kind,
    definition: { id: row.definition, version: row.definition_version, hash: row.definition_hash },
    pipeline: row.pipeline,
    subject: row.subject,
    automationId: row.automation_id ?? undefined,
    connectionId: row.connection_id ?? undefined,
    state: row.state,
    dueAt: row.due_at ?? undefined,
    parked: row.parked ?? false,
    attempt: row.attempt,
    cancelRequested: row.cancel_requested,
    cursor: row.cursor,
    input: row.input,
    event: row.event ?? undefined,
    context: row.context ?? undefined,
    exclusiveKey: row.exclusive_key ?? undefined,
    deadline: row.deadline ?? undefined,
    compensates: row.compensates,
    outputs: row.outputs ?? undefined,
    error: row.error ?? undefined,
    version: Number(row.version),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
  };
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
