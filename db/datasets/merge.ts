import type { ClientBase } from 'pg';
import { agree, list, quoted } from './column-sql.ts';
import { hold, missing } from './holding.ts';
import { keepHistory } from './history.ts';
import { heldBy, namesOf, storedColumns } from './layout.ts';
import { deleteRepeated, type Staged } from './staging.ts';
import { greatestFirst, newer, newestFirst, stagedVersion, storedVersion } from './versions.ts';

/** What was found of staged rows, in one look: what is not the case costs no further statement. */
interface Survey {
  /** Rows, and distinct keys. */
  readonly rows: number;
  readonly keys: number;
  /** Rows whose key is in the table, and those that refer to what is not there. */
  readonly present: number;
  readonly missing: number;
  /** Keys of the table were deleted. */
  readonly deletions: boolean;
}

/**
 * Merges staged rows into a table: of each key the newest stands, those that refer to what is not there are held. What
 * is left staged and not held are the newest of each key. The caller holds the group's tables.
 */
export async function merge(
  client: ClientBase,
  staged: Staged,
): Promise<{ readonly loaded: number; readonly held: number }> {
  const { table } = staged.layout;
  const found = await survey(client, staged);
  if (found.deletions) await client.query(deleteOutlived(staged));
  if (staged.layout.history !== undefined) await keepHistory(client, staged);
  const repeated = found.keys < found.rows;
  const order = newestStaged(staged);
  // Of one key, rows that refer to different ones are compared only where all of these are there.
  if (repeated) await client.query(deleteRepeated(staged.staging, heldBy(table), order));
  const held = found.missing > 0 ? await hold(client, staged) : 0;
  if (repeated && table.references.length > 0)
    await client.query(deleteRepeated(staged.staging, table.key, order, 'NOT s._held'));
  const replaced = found.present > 0 ? await replace(client, staged) : 0;
  const added = found.present < found.rows ? await add(client, staged, found.present > 0) : 0;
  return { loaded: replaced + added, held };
}

async function survey(client: ClientBase, { layout, staging }: Staged): Promise<Survey> {
  const { table, rows, deleted } = layout;
  const key = list(table.key);
  const { rows: found } = await client.query<Survey>(`
    SELECT (SELECT count(*) FROM ${staging.name}) AS rows,
      (SELECT count(*) FROM (SELECT FROM ${staging.name} GROUP BY ${key}) AS k) AS keys,
      (SELECT count(*) FROM ${staging.name} AS s JOIN ${rows} AS t USING (${key})) AS present,
      (SELECT count(*) FROM ${staging.name} AS s WHERE ${missing(layout, 's')}) AS missing,
      EXISTS (SELECT FROM ${deleted}) AS deletions`);
  return found[0]!;
}

/** The order of staged rows of a key, the newest first. Without a version of their own their content decides. */
function newestStaged({ layout: { table }, version }: Staged): readonly string[] {
  const staged = stagedVersion(table, 's', version);
  return version === undefined ? [newestFirst(table, staged)] : greatestFirst(table, 's');
}

/** Rows that are no newer than the deletion of their key. */
function deleteOutlived({ layout: { table, deleted }, staging, version }: Staged): string {
  return `
    DELETE FROM ${staging.name} AS s USING ${deleted} AS d
    WHERE ${agree(table.key, 's', 'd')} AND ${stagedVersion(table, 's', version).version} <= d._version`;
}

/** Lets staged rows stand in the place of older ones, which are kept for exports. */
async function replace(
  client: ClientBase,
  { layout: { table, rows, past }, staging, load, version }: Staged,
): Promise<number> {
  const stored = namesOf(storedColumns(table));
  const fresh = stagedVersion(table, 's', version);
  const older = `NOT s._held AND ${agree(table.key, 's', 't')} AND ${newer(table, fresh, storedVersion('t'))}`;
  await client.query(`
    INSERT INTO ${past} (${list(stored)}, _deleted)
    SELECT ${list(stored, 't')}, false FROM ${rows} AS t JOIN ${staging.name} AS s ON ${older}`);
  const set = namesOf(table.columns)
    .filter((name) => !table.key.includes(name))
    .map((name) => `${quoted(name)} = s.${quoted(name)}`);
  const { rowCount } = await client.query(`
    UPDATE ${rows} AS t SET ${[...set, `_load_id = ${load}`, `_version = ${fresh.version}`].join(', ')}
    FROM ${staging.name} AS s WHERE ${older}`);
  return rowCount ?? 0;
}

/** @param some whether keys of staged rows may be there */
async function add(
  client: ClientBase,
  { layout: { table, rows }, staging, load, version }: Staged,
  some: boolean,
): Promise<number> {
  const own = namesOf(table.columns);
  const absent = `NOT EXISTS (SELECT FROM ${rows} AS t WHERE ${agree(table.key, 's', 't')})`;
  const { rowCount } = await client.query(`
    INSERT INTO ${rows} (${list(own)}, _load_id, _version)
    SELECT ${list(own, 's')}, ${load}, ${stagedVersion(table, 's', version).version}
    FROM ${staging.name} AS s WHERE NOT s._held ${some ? `AND ${absent}` : ''}`);
  return rowCount ?? 0;
}
