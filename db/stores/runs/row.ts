import type { JsonObject } from '../../../core/kernel/json.ts';
import type { Cursor, RunError, RunState } from '../../../core/kernel/runs.ts';
import type { Run } from '../../../core/kernel/stores/runs.ts';

/** What is read of a run to show it. */
export const RUN_COLUMNS = `
  tenant_id, id, kind, definition, definition_version, definition_hash, pipeline, subject, automation_id,
  connection_id, state, nullif(due_at, 'infinity') AS due_at, due_at = 'infinity' AS parked, attempt,
  cancel_requested, cursor, input, event, context, exclusive_key, deadline, compensates, outputs, error, version,
  created_at, updated_at, started_at, finished_at`;

export interface RunRow {
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

export function showRun(row: RunRow): Run {
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
