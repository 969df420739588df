import type { Pool } from 'pg';
import type { DatasetRef } from '../../../core/kernel/stores/operational.ts';

const UNNAMED = `
  SELECT w.key FROM unnest($3::text[]) AS w (key)
  WHERE NOT EXISTS (SELECT FROM dataset_partitions WHERE tenant_id = $1 AND dataset = $2 AND object_key = w.key)
    AND NOT EXISTS (SELECT FROM dataset_replaced
      WHERE tenant_id = $1 AND dataset = $2 AND object_key = w.key AND replaced_at > $4)
    AND NOT EXISTS (
      SELECT FROM dataset_staged s JOIN runs r ON r.tenant_id = s.tenant_id AND r.id = s.run_id
      WHERE s.tenant_id = $1 AND s.dataset = $2 AND s.made ->> 'key' = w.key
        AND r.state NOT IN ('succeeded', 'failed', 'cancelled'))
    AND NOT EXISTS (
      SELECT FROM dataset_exported_tables t JOIN dataset_exports e ON e.tenant_id = t.tenant_id AND e.id = t.export_id
      WHERE e.tenant_id = $1 AND e.dataset = $2 AND e.committed_at IS NULL
        AND w.key IN (t.exported #>> '{changes,key}', t.exported #>> '{partition,key}'))`;

/** See `WarehouseRecords.unnamed`. */
export async function unnamedObjects(
  pool: Pool,
  { tenantId, id }: DatasetRef,
  keys: readonly string[],
  before: Date,
): Promise<readonly string[]> {
  const { rows } = await pool.query<{ key: string }>(UNNAMED, [tenantId, id, keys, before]);
  return rows.map(({ key }) => key);
}

// A run that is there no more has ended as well.
const STAGED = `
  DELETE FROM dataset_staged s WHERE ctid = ANY (ARRAY (
    SELECT s.ctid FROM dataset_staged s LEFT JOIN runs r ON r.tenant_id = s.tenant_id AND r.id = s.run_id
    WHERE s.tenant_id = $1 AND s.dataset = $2 AND coalesce(r.state, 'failed') IN ('succeeded', 'failed', 'cancelled')
    LIMIT $3))`;

const EXPORTED = `
  DELETE FROM dataset_exported_tables WHERE ctid = ANY (ARRAY (
    SELECT t.ctid FROM dataset_exported_tables t JOIN dataset_exports e ON e.tenant_id = t.tenant_id AND e.id = t.export_id
    WHERE e.tenant_id = $1 AND e.dataset = $2 AND e.committed_at IS NOT NULL LIMIT $3))`;

// Those with rows in quarantine stay with them.
const MESSAGES = `
  DELETE FROM dataset_loads WHERE ctid = ANY (ARRAY (
    SELECT l.ctid FROM dataset_loads l JOIN dataset_exports e ON e.tenant_id = l.tenant_id AND e.id = l.export_id
    WHERE l.tenant_id = $1 AND l.dataset = $2 AND l.kind = 'message' AND l.loaded_at < $4 AND e.committed_at < $4
      AND NOT EXISTS (SELECT FROM dataset_quarantine q WHERE q.tenant_id = l.tenant_id AND q.load_id = l.id)
    LIMIT $3))`;

/** See `WarehouseRecords.retire`. */
export async function retireRecords(
  pool: Pool,
  { tenantId, id }: DatasetRef,
  messagesBefore: Date,
  limit: number,
): Promise<number> {
  let gone = 0;
  for (const [statement, ...more] of [[STAGED], [EXPORTED], [MESSAGES, messagesBefore]] as const) {
    if (gone >= limit) break;
    const { rowCount } = await pool.query(statement, [tenantId, id, limit - gone, ...more]);
    gone += rowCount ?? 0;
  }
  return gone;
}
