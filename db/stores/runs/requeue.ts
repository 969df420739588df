import type { ClientBase } from 'pg';
import type { RunState } from '../../../core/kernel/runs.ts';
import type { Requeue } from '../../../core/kernel/stores/runs.ts';
import { inSavepoint } from '../savepoint.ts';
import { asExclusion } from './exclusion.ts';
import { WAKE } from './insert.ts';
import { seat, type Seated } from './slots.ts';
import { CHANGED, type Changed } from './subject.ts';
import { moveSubjects, SUBJECTS } from './subjects.ts';

const REQUEUE = `
  UPDATE runs SET state = $4, cursor = $5::json, error = NULL, outputs = NULL, finished_at = NULL, attempt = 0,
    interrupted = false, cancel_requested = false, updated_at = now(), version = version + 1, due_at = now(),
    definition_version = coalesce($6, definition_version), definition_hash = coalesce($7, definition_hash),
    input = coalesce($8::json, input), deadline = coalesce(now() + $9::float8 * interval '1 millisecond', deadline)
  WHERE tenant_id = $1 AND id = $2 AND state = ANY ($3)
  RETURNING ${CHANGED}, concurrency_key, concurrency_limit, holds_slot`;

/** The run to set going. Where it has an exclusive key, that is needed too. */
export interface Stopped {
  readonly tenantId: string;
  readonly id: string;
  readonly exclusiveKey?: string | undefined;
}

/**
 * Puts a run that has stopped back into the queue, with another cursor and where given another input, inside the
 * caller's transaction.
 * @param from the states it may be in; in any other nothing happens
 * @returns whether it was put back
 * @throws RunExclusion where another run that has not ended has its exclusive key; the transaction goes on as if
 *   nothing had been tried
 */
export async function requeueRun(
  client: ClientBase,
  run: Stopped,
  from: readonly RunState[],
  how: Requeue,
  subjects = SUBJECTS,
): Promise<boolean> {
  const row = await (run.exclusiveKey === undefined
    ? requeue(client, run, from, how)
    : // A replay of many runs goes on where one of them is excluded.
      inSavepoint(client, () => requeue(client, run, from, how)).catch((error: unknown) => {
        throw asExclusion(error, run.exclusiveKey);
      }));
  if (!row) return false;
  await seat(client, row);
  await moveSubjects(client, subjects, [row]);
  await client.query(WAKE);
  return true;
}

async function requeue(
  client: ClientBase,
  { tenantId, id }: Stopped,
  from: readonly RunState[],
  { cursor, definition, input, deadlineMs }: Requeue,
): Promise<(Changed & Seated) | undefined> {
  const { rows } = await client.query<Changed & Seated>(REQUEUE, [
    tenantId,
    id,
    from,
    cursor.rollback ? 'rolling_back' : 'queued',
    JSON.stringify(cursor),
    definition?.version ?? null,
    definition?.hash ?? null,
    input ? JSON.stringify(input) : null,
    deadlineMs ?? null,
  ]);
  return rows[0];
}
