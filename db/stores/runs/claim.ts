import type { ClientBase } from 'pg';
import type { Json, JsonObject } from '../../../core/kernel/json.ts';
import type { ClaimedRun, Cursor } from '../../../core/kernel/runs.ts';

/*
 * Due tenants are found by a loose index scan from where the last claim left off, so that each tenant's turn comes
 * whatever the backlog of another; each then gives its share. The update is the intent of each run's next request:
 * from here on a crash leaves it in doubt. Rows are found again by their place (ctid): they are locked, so they stay
 * there, and no plan made before the table had statistics can turn it into a join over a tenant's whole history.
 */
const CLAIM = `
  WITH RECURSIVE due_tenants (tenant_id, n) AS (
    (SELECT tenant_id, 1 FROM runs WHERE due_at <= now() AND tenant_id > $3 ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT r.tenant_id FROM runs r WHERE r.due_at <= now() AND r.tenant_id > d.tenant_id
            ORDER BY r.tenant_id LIMIT 1), d.n + 1
    FROM due_tenants d WHERE d.tenant_id IS NOT NULL AND d.n < $2
  ), picked AS MATERIALIZED (
    SELECT r.place
    FROM due_tenants d CROSS JOIN LATERAL (
      SELECT ctid AS place FROM runs WHERE tenant_id = d.tenant_id AND due_at <= now() ORDER BY due_at, id
      LIMIT (SELECT ceil($2::numeric / count(tenant_id)) FROM due_tenants) FOR UPDATE SKIP LOCKED) r
    LIMIT $2
  )
  UPDATE runs r SET
    state = CASE state WHEN 'rolling_back' THEN state ELSE 'running' END,
    due_at = NULL, lease_owner = $1, lease_epoch = lease_epoch + 1,
    claimed_at = CASE WHEN interrupted THEN claimed_at ELSE now() END,
    started_at = coalesce(started_at, now()), updated_at = now(), version = version + 1
  WHERE r.ctid = ANY (ARRAY (SELECT place FROM picked))
  RETURNING r.tenant_id, (SELECT name FROM tenants t WHERE t.id = r.tenant_id) AS tenant_name, r.id, r.kind, r.definition, r.definition_version,
    r.definition_hash, r.pipeline, r.connection_id, r.input, r.event, r.context, r.created_at, r.claimed_at,
    r.lease_epoch, r.attempt, r.cursor, r.interrupted, r.cancel_requested,
    (extract(epoch FROM r.deadline - now()) * 1000)::float8 AS deadline_in`;

interface ClaimRow {
  tenant_id: string;
  tenant_name: string;
  id: string;
  kind: string;
  definition: string;
  definition_version: string;
  definition_hash: string;
  pipeline: string;
  connection_id: string | null;
  input: JsonObject;
  event: JsonObject | null;
  context: JsonObject | null;
  created_at: Date;
  claimed_at: Date;
  lease_epoch: number | string;
  attempt: number;
  cursor: Json;
  interrupted: boolean;
  cancel_requested: boolean;
  deadline_in: number | null;
}

/**
 * Takes up to `limit` due runs for a worker, from the tenants behind `after` in the order of their ids.
 * @returns the runs, in no particular order
 */
export async function claimRuns(
  client: Pick<ClientBase, 'query'>,
  workerId: string,
  limit: number,
  after: string,
): Promise<ClaimedRun[]> {
  const { rows } = await client.query<ClaimRow>({
    name: 'runs-claim',
    text: CLAIM,
    values: [workerId, limit, after],
  });
  return rows.map(claimed);
}

function claimed(row: ClaimRow): ClaimedRun {
  return {
    tenantId: row.tenant_id,
    tenantName: row.tenant_name,
    id: row.id,
    kind: row.kind,
    definition: { id: row.definition, version: row.definition_version, hash: row.definition_hash },
    pipeline: row.pipeline,
    ...(row.connection_id === null ? {} : { connectionId: row.connection_id }),
    input: row.input,
    ...(row.event === null ? {} : { event: row.event }),
    ...(row.context === null ? {} : { context: row.context }),
    createdAt: row.created_at.getTime(),
    claimedAt: row.claimed_at.getTime(),
    leaseEpoch: Number(row.lease_epoch),
    attempt: row.attempt,
    cursor: row.cursor as unknown as Cursor, // written by us as a Cursor, nowhere else
    interrupted: row.interrupted,
    cancelRequested: row.cancel_requested,
    ...(row.deadline_in === null ? {} : { deadlineIn: row.deadline_in }),
  };
}

const NEXT_DUE = `
  SELECT extract(epoch FROM due_at - now()) * 1000 AS ms FROM runs
  WHERE due_at < 'infinity' ORDER BY due_at LIMIT 1`;

/** Ms until the next run is due, never negative; undefined where none waits. */
export async function nextDue(client: Pick<ClientBase, 'query'>): Promise<number | undefined> {
  const { rows } = await client.query<{ ms: string }>({ name: 'runs-next-due', text: NEXT_DUE });
  return rows[0] ? Math.max(0, Math.ceil(Number(rows[0].ms))) : undefined;
}
