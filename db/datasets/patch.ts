import type { ClientBase } from 'pg';
import type { JsonObject } from '../../core/kernel/json.ts';
import { uuid7 } from '../../core/kernel/ids.ts';
import {
  OperationalError,
  type DatasetRef,
  type NewLoad,
  type StoredRow,
} from '../../core/kernel/stores/operational.ts';
import { list, literal, quoted, typeOf } from './column-sql.ts';
import type { Group } from './group.ts';
import { namesOf, type Layout } from './layout.ts';
import { claim, note } from './ledger.ts';
import { lockTables } from './lock.ts';
import { merge } from './merge.ts';
import { hasKey, ownColumn, rowOf, valueOf } from './rows.ts';
import { withoutOversized, type Staging } from './staging.ts';
import { nextVersion } from './versions.ts';

/** Changes columns of a row: a load of one row, with a version above the present one. */
export async function patchRow(
  client: ClientBase,
  dataset: DatasetRef,
  group: Group,
  layout: Layout,
  staging: Staging,
  key: JsonObject,
  values: JsonObject,
  expected: string | undefined,
): Promise<StoredRow> {
  const { table } = layout;
  const changes = changesOf(layout, values);
  await lockTables(client, dataset, group.keys());
  await present(client, layout, key, expected);
  await refuseDangling(client, layout, values);
  const version = await versionOf(client, layout, key, changes);
  if (table.version.by === 'column') changes.set(table.version.column, version.expression);
  const own = namesOf(table.columns);
  await client.query(`
    INSERT INTO ${staging.name} (_line, ${list(own)})
    SELECT 1, ${own.map((name) => changes.get(name) ?? `t.${quoted(name)}`).join(', ')}
    FROM ${layout.rows} AS t WHERE ${hasKey(table, key)}`);
  const [oversized] = await withoutOversized(client, staging, [layout]);
  if (oversized) throw new OperationalError('invalid', oversized.reason, { column: oversized.column ?? '' });
  const load = await claimChange(client, dataset, layout);
  // Its key is as it was: no held row has waited for it.
  const { loaded } = await merge(client, { layout, staging, load, version: version.text });
  if (loaded !== 1)
    throw new Error(`A change of ${JSON.stringify(key)} in "${table.name}" was not above what is there.`);
  await note(client, dataset, load, { rows: 1, loaded: 1, held: 0, quarantined: 0, deduplicated: 0 }, []);
  return (await rowOf(client, layout, key))!;
}

/** What is there, as the caller knows it. @throws OperationalError `missing`, `changed` */
export async function present(
  client: ClientBase,
  layout: Layout,
  key: JsonObject,
  expected: string | undefined,
): Promise<StoredRow> {
  const { name } = layout.table;
  const row = await rowOf(client, layout, key);
  if (!row) throw new OperationalError('missing', `"${name}" has no row ${JSON.stringify(key)}.`);
  if (expected !== undefined && expected !== row.load)
    throw new OperationalError(
      'changed',
      `The row ${JSON.stringify(key)} of "${name}" is of load ${row.load} by now, not of ${expected}: read it again.`,
    );
  return row;
}

/** The ledger's entry of a change by the API. */
export async function claimChange(client: ClientBase, dataset: DatasetRef, { table }: Layout): Promise<string> {
  const load: NewLoad = { kind: 'change', source: table.from, object: uuid7(), etag: '', definitionHash: '' };
  const id = await claim(client, dataset, load);
  if (id === undefined) throw new Error(`A new id, ${load.object}, is in the ledger already.`);
  return id;
}

/** New values as expressions. */
function changesOf({ table }: Layout, values: JsonObject): Map<string, string> {
  return new Map(
    Object.entries(values).map(([name, value]) => {
      const column = ownColumn(table, name);
      if (table.key.includes(name))
        throw new OperationalError(
          'invalid',
          `"${name}" is of the key, which a row keeps: delete it, and load another.`,
          { column: name },
        );
      return [name, valueOf(column, value)];
    }),
  );
}

async function refuseDangling(client: ClientBase, { table, parents }: Layout, values: JsonObject): Promise<void> {
  for (const { column, table: to, rows, key } of parents) {
    const value = values[column];
    if (value === undefined || value === null) continue;
    const expression = valueOf(ownColumn(table, column), value);
    const { rows: found } = await client.query(`SELECT FROM ${rows} WHERE ${quoted(key)} = ${expression}`);
    if (found.length > 0) continue;
    throw new OperationalError(
      'invalid',
      `"${column}" refers to "${to}", where there is no ${JSON.stringify(value)}.`,
      { column },
    );
  }
}

interface NextVersion {
  /** Of a table whose rows have no column for it, as text. */
  readonly text: string | undefined;
  readonly expression: string;
}

async function versionOf(
  client: ClientBase,
  { table, rows }: Layout,
  key: JsonObject,
  changes: ReadonlyMap<string, string>,
): Promise<NextVersion> {
  const { version } = table;
  const column = version.by === 'column' ? version.column : undefined;
  const given = column === undefined ? undefined : changes.get(column);
  const next = given ?? nextVersion(table, 't._version');
  const { rows: found } = await client.query<{ version: string; present: string; newer: boolean }>(
    `SELECT (${next})::text AS version, t._version::text AS present, ${next} > t._version AS newer FROM ${rows} AS t WHERE ${hasKey(table, key)}`,
  );
  const { version: text, present, newer } = found[0]!;
  if (column !== undefined && !newer)
    throw new OperationalError(
      'invalid',
      `"${column}" orders the versions of a row: ${text} is not above ${present}, which is there.`,
      { column },
    );
  if (column === undefined) return { text, expression: next };
  return { text: undefined, expression: `${literal(text)}::${typeOf(table.versionColumn)}` };
}
