import { SluiceError } from '../../core/kernel/errors.ts';
import type {
  Dataset,
  DatasetLoad,
  DatasetPartition,
  DatasetStore,
  QuarantinedRow,
} from '../../core/kernel/stores/datasets.ts';
import { cut } from './page.ts';
import type { Session } from './transaction.ts';

export const DATASET_COLUMNS = `
  tenant_id AS "tenantId", id, connection_id AS "connectionId", exported_through AS "exportedThrough",
  created_at AS "createdAt"`;

// One that is off is turned on again; one that is on keeps its connection.
const TURN_ON = `
  INSERT INTO datasets AS d (tenant_id, id, connection_id) VALUES ($1, $2, $3)
  ON CONFLICT (tenant_id, id) DO UPDATE SET connection_id = EXCLUDED.connection_id WHERE d.connection_id IS NULL
  RETURNING ${DATASET_COLUMNS}`;

const HOLDER = `
  SELECT c.id, c.name FROM datasets d JOIN connections c ON c.tenant_id = d.tenant_id AND c.id = d.connection_id
  WHERE d.tenant_id = $1 AND d.id = $2`;

const LIST = `SELECT ${DATASET_COLUMNS} FROM datasets WHERE tenant_id = $1`;

const LOADS = `
  SELECT l.id::text, kind, source, object, etag, state, error, l.run_id AS "runId", rows, loaded, held, quarantined,
    deduplicated, loaded_at AS "loadedAt", e.committed_at IS NOT NULL AS exported
  FROM dataset_loads l LEFT JOIN dataset_exports e ON e.tenant_id = l.tenant_id AND e.id = l.export_id
  WHERE l.tenant_id = $1 AND l.dataset = $2 AND ($3::text IS NULL OR state = $3) AND ($4::text IS NULL OR source = $4)
    AND ($5::bigint IS NULL OR l.id < $5)
  ORDER BY l.id DESC LIMIT $6`;

const QUARANTINE = `
  SELECT q.id::text, q.load_id::text AS "loadId", l.source, l.object, q.line, q.column_name AS column, q.value, q.reason,
    q.created_at AS at
  FROM dataset_quarantine q JOIN dataset_loads l ON l.tenant_id = q.tenant_id AND l.id = q.load_id
  WHERE q.tenant_id = $1 AND q.dataset = $2 AND ($3::text IS NULL OR l.source = $3)
    AND ($4::text IS NULL OR l.object = $4) AND ($5::bigint IS NULL OR q.id < $5)
  ORDER BY q.id DESC LIMIT $6`;

const QUARANTINED = `SELECT count(*) AS rows FROM dataset_quarantine WHERE tenant_id = $1 AND dataset = $2`;

// Names hold no blank, so this orders by table and partition, and one text says where a page ends.
const PARTITIONS = `
  WITH marked AS (
    SELECT table_name, partition, (array_agg(error ORDER BY id DESC) FILTER (WHERE error IS NOT NULL))[1] AS error
    FROM dataset_marks WHERE tenant_id = $1 AND dataset = $2 GROUP BY table_name, partition),
  held AS (SELECT * FROM dataset_partitions WHERE tenant_id = $1 AND dataset = $2),
  known AS (
    SELECT table_name || ' ' || partition AS id, table_name AS "table", partition,
      CASE WHEN m.error IS NOT NULL THEN 'failed' WHEN m.table_name IS NOT NULL THEN 'dirty' ELSE 'current' END AS state,
      m.error, h.rows, h.hash_high::text AS high, h.hash_low::text AS low, h.bytes, h.built_at AS "builtAt"
    FROM held h FULL JOIN marked m USING (table_name, partition))
  SELECT * FROM known
  WHERE ($3::text IS NULL OR "table" = $3) AND ($4::text IS NULL OR state = $4)
    AND ($5::text IS NULL OR id COLLATE "C" > $5)
  ORDER BY id COLLATE "C" LIMIT $6`;

export function datasetStore({ client }: Session): DatasetStore {
  const one = async (query: string, values: unknown[]): Promise<Dataset | undefined> =>
    (await client.query<DatasetRow>(query, values)).rows.map(showDataset)[0];

  return {
    async turnOn({ tenantId, id }, connectionId) {
      const turned = await one(TURN_ON, [tenantId, id, connectionId]);
      if (turned) return turned;
      const { rows } = await client.query<{ id: string; name: string }>(HOLDER, [tenantId, id]);
      const holder = rows[0] ? `the connection "${rows[0].name}" (${rows[0].id})` : 'another connection';
      const detail = `The dataset "${id}" is on already, by ${holder}. Change that one, or delete it first: the data stays.`;
      throw new SluiceError('CONFLICT', detail);
    },
    find: (tenantId, id) => one(`${LIST} AND id = $2`, [tenantId, id]),
    byConnection: (tenantId, connectionId) => one(`${LIST} AND connection_id = $2`, [tenantId, connectionId]),
    async list(tenantId) {
      const { rows } = await client.query<DatasetRow>(`${LIST} ORDER BY id`, [tenantId]);
      return rows.map(showDataset);
    },
    async loads({ tenantId, id }, { state, source }, page) {
      const values = [tenantId, id, state ?? null, source ?? null, page.after ?? null, page.limit + 1];
      const { rows } = await client.query<LoadRow>(LOADS, values);
      return cut(rows, page, ({ error, runId, ...row }) => ({
        ...row,
        error: error ?? undefined,
        runId: runId ?? undefined,
      }));
    },
    async quarantine({ tenantId, id }, { source, object }, page) {
      const values = [tenantId, id, source ?? null, object ?? null, page.after ?? null, page.limit + 1];
      const { rows } = await client.query<QuarantineRow>(QUARANTINE, values);
      return cut(rows, page, ({ column, value, ...row }) => ({
        ...row,
        ...(column === null ? {} : { column }),
        ...(value === null ? {} : { value }),
      }));
    },
    async quarantined({ tenantId, id }) {
      const { rows } = await client.query<{ rows: number }>(QUARANTINED, [tenantId, id]);
      return rows[0]!.rows;
    },
    async partitions({ tenantId, id }, { table, state }, page) {
      const values = [tenantId, id, table ?? null, state ?? null, page.after ?? null, page.limit + 1];
      const { rows } = await client.query<PartitionRow>(PARTITIONS, values);
      const { items, next } = cut(rows, page, (row) => row);
      return { items: items.map(showPartition), next };
    },
  };
}

export type DatasetRow = Record<'tenantId' | 'id', string> &
  Record<'connectionId' | 'exportedThrough', string | null> & { readonly createdAt: Date };

export function showDataset({ connectionId, exportedThrough, ...row }: DatasetRow): Dataset {
  return { ...row, connectionId: connectionId ?? undefined, exportedThrough: exportedThrough ?? undefined };
}

type LoadRow = Omit<DatasetLoad, 'error' | 'runId'> & Record<'error' | 'runId', string | null>;

type QuarantineRow = Omit<QuarantinedRow, 'column' | 'value'> & Record<'column' | 'value', string | null>;

type PartitionRow = Record<'id' | 'table' | 'partition', string> & {
  readonly state: DatasetPartition['state'];
  readonly error: string | null;
  /** Null where nothing is there, and the others with it. */
  readonly rows: number | null;
  readonly high: string;
  readonly low: string;
  readonly bytes: number;
  readonly builtAt: Date;
};

function showPartition({ table, partition, state, error, rows, ...held }: PartitionRow): DatasetPartition {
  const { high, low, bytes, builtAt } = held;
  const holds = rows === null ? undefined : { rows, high, low, bytes, builtAt };
  return { table, partition, state, error: error ?? undefined, holds };
}
