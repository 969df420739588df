import type { ClientBase, QueryConfig, QueryResult, QueryResultRow } from 'pg';
import { groupBy } from '../../../core/kernel/collections.ts';
import type { NewRun, RunState } from '../../../core/kernel/runs.ts';
import { asExclusion } from './exclusion.ts';
import { RUN_COLUMNS, type RunRow } from './row.ts';
import { admit, slotsWanted } from './slots.ts';
import { movedBy, moveSubjects, SUBJECTS } from './subjects.ts';

/** Wakes every worker once the surrounding transaction commits. */
export const WAKE = `SELECT pg_notify('sluice_runs', '')`;

const ADD = `
  INSERT INTO runs (tenant_id, id, kind, definition, definition_version, definition_hash, pipeline, subject,
                    automation_id, connection_id, input, event, context, error, concurrency_key, concurrency_limit,
                    holds_slot, exclusive_key, compensates, cursor, state, due_at, deadline, finished_at)
  SELECT r.tenant_id, r.id, r.kind, r.definition, r.version, r.hash, r.pipeline, r.subject,
         r.automation_id, r.connection_id, r.input::json, r.event::json, r.context::json, r.error::json, r.key,
         r.key_limit, r.holds_slot, r.exclusive_key, r.compensates, r.cursor::json, r.state,
         CASE WHEN r.state = 'failed' THEN NULL
              WHEN r.key IS NOT NULL AND NOT r.holds_slot THEN 'infinity'::timestamptz
              ELSE now() + least(r.delay_ms, r.deadline_ms) * interval '1 millisecond' END,
         now() + r.deadline_ms * interval '1 millisecond',
         CASE WHEN r.state = 'failed' THEN now() END
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
              $9::uuid[], $10::uuid[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::int[],
              $17::boolean[], $18::text[], $19::boolean[], $20::text[], $21::text[], $22::float8[], $23::float8[])
    AS r (tenant_id, id, kind, definition, version, hash, pipeline, subject, automation_id, connection_id, input,
          event, context, error, key, key_limit, holds_slot, exclusive_key, compensates, cursor, state, delay_ms,
          deadline_ms)`;

const INSERT = {
  name: 'runs-insert',
  text: `
    WITH added AS (${ADD} RETURNING state)
    SELECT pg_notify('sluice_runs', '') FROM added WHERE state <> 'failed' LIMIT 1`,
};

const INSERT_AND_SHOW = {
  name: 'run-insert',
  text: `
    WITH added AS (${ADD} RETURNING ${RUN_COLUMNS})
    SELECT added.*, CASE WHEN state <> 'failed' THEN pg_notify('sluice_runs', '') END AS told FROM added`,
};

/**
 * Adds runs inside the caller's transaction, so that they commit with what caused them, and wakes the workers when
 * it does. A run under a full concurrency key is parked (`due_at` infinity) until one before it ends.
 * @throws RunExclusion where another run that has not ended has a run's exclusive key; the transaction is lost then
 */
export async function insertRuns(
  client: ClientBase,
  runs: readonly NewRun[],
  subjects = SUBJECTS,
): Promise<void> {
  if (runs.length === 0) return;
  const admitted = await admit(client, slotsWanted(runs));
  await insert(client, runs.filter(({ exclusiveKey }) => exclusiveKey === undefined), admitted);
  // One by one: the server does not say which of several keys was taken, where row-level security is on.
  for (const run of runs.filter(({ exclusiveKey }) => exclusiveKey !== undefined)) {
    await insertAlone(client, INSERT, run, admitted);
  }
  for (const [state, made] of groupBy(runs, firstState)) await moveSubjects(client, movedBy(subjects, state), made);
}

/**
 * Adds one run as `insertRuns` does.
 * @returns the run as it is on record
 */
export async function insertRun(client: ClientBase, run: NewRun): Promise<RunRow> {
  const admitted = await admit(client, slotsWanted([run]));
  const { rows } = await insertAlone<RunRow>(client, INSERT_AND_SHOW, run, admitted);
  await moveSubjects(client, movedBy(SUBJECTS, firstState(run)), [run]);
  return rows[0]!;
}

const PRESENT = `SELECT id FROM runs WHERE (tenant_id, id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))`;

/**
 * As `insertRuns`, but passes over runs that are there: where the answer to a commit was lost, its work is done once
 * more under the same lease.
 */
export async function insertMissing(
  client: ClientBase,
  runs: readonly NewRun[],
  subjects = SUBJECTS,
): Promise<void> {
  if (runs.length === 0) return;
  const ids = [runs.map((run) => run.tenantId), runs.map((run) => run.id)];
  const { rows } = await client.query<{ id: string }>(PRESENT, ids);
  const present = new Set(rows.map(({ id }) => id));
  await insertRuns(client, runs.filter(({ id }) => !present.has(id)), subjects);
}

async function insert(client: ClientBase, runs: readonly NewRun[], admitted: ReadonlySet<string>): Promise<void> {
  if (runs.length > 0) await client.query({ values: valuesOf(runs, admitted), ...INSERT });
}

async function insertAlone<Row extends QueryResultRow>(
  client: ClientBase,
  statement: QueryConfig,
  run: NewRun,
  admitted: ReadonlySet<string>,
): Promise<QueryResult<Row>> {
  try {
    return await client.query<Row>({ values: valuesOf([run], admitted), ...statement });
  } catch (error) {
    throw asExclusion(error, run.exclusiveKey);
  }
}

function valuesOf(runs: readonly NewRun[], admitted: ReadonlySet<string>): unknown[][] {
  const column = <T>(pick: (run: NewRun) => T): T[] => runs.map(pick);
  return [
    column((r) => r.tenantId),
    column((r) => r.id),
    column((r) => r.kind),
    column((r) => r.definition.id),
    column((r) => r.definition.version),
    column((r) => r.definition.hash),
    column((r) => r.pipeline),
    column((r) => r.subject),
    column((r) => r.automationId ?? null),
    column((r) => r.connectionId ?? null),
    column((r) => JSON.stringify(r.input)),
    column((r) => (r.event ? JSON.stringify(r.event) : null)),
    column((r) => (r.context ? JSON.stringify(r.context) : null)),
    column((r) => (r.error ? JSON.stringify(r.error) : null)),
    column((r) => r.concurrency?.key ?? null),
    column((r) => r.concurrency?.limit ?? null),
    column((r) => admitted.has(r.id)),
    column((r) => r.exclusiveKey ?? null),
    column((r) => r.compensates ?? false),
    column((r) => (r.cursor ? JSON.stringify(r.cursor) : BEGINNING)),
    column(firstState),
    column((r) => r.delayMs ?? 0),
    column((r) => r.deadlineMs ?? null),
  ];
}

const BEGINNING = '{"steps":{},"generation":0}';

function firstState({ error, cursor }: NewRun): RunState {
  if (error) return 'failed';
  return cursor?.rollback ? 'rolling_back' : 'queued';
}
