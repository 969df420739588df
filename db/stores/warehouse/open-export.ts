import type { ClientBase } from 'pg';
import type { DatasetRef } from '../../../core/kernel/stores/operational.ts';
import type { Export, NightsDue } from '../../../core/kernel/stores/warehouse-records.ts';
import { awaitTables, lockDataset } from '../../datasets/lock.ts';

const OPEN = `
  SELECT id, night, closes, (SELECT count(*) FROM dataset_loads l WHERE l.tenant_id = e.tenant_id AND l.export_id = e.id) AS loads
  FROM dataset_exports e WHERE tenant_id = $1 AND dataset = $2 AND committed_at IS NULL`;

/*
 * Nights are closed from the day on which the dataset was turned on. The day under way is never closed: its export is of
 * what there is, and not before a later one (a clock may have been set back).
 */
const NEXT = `
  WITH dataset AS (
    SELECT coalesce(d.exported_through + 1, least((d.created_at AT TIME ZONE $5)::date, w.first)) AS first,
      least($3::date, $4::date - 1) AS last, $3::date >= $4::date AND w.first IS NOT NULL AS more
    FROM datasets d, LATERAL (
      SELECT (min(loaded_at) AT TIME ZONE $5)::date AS first FROM dataset_loads
      WHERE tenant_id = d.tenant_id AND dataset = d.id AND export_id IS NULL AND state = 'loaded') w
    WHERE d.tenant_id = $1 AND d.id = $2)
  SELECT CASE WHEN $6 THEN first ELSE last END AS night, true AS closes FROM dataset WHERE first <= last
  UNION ALL
  SELECT greatest($4::date, (SELECT max(night) FROM dataset_exports WHERE tenant_id = $1 AND dataset = $2)), false
  FROM dataset WHERE more AND NOT coalesce(first <= last, false)`;

const INSERT = `
  INSERT INTO dataset_exports (tenant_id, dataset, night, closes, run_id) VALUES ($1, $2, $3, $4, $5) RETURNING id`;

const TAKE = `
  UPDATE dataset_loads SET export_id = $3
  WHERE tenant_id = $1 AND dataset = $2 AND export_id IS NULL AND state = 'loaded'
    AND (NOT $4::boolean OR (loaded_at AT TIME ZONE $5)::date <= $6::date)`;

/** See `WarehouseRecords.openExport`; inside the caller's transaction. */
export async function openExport(
  client: ClientBase,
  { tenantId, id }: DatasetRef,
  { through, today, timezone, catchUp, tables }: NightsDue,
  runId: string,
): Promise<Export | undefined> {
  const open = await openOne(client, { tenantId, id });
  if (open) return open;
  // What is seen of a day that is over is all of it then: a load that follows is of a later time.
  await awaitTables(client, { tenantId, id }, tables);
  await lockDataset(client, { tenantId, id });
  const opened = await openOne(client, { tenantId, id });
  if (opened) return opened;
  const values = [tenantId, id, through, today, timezone, catchUp];
  const next = await client.query<Pick<Export, 'night' | 'closes'>>(NEXT, values);
  if (!next.rows[0]) return undefined;
  const { night, closes } = next.rows[0];
  const made = await client.query<Pick<Export, 'id'>>(INSERT, [tenantId, id, night, closes, runId]);
  const exportId = made.rows[0]!.id;
  const { rowCount } = await client.query(TAKE, [tenantId, id, exportId, closes, timezone, night]);
  return { id: exportId, night, closes, loads: rowCount ?? 0 };
}

async function openOne(client: ClientBase, { tenantId, id }: DatasetRef): Promise<Export | undefined> {
  const { rows } = await client.query<Export>(OPEN, [tenantId, id]);
  return rows[0];
}
