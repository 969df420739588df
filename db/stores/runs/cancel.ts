import type { ClientBase } from 'pg';
import type { RunState } from '../../../core/kernel/runs.ts';
import type { Cancellation } from '../../../core/kernel/stores/runs.ts';
import { WAKE } from './insert.ts';
import { release, seat, type Seated } from './slots.ts';
import { CHANGED, type Changed } from './subject.ts';
import { moveSubjects, SUBJECTS } from './subjects.ts';

/*
 * One that is running is in a worker's hands, which ends it. One that compensates and has begun is made due instead of
 * ended, for a worker to begin the way back; a parked one has to wait for its turn even for that.
 */
const CANCEL = `
  UPDATE runs SET
    state = CASE WHEN state = 'running' THEN state
                 WHEN NOT compensates OR started_at IS NULL THEN 'cancelled'
                 WHEN state = 'needs_review' THEN 'waiting'
                 ELSE state END,
    due_at = CASE WHEN state = 'running' THEN due_at
                  WHEN NOT compensates OR started_at IS NULL THEN NULL
                  WHEN due_at = 'infinity' THEN due_at
                  ELSE now() END,
    finished_at = CASE WHEN state <> 'running' AND (NOT compensates OR started_at IS NULL) THEN now() END,
    cancel_requested = true, updated_at = now(), version = version + 1
  WHERE tenant_id = $1 AND id = $2 AND state IN ('queued', 'waiting', 'running', 'needs_review')
  RETURNING ${CHANGED}, state, concurrency_key, concurrency_limit, holds_slot`;

const STATE = `SELECT state FROM runs WHERE tenant_id = $1 AND id = $2`;

/** Cancels a run inside the caller's transaction. */
export async function cancelRun(
  client: ClientBase,
  { tenantId, id }: { readonly tenantId: string; readonly id: string },
  subjects = SUBJECTS,
): Promise<Cancellation> {
  const { rows } = await client.query<Changed & Seated & { readonly state: RunState }>(CANCEL, [tenantId, id]);
  const [row] = rows;
  if (!row) {
    const found = await client.query<{ state: RunState }>(STATE, [tenantId, id]);
    return found.rows[0]?.state === 'rolling_back' ? 'rollingBack' : 'ended';
  }
  await moveSubjects(client, subjects, [row]);
  if (row.state === 'cancelled') {
    await leave(client, row);
    return 'cancelled';
  }
  // A review had given its slot back.
  if (row.state === 'waiting') await seat(client, row);
  await client.query(WAKE);
  return 'cancelling';
}

async function leave(client: ClientBase, { tenantId, id, holds_slot: held, concurrency_key: key }: Changed & Seated): Promise<void> {
  if (!held || key === null) return;
  if (await release(client, [{ tenantId, runId: id, key }])) await client.query(WAKE);
}
