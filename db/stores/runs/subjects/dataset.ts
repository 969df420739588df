import { datasetOf } from '../../../../core/kernel/stores/datasets.ts';
import type { RunState } from '../../../../core/kernel/runs.ts';
import type { Subject } from '../subject.ts';

/*
 * Staged partitions without an error become current. What a partition was before is noted as replaced; what has asked for
 * it is answered. A partition that could not be built stays as it is and keeps its mark, or gets one, with the reason. One
 * that has to follow another and that this run has not come to gets a mark. All parts see what was before.
 */
const SWAP = `
  WITH staged AS (
    DELETE FROM dataset_staged WHERE tenant_id = $1 AND dataset = $2 AND run_id = $3
    RETURNING table_name, partition, made, error, follows, marks
  ), good AS (
    SELECT * FROM staged WHERE error IS NULL
  ), replaced AS (
    INSERT INTO dataset_replaced (tenant_id, dataset, object_key)
    SELECT p.tenant_id, p.dataset, p.object_key FROM dataset_partitions p JOIN good USING (table_name, partition)
    WHERE p.tenant_id = $1 AND p.dataset = $2
    ON CONFLICT DO NOTHING
  ), emptied AS (
    DELETE FROM dataset_partitions p USING good g
    WHERE p.tenant_id = $1 AND p.dataset = $2 AND p.table_name = g.table_name AND p.partition = g.partition
      AND g.made IS NULL
  ), put AS (
    INSERT INTO dataset_partitions (tenant_id, dataset, table_name, partition, object_key, rows, hash_high, hash_low, bytes,
      run_id, definition_hash)
    SELECT $1, $2, table_name, partition, made ->> 'key', (made ->> 'rows')::bigint, (made ->> 'high')::numeric,
      (made ->> 'low')::numeric, (made ->> 'bytes')::bigint, $3,
      (SELECT definition_hash FROM runs WHERE tenant_id = $1 AND id = $3)
    FROM good WHERE made IS NOT NULL
    ON CONFLICT (tenant_id, dataset, table_name, partition) DO UPDATE SET object_key = excluded.object_key,
      rows = excluded.rows, hash_high = excluded.hash_high, hash_low = excluded.hash_low, bytes = excluded.bytes,
      run_id = excluded.run_id, definition_hash = excluded.definition_hash, built_at = now()
  ), answered AS (
    DELETE FROM dataset_marks
    WHERE tenant_id = $1 AND dataset = $2 AND id IN (SELECT unnest(marks) FROM good)
  ), wanted AS (
    SELECT table_name, partition, error FROM staged WHERE error IS NOT NULL
    UNION
    SELECT f."table", f.partition, NULL FROM good, json_to_recordset(follows) AS f ("table" text, partition text)
    WHERE NOT EXISTS (SELECT FROM staged s WHERE s.table_name = f."table" AND s.partition IN (f.partition, ''))
  ), told AS (
    UPDATE dataset_marks m SET error = w.error FROM wanted w
    WHERE m.tenant_id = $1 AND m.dataset = $2 AND m.table_name = w.table_name AND m.partition = w.partition
      AND w.error IS NOT NULL
  )
  INSERT INTO dataset_marks (tenant_id, dataset, table_name, partition, error)
  SELECT $1, $2, w.table_name, w.partition, w.error FROM wanted w
  WHERE NOT EXISTS (SELECT FROM dataset_marks m WHERE m.tenant_id = $1 AND m.dataset = $2
    AND m.table_name = w.table_name AND m.partition = w.partition)`;

const DISCARD = `DELETE FROM dataset_staged WHERE tenant_id = $1 AND dataset = $2 AND run_id = $3`;

const STATEMENTS: Readonly<Partial<Record<RunState, string>>> = { succeeded: SWAP, failed: SWAP, cancelled: DISCARD };

/**
 * What a run has built of a dataset becomes current as the run ends, also where a part of it failed; where somebody
 * cancelled it nothing does.
 */
export const datasetBuilds: Subject = {
  kinds: ['nightly', 'build'],
  move(client, runs) {
    return runs.flatMap(({ tenantId, id, subject, state }) => {
      const dataset = datasetOf(subject);
      const statement = STATEMENTS[state];
      return dataset === undefined || statement === undefined ? [] : [client.query(statement, [tenantId, dataset, id])];
    });
  },
};
