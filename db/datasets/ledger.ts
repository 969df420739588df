import type { ClientBase } from 'pg';
import type {
  DatasetRef,
  FileVersion,
  LoadCounts,
  NewLoad,
  Quarantined,
} from '../../core/kernel/stores/operational.ts';

interface Entry {
  readonly state: 'loaded' | 'refused';
  readonly definition: string;
}

const FIND = `
  SELECT state, definition_hash AS definition FROM dataset_loads
  WHERE tenant_id = $1 AND dataset = $2 AND source = $3 AND object = $4 AND etag = $5`;

/** What the ledger says of a load; undefined where it is to be taken in, also one that another definition refused. */
export async function isKnown(client: ClientBase, dataset: DatasetRef, load: NewLoad): Promise<boolean> {
  const { rows } = await client.query<Entry>(FIND, keyOf(dataset, load));
  const [entry] = rows;
  return entry !== undefined && (entry.state === 'loaded' || entry.definition === load.definitionHash);
}

const FORGET = `
  WITH refused AS (
    SELECT id FROM dataset_loads
    WHERE tenant_id = $1 AND dataset = $2 AND source = $3 AND object = $4 AND etag = $5
      AND state = 'refused' AND definition_hash <> $6
  ), rows AS (
    DELETE FROM dataset_quarantine WHERE tenant_id = $1 AND load_id IN (SELECT id FROM refused)
  )
  DELETE FROM dataset_loads WHERE tenant_id = $1 AND id IN (SELECT id FROM refused)`;

const CLAIM = `
  INSERT INTO dataset_loads (tenant_id, dataset, source, object, etag, definition_hash, kind, run_id, state, loaded_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'loaded', clock_timestamp())
  ON CONFLICT (tenant_id, dataset, source, object, etag) DO NOTHING
  RETURNING id`;

/**
 * Writes the entry of a load that is about to be merged. The caller holds the tables it goes to, so that the order of
 * ids and of `loaded_at` is that of the commits.
 * @returns its id; undefined where the ledger has it
 */
export async function claim(client: ClientBase, dataset: DatasetRef, load: NewLoad): Promise<string | undefined> {
  const key = [...keyOf(dataset, load), load.definitionHash];
  if (load.kind === 'file') await client.query(FORGET, key);
  const { rows } = await client.query<{ id: number | string }>(CLAIM, [...key, load.kind, load.runId]);
  return rows[0] && String(rows[0].id);
}

const COUNT = `
  UPDATE dataset_loads SET rows = $3, loaded = $4, held = $5, quarantined = $6, deduplicated = $7
  WHERE tenant_id = $1 AND id = $2`;

const QUARANTINE = `
  INSERT INTO dataset_quarantine (tenant_id, dataset, load_id, line, column_name, value, reason)
  SELECT $1, $2, $3, * FROM unnest($4::bigint[], $5::text[], $6::text[], $7::text[])`;

const CHUNK = 10_000;

/** Completes the entry. */
export async function note(
  client: ClientBase,
  { tenantId, id }: DatasetRef,
  load: string,
  { rows, loaded, held, quarantined, deduplicated }: LoadCounts,
  refused: readonly Quarantined[],
): Promise<void> {
  await client.query(COUNT, [tenantId, load, rows, loaded, held, quarantined, deduplicated]);
  for (let i = 0; i < refused.length; i += CHUNK) {
    const chunk = refused.slice(i, i + CHUNK);
    await client.query(QUARANTINE, [
      tenantId,
      id,
      load,
      chunk.map(({ line }) => line),
      chunk.map(({ column }) => column),
      chunk.map(({ value }) => value && storable(value)),
      chunk.map(({ reason }) => storable(reason)),
    ]);
  }
}

/** PostgreSQL's text takes every character but this one. */
const storable = (text: string): string => text.replaceAll('\0', '\uFFFD');

const REFUSE = `
  INSERT INTO dataset_loads AS l
    (tenant_id, dataset, source, object, etag, definition_hash, kind, run_id, state, error, loaded_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'refused', $9, clock_timestamp())
  ON CONFLICT (tenant_id, dataset, source, object, etag) DO UPDATE
    SET definition_hash = EXCLUDED.definition_hash, run_id = EXCLUDED.run_id, error = EXCLUDED.error,
      loaded_at = EXCLUDED.loaded_at
    WHERE l.state = 'refused'`;

/** Notes that a file is not taken. One that was loaded stays loaded. */
export async function refuse(client: ClientBase, dataset: DatasetRef, load: NewLoad, reason: string): Promise<void> {
  await client.query(REFUSE, [...keyOf(dataset, load), load.definitionHash, load.kind, load.runId, storable(reason)]);
}

const KNOWN = `
  SELECT object, etag FROM dataset_loads
  WHERE tenant_id = $1 AND dataset = $2 AND source = $3
    AND (object, etag) IN (SELECT * FROM unnest($5::text[], $6::text[]))
    AND (state = 'loaded' OR definition_hash = $4)`;

/** Those of these files that need no look. */
export async function knownOf(
  client: Pick<ClientBase, 'query'>,
  { tenantId, id }: DatasetRef,
  source: string,
  files: readonly FileVersion[],
  definitionHash: string,
): Promise<readonly FileVersion[]> {
  const objects = files.map(({ object }) => object);
  const etags = files.map(({ etag }) => etag);
  const { rows } = await client.query<FileVersion>(KNOWN, [tenantId, id, source, definitionHash, objects, etags]);
  return rows;
}

function keyOf({ tenantId, id }: DatasetRef, { source, object, etag }: NewLoad): string[] {
  return [tenantId, id, source, object, etag];
}
