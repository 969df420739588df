import type { ClientBase } from 'pg';
import type { NewRun } from '../../../core/kernel/runs.ts';
import { admit, slotsWanted } from './slots.ts';

/** Wakes every worker once the surrounding transaction commits. */
export const WAKE = `SELECT pg_notify('sluice_runs', '')`;

const INSERT = `
  WITH added AS (INSERT INTO runs (tenant_id, id, kind, definition, definition_version, definition_hash, pipeline, subject,
                    automation_id, connection_id, input, event, error, concurrency_key, concurrency_limit,
                    holds_slot, state, due_at, finished_at)
  SELECT r.tenant_id, r.id, r.kind, r.definition, r.version, r.hash, r.pipeline, r.subject,
         r.automation_id, r.connection_id, r.input::json, r.event::json, r.error::json, r.key, r.key_limit,
         r.holds_slot,
         CASE WHEN r.error IS NULL THEN 'queued' ELSE 'failed' END,
         CASE WHEN r.error IS NOT NULL THEN NULL
              WHEN r.key IS NOT NULL AND NOT r.holds_slot THEN 'infinity'::timestamptz
              ELSE now() END,
         CASE WHEN r.error IS NOT NULL THEN now() END
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
              $9::uuid[], $10::uuid[], $11::text[], $12::text[], $13::text[], $14::text[], $15::int[],
              $16::boolean[])
    AS r (tenant_id, id, kind, definition, version, hash, pipeline, subject, automation_id, connection_id, input,
          event, error, key, key_limit, holds_slot)
  RETURNING state)
  SELECT pg_notify('sluice_runs', '') FROM added WHERE state = 'queued' LIMIT 1`;

/**
 * Adds runs inside the caller's transaction, so that they commit with what caused them, and wakes the workers when
 * it does. A run under a full concurrency key is parked (`due_at` infinity) until one before it ends.
 */
export async function insertRuns(client: ClientBase, runs: readonly NewRun[]): Promise<void> {
  if (runs.length === 0) return;
  const admitted = await admit(client, slotsWanted(runs));
  const column = <T>(pick: (run: NewRun) => T): T[] => runs.map(pick);
  await client.query({
    name: 'runs-insert',
    text: INSERT,
    values: [
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
      column((r) => (r.error ? JSON.stringify(r.error) : null)),
      column((r) => r.concurrency?.key ?? null),
      column((r) => r.concurrency?.limit ?? null),
      column((r) => admitted.has(r.id)),
    ],
  });
}
