import type { ClientBase } from 'pg';
import type { JsonObject } from '../../../core/kernel/json.ts';
import type { Cursor, DefinitionRef, RunState } from '../../../core/kernel/runs.ts';
import { WAKE } from './insert.ts';
import { admit, release } from './slots.ts';

const REQUEUE = `
  UPDATE runs SET state = 'queued', cursor = $4::json, error = NULL, outputs = NULL, finished_at = NULL, attempt = 0,
    interrupted = false, cancel_requested = false, updated_at = now(), version = version + 1, due_at = now(),
    definition_version = coalesce($5, definition_version), definition_hash = coalesce($6, definition_hash),
    input = coalesce($7::json, input)
  WHERE tenant_id = $1 AND id = $2 AND state = ANY ($3)
  RETURNING concurrency_key, concurrency_limit, holds_slot`;

const PARK = `UPDATE runs SET due_at = 'infinity' WHERE tenant_id = $1 AND id = $2`;
const HOLD = `UPDATE runs SET holds_slot = true WHERE tenant_id = $1 AND id = $2`;

interface RequeuedRow {
  concurrency_key: string | null;
  concurrency_limit: number | null;
  holds_slot: boolean;
}

/**
 * Puts a run that has stopped back into the queue, with another cursor and where given another input, inside the caller's transaction.
 * @param from the states it may be in; in any other nothing happens
 * @returns whether it was put back
 */
export async function requeueRun(
  client: ClientBase,
  run: { readonly tenantId: string; readonly id: string },
  from: readonly RunState[],
  how: { readonly cursor: Cursor; readonly definition?: DefinitionRef; readonly input?: JsonObject },
): Promise<boolean> {
  const { tenantId, id } = run;
  const { cursor, definition, input } = how;
  const { rows } = await client.query<RequeuedRow>(REQUEUE, [
    tenantId,
    id,
    from,
    JSON.stringify(cursor),
    definition?.version ?? null,
    definition?.hash ?? null,
    input ? JSON.stringify(input) : null,
  ]);
  const [row] = rows;
  if (!row) return false;
  if (row.concurrency_key !== null && !row.holds_slot) {
    const wanted = { tenantId, runId: id, key: row.concurrency_key, limit: row.concurrency_limit ?? 1 };
    const admitted = await admit(client, [wanted]);
    await client.query(admitted.has(id) ? HOLD : PARK, [tenantId, id]);
  }
  await client.query(WAKE);
  return true;
}

const CANCEL = `
  UPDATE runs SET
    state = CASE WHEN state = 'running' THEN state ELSE 'cancelled' END,
    due_at = CASE WHEN state = 'running' THEN due_at END,
    finished_at = CASE WHEN state = 'running' THEN finished_at ELSE now() END,
    cancel_requested = true, updated_at = now(), version = version + 1
  WHERE tenant_id = $1 AND id = $2 AND state IN ('queued', 'waiting', 'running', 'needs_review')
  RETURNING state, holds_slot, concurrency_key`;

/**
 * Cancels a run inside the caller's transaction: one that waits ends at once, one in a worker's hands when its request
 * in hand is recorded.
 * @returns its state after that, or undefined where it has ended before
 */
export async function cancelRun(
  client: ClientBase,
  run: { readonly tenantId: string; readonly id: string },
): Promise<RunState | undefined> {
  const { tenantId, id } = run;
  const { rows } = await client.query<{ state: RunState; holds_slot: boolean; concurrency_key: string | null }>(
    CANCEL,
    [tenantId, id],
  );
  const [row] = rows;
  if (row?.state === 'cancelled' && row.holds_slot && row.concurrency_key !== null) {
    if (await release(client, [{ tenantId, runId: id, key: row.concurrency_key }])) await client.query(WAKE);
  }
  return row?.state;
}
