import type { ClientBase } from 'pg';
import { isUuid } from '../../../../core/kernel/ids.ts';
import type { RunState } from '../../../../core/kernel/runs.ts';
import {
  environmentOf,
  OPERATION_KINDS,
  type EnvironmentState,
  type OperationKind,
} from '../../../../core/kernel/stores/compute.ts';
import type { MovedRun, Subject } from '../subject.ts';

type Moves = Readonly<Partial<Record<RunState, EnvironmentState>>>;

/** What the state of an operation's run makes of its environment. One in review leaves it as it was. */
const MOVES: Readonly<Record<OperationKind, Moves>> = {
  create: {
    queued: 'CREATING',
    running: 'CREATING',
    waiting: 'CREATING',
    rolling_back: 'ROLLING_BACK',
    succeeded: 'ACTIVE',
    failed: 'FAILED',
    cancelled: 'FAILED',
  },
  delete: {
    queued: 'DELETING',
    running: 'DELETING',
    waiting: 'DELETING',
    rolling_back: 'DELETING',
    succeeded: 'DELETED',
    failed: 'DELETE_FAILED',
    cancelled: 'DELETE_FAILED',
  },
};

/*
 * Only the latest operation moves its environment. Rows are locked in the order of their ids, so that two batches cannot
 * wait for each other; a poll that changes nothing locks none. What a step gave is found under its id, the last part of
 * its path.
 */
const MOVE_OPERATIONS = `
  WITH moved AS MATERIALIZED (
    SELECT e.tenant_id, e.id, w.run_id, w.kind, w.state
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[]) AS w (tenant_id, id, run_id, kind, state)
    JOIN compute_environments e ON e.tenant_id = w.tenant_id AND e.id = w.id
    WHERE e.operation_id = w.run_id AND e.state <> w.state
    ORDER BY e.tenant_id, e.id FOR NO KEY UPDATE OF e
  )
  UPDATE compute_environments e SET
    state = m.state,
    outputs = CASE m.state WHEN 'ACTIVE' THEN r.outputs ELSE e.outputs END,
    steps = CASE m.state WHEN 'ACTIVE' THEN r.steps ELSE e.steps END,
    error = CASE WHEN m.state IN ('FAILED', 'DELETE_FAILED') THEN r.error END,
    definition_version = CASE m.kind WHEN 'create' THEN r.definition_version ELSE e.definition_version END,
    definition_hash = CASE m.kind WHEN 'create' THEN r.definition_hash ELSE e.definition_hash END,
    read_at = CASE m.state WHEN 'ACTIVE' THEN now() ELSE e.read_at END,
    deleted_at = CASE m.state WHEN 'DELETED' THEN now() END,
    updated_at = now()
  FROM moved m CROSS JOIN LATERAL (
    SELECT outputs, error, definition_version, definition_hash,
      (SELECT coalesce(json_object_agg(regexp_replace(path, '^.*/', ''), record -> 'outputs'), '{}')
       FROM json_each(cursor -> 'steps') AS s (path, record) WHERE record ->> 'state' = 'succeeded') AS steps
    FROM runs WHERE tenant_id = m.tenant_id AND id = m.run_id LIMIT 1) r
  WHERE e.tenant_id = m.tenant_id AND e.id = m.id`;

/** An environment's state, outputs and error move with the run that is its latest operation. */
export const environmentOperations: Subject = {
  kinds: OPERATION_KINDS,
  move(client, runs) {
    const moved = runs.flatMap((run) => {
      const state = MOVES[run.kind as OperationKind][run.state];
      return state ? subjectsOf(run).map((id) => ({ ...run, environmentId: id, state })) : [];
    });
    return update(client, MOVE_OPERATIONS, moved);
  },
};

/** What a drift check has to find to say that an environment is not as it should be. */
const DRIFT = ['NOT_FOUND', 'PROBE_FAILED', 'QUOTA_EXCEEDED', 'NOT_STABILIZED'];

/*
 * Only a whole answer changes a state: a check that could not ask says nothing. One that ends after an operation has
 * begun says nothing any more.
 */
const MOVE_READS = `
  WITH moved AS MATERIALIZED (
    SELECT e.tenant_id, e.id, w.state, r.error
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[]) AS w (tenant_id, id, run_id, kind, state)
    JOIN compute_environments e ON e.tenant_id = w.tenant_id AND e.id = w.id
    CROSS JOIN LATERAL (SELECT error FROM runs WHERE tenant_id = w.tenant_id AND id = w.run_id LIMIT 1) r
    WHERE e.state IN ('ACTIVE', 'DEGRADED') AND (e.state <> w.state OR w.state = 'DEGRADED')
      AND (w.state = 'ACTIVE' OR r.error ->> 'code' IN ('${DRIFT.join("', '")}'))
    ORDER BY e.tenant_id, e.id FOR NO KEY UPDATE OF e
  )
  UPDATE compute_environments e SET
    state = m.state, error = CASE m.state WHEN 'DEGRADED' THEN m.error END, updated_at = now()
  FROM moved m WHERE e.tenant_id = m.tenant_id AND e.id = m.id`;

const READS: Moves = { succeeded: 'ACTIVE', failed: 'DEGRADED' };

/** Whether an environment is ACTIVE or DEGRADED moves with the ends of its drift checks. */
export const environmentReads: Subject = {
  kinds: ['read'],
  move(client, runs) {
    const moved = runs.flatMap((run) => {
      const state = READS[run.state];
      return state ? subjectsOf(run).map((id) => ({ ...run, environmentId: id, state })) : [];
    });
    return update(client, MOVE_READS, moved);
  },
};

/** The id of the environment that a run is about. */
function subjectsOf({ subject }: MovedRun): string[] {
  const id = environmentOf(subject);
  return id !== undefined && isUuid(id) ? [id] : [];
}

interface Moved extends Omit<MovedRun, 'state'> {
  readonly environmentId: string;
  readonly state: EnvironmentState;
}

function update(client: ClientBase, statement: string, moved: readonly Moved[]): readonly Promise<unknown>[] {
  if (moved.length === 0) return [];
  const values = [
    moved.map(({ tenantId }) => tenantId),
    moved.map(({ environmentId }) => environmentId),
    moved.map(({ id }) => id),
    moved.map(({ kind }) => kind),
    moved.map(({ state }) => state),
  ];
  return [client.query(statement, values)];
}
