import type { ClientBase, Pool } from 'pg';
import type { DatasetRef } from '../../core/kernel/stores/operational.ts';
import type {
  CurrentPartition,
  Export,
  ExportedTable,
  Mark,
  PartitionRef,
  StagedPartition,
  WarehouseRecords,
} from '../../core/kernel/stores/warehouse-records.ts';
import { BEGIN_LONG } from '../datasets/transaction.ts';
import { inTransaction } from '../transaction.ts';
import { openExport } from './warehouse/open-export.ts';
import { retireRecords, unnamedObjects } from './warehouse/retire.ts';

const CURRENT = `
  SELECT table_name AS "table", partition, object_key AS key, rows, hash_high::text AS high, hash_low::text AS low, bytes
  FROM dataset_partitions
  WHERE tenant_id = $1 AND dataset = $2 AND ($3::text[] IS NULL OR table_name = ANY ($3))
  ORDER BY table_name COLLATE "C", partition COLLATE "C"`;

const EXPORTED = `SELECT table_name AS "table", exported FROM dataset_exported_tables WHERE tenant_id = $1 AND export_id = $2`;

const NOTE_EXPORTED = `
  INSERT INTO dataset_exported_tables (tenant_id, export_id, table_name, exported) VALUES ($1, $2, $3, $4)
  ON CONFLICT DO NOTHING`;

// By itself: whoever waits for another commit of the same export finds that it is over.
const COMMIT = `
  UPDATE dataset_exports SET committed_at = now()
  WHERE tenant_id = $1 AND dataset = $2 AND id = $3 AND committed_at IS NULL RETURNING run_id, closes, night`;

const CLOSE = `
  UPDATE datasets SET exported_through = greatest(exported_through, $3::date) WHERE tenant_id = $1 AND id = $2`;

const BUILT_BY = `
  SELECT table_name AS "table", partition FROM dataset_partitions
  WHERE tenant_id = $1 AND dataset = $2 AND run_id = $3 AND definition_hash = $4`;

// Both parts see what was current before.
const EXPORTED_BECOME_CURRENT = `
  WITH made AS (
    SELECT table_name, exported -> 'partition' AS made FROM dataset_exported_tables
    WHERE tenant_id = $1 AND export_id = $3 AND exported -> 'partition' IS NOT NULL
  ), replaced AS (
    INSERT INTO dataset_replaced (tenant_id, dataset, object_key)
    SELECT p.tenant_id, p.dataset, p.object_key FROM dataset_partitions p JOIN made USING (table_name)
    WHERE p.tenant_id = $1 AND p.dataset = $2 AND p.partition = $4
    ON CONFLICT DO NOTHING
  )
  INSERT INTO dataset_partitions (tenant_id, dataset, table_name, partition, object_key, rows, hash_high, hash_low, bytes, run_id)
  SELECT $1, $2, table_name, $4, made ->> 'key', (made ->> 'rows')::bigint, (made ->> 'high')::numeric,
    (made ->> 'low')::numeric, (made ->> 'bytes')::bigint, $5
  FROM made
  ON CONFLICT (tenant_id, dataset, table_name, partition) DO UPDATE SET object_key = excluded.object_key,
    rows = excluded.rows, hash_high = excluded.hash_high, hash_low = excluded.hash_low, bytes = excluded.bytes,
    run_id = excluded.run_id, built_at = now()`;

// A mark that is there already says the same, and nobody is reading it: a dataset has one run at a time.
const MARK = `
  INSERT INTO dataset_marks (tenant_id, dataset, table_name, partition)
  SELECT DISTINCT $1::uuid, $2, w.* FROM unnest($3::text[], $4::text[]) AS w (table_name, partition)
  WHERE NOT EXISTS (SELECT FROM dataset_marks m WHERE m.tenant_id = $1 AND m.dataset = $2
    AND m.table_name = w.table_name AND m.partition = w.partition)`;

const MARKS = `
  SELECT id, table_name AS "table", partition FROM dataset_marks WHERE tenant_id = $1 AND dataset = $2 ORDER BY id`;

const STAGED = `
  SELECT table_name AS "table", partition, made, error, follows, marks FROM dataset_staged
  WHERE tenant_id = $1 AND dataset = $2 AND run_id = $3 ORDER BY table_name COLLATE "C", partition COLLATE "C"`;

// The run is locked: it cannot end in this moment, and what is noted after its end would be taken for a replay's.
const STAGE = `
  WITH run AS (
    SELECT id FROM runs WHERE tenant_id = $1 AND id = $3 AND state NOT IN ('succeeded', 'failed', 'cancelled') FOR SHARE)
  INSERT INTO dataset_staged (tenant_id, dataset, run_id, table_name, partition, made, error, follows, marks)
  SELECT $1, $2, run.id, w.table_name, w.partition, w.made::json, w.error, w.follows::json,
    ARRAY (SELECT json_array_elements_text(w.marks::json)::bigint)
  FROM run, unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
    AS w (table_name, partition, made, error, follows, marks)
  ON CONFLICT DO NOTHING`;

/** What the warehouses of datasets hold, of all tenants, as the engine's role sees it. */
export function warehouseRecords(pool: Pool): WarehouseRecords {
  return {
    async current({ tenantId, id }, tables) {
      const { rows } = await pool.query<CurrentPartition>(CURRENT, [tenantId, id, tables ?? null]);
      return rows;
    },
    async builtBy({ tenantId, id }, runId, definitionHash) {
      const { rows } = await pool.query<PartitionRef>(BUILT_BY, [tenantId, id, runId, definitionHash]);
      return rows;
    },
    openExport: (dataset, due, runId) =>
      inTransaction(pool, BEGIN_LONG, (client): Promise<Export | undefined> => openExport(client, dataset, due, runId)),
    async exportedTables({ tenantId }, exportId) {
      const { rows } = await pool.query<{ table: string; exported: ExportedTable }>(EXPORTED, [tenantId, exportId]);
      return new Map(rows.map(({ table, exported }) => [table, exported]));
    },
    async noteExported({ tenantId }, exportId, table, exported) {
      await pool.query(NOTE_EXPORTED, [tenantId, exportId, table, JSON.stringify(exported)]);
    },
    commitExport: (dataset, exportId, marks) =>
      inTransaction(pool, 'BEGIN', (client) => commitExport(client, dataset, exportId, marks)),
    async marks({ tenantId, id }) {
      const { rows } = await pool.query<Mark>(MARKS, [tenantId, id]);
      return rows;
    },
    async staged({ tenantId, id }, runId) {
      const { rows } = await pool.query<StagedRow>(STAGED, [tenantId, id, runId]);
      return rows.map(showStaged);
    },
    async stage({ tenantId, id }, runId, partitions) {
      await pool.query(STAGE, [tenantId, id, runId, ...stagedColumns(partitions)]);
    },
    unnamed: (dataset, keys, before) => unnamedObjects(pool, dataset, keys, before),
    async forget({ tenantId, id }, keys) {
      await pool.query(FORGET, [tenantId, id, keys]);
    },
    retire: (dataset, messagesBefore, limit) => retireRecords(pool, dataset, messagesBefore, limit),
  };
}

const FORGET = `DELETE FROM dataset_replaced WHERE tenant_id = $1 AND dataset = $2 AND object_key = ANY ($3)`;

async function commitExport(
  client: ClientBase,
  { tenantId, id }: DatasetRef,
  exportId: number,
  marks: readonly PartitionRef[],
): Promise<void> {
  const { rows } = await client.query<{ run_id: string; closes: boolean; night: string }>(COMMIT, [tenantId, id, exportId]);
  const [committed] = rows;
  if (!committed) return;
  const { night, run_id: runId, closes } = committed;
  await client.query(EXPORTED_BECOME_CURRENT, [tenantId, id, exportId, night, runId]);
  const tables = marks.map(({ table }) => table);
  await client.query(MARK, [tenantId, id, tables, marks.map(({ partition }) => partition)]);
  if (closes) await client.query(CLOSE, [tenantId, id, night]);
}

type StagedRow = PartitionRef & Pick<StagedPartition, 'follows' | 'marks'> & {
  readonly made: StagedPartition['made'] | null;
  readonly error: string | null;
};

/** The driver gives the elements of a bigint[] as text. */
function showStaged({ made, error, marks, ...row }: StagedRow): StagedPartition {
  return { ...row, marks: marks.map(Number), ...(made ? { made } : {}), ...(error === null ? {} : { error }) };
}

function stagedColumns(partitions: readonly StagedPartition[]): unknown[][] {
  return [
    partitions.map(({ table }) => table),
    partitions.map(({ partition }) => partition),
    partitions.map(({ made }) => (made ? JSON.stringify(made) : null)),
    partitions.map(({ error }) => error ?? null),
    partitions.map(({ follows }) => JSON.stringify(follows)),
    partitions.map(({ marks }) => JSON.stringify(marks)),
  ];
}
