import type { ClientBase } from 'pg';
import { CHANGED, type Changed, type Subject } from './subject.ts';
import { moveSubjects, SUBJECTS } from './subjects.ts';

const REGISTER = `INSERT INTO workers (id, host, pid) VALUES ($1, $2, $3)`;
const BEAT = `UPDATE workers SET beat = beat + 1 WHERE id = $1 RETURNING beat`;
const BEATS = `SELECT id, beat::text, host, pid FROM workers`;

export async function registerWorker(
  client: Pick<ClientBase, 'query'>,
  worker: { readonly id: string; readonly host: string; readonly pid: number },
): Promise<void> {
  await client.query(REGISTER, [worker.id, worker.host, worker.pid]);
}

/** @returns false where the others have taken this worker for dead: what it held is theirs now */
export async function beat(client: Pick<ClientBase, 'query'>, workerId: string): Promise<boolean> {
  const { rowCount } = await client.query({ name: 'workers-beat', text: BEAT, values: [workerId] });
  return rowCount === 1;
}

/** A registered worker: its counter, and where its process is. */
export interface WorkerBeat {
  readonly id: string;
  readonly beat: string;
  readonly host: string;
  readonly pid: number;
}

/** Every worker's counter, for an observer that judges by its own clock which of them stand still. */
export async function beats(client: Pick<ClientBase, 'query'>): Promise<WorkerBeat[]> {
  const { rows } = await client.query<WorkerBeat>(BEATS);
  return rows;
}

// The beat guards against a worker that came back between the observation and this statement.
const BURY = `
  DELETE FROM workers WHERE (id, beat::text) IN (SELECT * FROM unnest($1::uuid[], $2::text[]))`;

// A run on its way back keeps that name, whoever holds it.
const TAKE_BACK = `
  UPDATE runs r SET state = CASE state WHEN 'rolling_back' THEN state ELSE 'queued' END, due_at = now(),
    lease_owner = NULL, interrupted = true, updated_at = now(), version = version + 1
  WHERE r.lease_owner IS NOT NULL AND NOT EXISTS (SELECT FROM workers w WHERE w.id = r.lease_owner)
  RETURNING ${CHANGED}`;

/**
 * Buries workers that stand still and takes back what they, or any worker no longer registered, held.
 * @returns how many runs became due again, each of them in doubt
 */
export async function recoverRuns(
  client: ClientBase,
  dead: ReadonlyMap<string, string>,
  subjects = SUBJECTS,
): Promise<number> {
  if (dead.size > 0) await client.query(BURY, [[...dead.keys()], [...dead.values()]]);
  return change(client, subjects, TAKE_BACK, []);
}

const RESIGN = `DELETE FROM workers WHERE id = $1`;

/** A worker that holds nothing any more goes without leaving a doubt. */
export async function resignWorker(client: Pick<ClientBase, 'query'>, workerId: string): Promise<void> {
  await client.query(RESIGN, [workerId]);
}

const AS_BEFORE = `
  UPDATE runs SET state = CASE WHEN state = 'rolling_back' THEN state WHEN attempt > 0 THEN 'waiting' ELSE 'queued' END,
    due_at = now(), lease_owner = NULL, updated_at = now(), version = version + 1`;

const UNCLAIM = `${AS_BEFORE}
  WHERE lease_owner IS NOT NULL
    AND (tenant_id, id, lease_epoch) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]))
  RETURNING ${CHANGED}`;

/** Gives back runs that were claimed but not begun: a draining worker leaves no doubt behind. */
export async function unclaimRuns(
  client: ClientBase,
  runs: readonly { readonly tenantId: string; readonly id: string; readonly leaseEpoch: number }[],
  subjects = SUBJECTS,
): Promise<void> {
  const values = [runs.map((r) => r.tenantId), runs.map((r) => r.id), runs.map((r) => r.leaseEpoch)];
  await change(client, subjects, UNCLAIM, values);
}

const GIVE_BACK = `${AS_BEFORE} WHERE lease_owner = $1 AND id <> ALL ($2::uuid[]) RETURNING ${CHANGED}`;

/** Gives back what a worker holds without knowing: the answer to its claim was lost, so nothing of it has begun. */
export async function giveBackRuns(
  client: ClientBase,
  workerId: string,
  held: readonly string[],
  subjects = SUBJECTS,
): Promise<void> {
  await change(client, subjects, GIVE_BACK, [workerId, held]);
}

/** @returns how many runs the statement changed */
async function change(
  client: ClientBase,
  subjects: readonly Subject[],
  statement: string,
  values: readonly unknown[],
): Promise<number> {
  const { rows } = await client.query<Changed>(statement, [...values]);
  await moveSubjects(client, subjects, rows);
  return rows.length;
}
