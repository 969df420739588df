import type { ClientBase } from 'pg';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { DatasetRef } from '../../core/kernel/stores/operational.ts';
import { cascadeOf, withClause, type Going } from './cascade.ts';
import { list } from './column-sql.ts';
import type { Group } from './group.ts';
import { namesOf, storedColumns, type Layout } from './layout.ts';
import { note } from './ledger.ts';
import { lockTables } from './lock.ts';
import { claimChange, present } from './patch.ts';
import { hasKey } from './rows.ts';
import { nextVersion } from './versions.ts';

/**
 * Deletes a row and those that go with it: a load that leaves a mark of each, for exports and against versions that are
 * no newer.
 */
export async function deleteRow(
  client: ClientBase,
  dataset: DatasetRef,
  group: Group,
  layout: Layout,
  key: JsonObject,
  expected: string | undefined,
): Promise<void> {
  const { table, rows } = layout;
  await lockTables(client, dataset, group.keys());
  await present(client, layout, key, expected);
  const load = await claimChange(client, dataset, layout);
  const stored = list(namesOf(storedColumns(table)), 't');
  const going = cascadeOf(group, table.name, `SELECT ${stored} FROM ${rows} AS t WHERE ${hasKey(table, key)}`);
  const { rows: found } = await client.query<{ count: number }>(`
    WITH ${[withClause(going), ...going.flatMap((one) => marks(one, load))].join(', ')}
    SELECT ${going.map(({ name }) => `(SELECT count(*) FROM ${name})`).join(' + ')} AS count`);
  await client.query(`DELETE FROM ${rows} AS t WHERE ${hasKey(table, key)}`);
  const { count } = found[0]!;
  await note(client, dataset, load, { rows: count, loaded: count, held: 0, quarantined: 0, deduplicated: 0 }, []);
}

/** Keeps what goes, and what says that it went. */
function marks({ layout: { table, past, deleted }, name }: Going, load: string): string[] {
  const own = list(namesOf(table.columns));
  const key = list(table.key);
  const version = nextVersion(table, '_version');
  const part = (of: string): string => `"_${of}_${table.name}"`;
  return [
    `${part('marked')} AS MATERIALIZED (SELECT ${own}, ${version} AS _version FROM ${name})`,
    `${part('kept')} AS (
      INSERT INTO ${past} (${own}, _load_id, _version, _deleted)
      SELECT ${own}, _load_id, _version, false FROM ${name}
      UNION ALL SELECT ${own}, ${load}, _version, true FROM ${part('marked')})`,
    `${part('barred')} AS (
      INSERT INTO ${deleted} (${key}, _version) SELECT ${key}, _version FROM ${part('marked')}
      ON CONFLICT (${key}) DO UPDATE SET _version = EXCLUDED._version)`,
  ];
}
