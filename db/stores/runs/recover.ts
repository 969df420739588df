import type { ClientBase } from 'pg';

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

const TAKE_BACK = `
  UPDATE runs r SET state = 'queued', due_at = now(), lease_owner = NULL, interrupted = true,
    updated_at = now(), version = version + 1
  WHERE r.lease_owner IS NOT NULL AND r.state = 'running'
    AND NOT EXISTS (SELECT FROM workers w WHERE w.id = r.lease_owner)`;

/**
 * Buries workers that stand still and takes back what they, or any worker no longer registered, held.
 * @returns how many runs became due again, each of them in doubt
 */
export async function recoverRuns(client: ClientBase, dead: ReadonlyMap<string, string>): Promise<number> {
  if (dead.size > 0) await client.query(BURY, [[...dead.keys()], [...dead.values()]]);
  const { rowCount } = await client.query(TAKE_BACK);
  return rowCount ?? 0;
}

const RESIGN = `DELETE FROM workers WHERE id = $1`;

/** A worker that holds nothing any more goes without leaving a doubt. */
export async function resignWorker(client: Pick<ClientBase, 'query'>, workerId: string): Promise<void> {
  await client.query(RESIGN, [workerId]);
}

const UNCLAIM = `
  UPDATE runs SET state = CASE WHEN attempt > 0 THEN 'waiting' ELSE 'queued' END, due_at = now(), lease_owner = NULL,
    updated_at = now(), version = version + 1
  WHERE state = 'running' AND (tenant_id, id, lease_epoch) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]))`;

/** Gives back runs that were claimed but not begun: a draining worker leaves no doubt behind. */
export async function unclaimRuns(
  client: Pick<ClientBase, 'query'>,
  runs: readonly { readonly tenantId: string; readonly id: string; readonly leaseEpoch: number }[],
): Promise<void> {
  if (runs.length === 0) return;
  await client.query(UNCLAIM, [runs.map((r) => r.tenantId), runs.map((r) => r.id), runs.map((r) => r.leaseEpoch)]);
}

const GIVE_BACK = `
  UPDATE runs SET state = CASE WHEN attempt > 0 THEN 'waiting' ELSE 'queued' END, due_at = now(), lease_owner = NULL,
    updated_at = now(), version = version + 1
  WHERE lease_owner = $1 AND state = 'running' AND id <> ALL ($2::uuid[])`;

/** Gives back what a worker holds without knowing: the answer to its claim was lost, so nothing of it has begun. */
export async function giveBackRuns(
  client: Pick<ClientBase, 'query'>,
  workerId: string,
  held: readonly string[],
): Promise<void> {
  await client.query(GIVE_BACK, [workerId, held]);
}
