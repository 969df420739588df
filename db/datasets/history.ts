import type { ClientBase } from 'pg';
import { agree, list } from './column-sql.ts';
import { namesOf, storedColumns } from './layout.ts';
import type { Staged } from './staging.ts';
import { greater, greatestFirst, stagedVersion } from './versions.ts';

/**
 * Keeps every version of the staged rows, also those that are older than what stands or that will be held; of one
 * version the greatest content.
 */
export async function keepHistory(client: ClientBase, { layout, staging, load, version }: Staged): Promise<void> {
  const { table, history = '', pastHistory = '' } = layout;
  const stored = namesOf(storedColumns(table));
  const key = [...table.key, table.versionColumn.name];
  const set = stored
    .filter((name) => !key.includes(name))
    .map((name) => `${list([name])} = ${list([name], 'EXCLUDED')}`);
  const order = [list(key, 's'), ...greatestFirst(table, 's')].join(', ');
  await client.query(`
    WITH staged AS (
      SELECT ${list(namesOf(table.columns), 's')}, ${load}::bigint AS _load_id, ${stagedVersion(table, 's', version).version} AS _version
      FROM ${staging.name} AS s
    ), come AS (
      SELECT DISTINCT ON (${list(key, 's')}) ${list(stored, 's')} FROM staged AS s ORDER BY ${order}
    ), replaced AS (
      INSERT INTO ${pastHistory} (${list(stored)})
      SELECT ${list(stored, 'h')} FROM ${history} AS h JOIN come AS c ON ${agree(key, 'h', 'c')} WHERE ${greater(table, 'c', 'h')}
    )
    INSERT INTO ${history} AS h (${list(stored)}) SELECT ${list(stored)} FROM come
    ON CONFLICT (${list(key)}) DO UPDATE SET ${set.join(', ')} WHERE ${greater(table, 'EXCLUDED', 'h')}`);
}
