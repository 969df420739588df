import type { ClientBase } from 'pg';
import type { Cursor, RunState } from '../../../core/kernel/runs.ts';
import { CHANGED, type Changed, type MovedRun, type Subject } from './subject.ts';
import { datasetBuilds } from './subjects/dataset.ts';
import { environmentOperations, environmentReads } from './subjects/environment.ts';

/** All subjects of the platform. */
export const SUBJECTS: readonly Subject[] = [environmentOperations, environmentReads, datasetBuilds];

const UNDER_WAY: readonly RunState[] = ['queued', 'running', 'waiting'];

/** Subjects to which it matters that a run comes into a state by itself: as it is made, taken up or written. */
export function movedBy(subjects: readonly Subject[], state: RunState): readonly Subject[] {
  return UNDER_WAY.includes(state) ? subjects.filter(({ underWay }) => underWay) : subjects;
}

const MOVED = `
  SELECT r.* FROM unnest($1::uuid[], $2::uuid[]) AS w (tenant_id, id) CROSS JOIN LATERAL (
    SELECT ${CHANGED}, subject, state, cancel_requested AS "cancelRequested", cursor FROM runs
    WHERE tenant_id = w.tenant_id AND id = w.id LIMIT 1) r
  ORDER BY r."tenantId", r.id`;

/** Moves what changed runs are about, inside the transaction that changed them. */
export async function moveSubjects(
  client: ClientBase,
  subjects: readonly Subject[],
  changed: readonly Changed[],
): Promise<void> {
  const its = changed.filter(({ kind }) => subjects.some(({ kinds }) => kinds.includes(kind)));
  if (its.length > 0) await Promise.all(moveKnown(client, subjects, await read(client, its)));
}

/**
 * The same where it is known how the runs are now.
 * @returns the statements that were sent
 */
export function moveKnown(
  client: ClientBase,
  subjects: readonly Subject[],
  moved: readonly MovedRun[],
): readonly Promise<unknown>[] {
  return subjects.flatMap((subject) => {
    const its = moved.filter(({ kind }) => subject.kinds.includes(kind));
    return its.length > 0 ? subject.move(client, its) : [];
  });
}

async function read(client: ClientBase, changed: readonly Changed[]): Promise<MovedRun[]> {
  const { rows } = await client.query<Omit<MovedRun, 'rollingBack'> & { readonly cursor: Cursor }>(MOVED, [
    changed.map(({ tenantId }) => tenantId),
    changed.map(({ id }) => id),
  ]);
  return rows.map(({ cursor, ...run }) => ({ ...run, rollingBack: cursor.rollback !== undefined }));
}
