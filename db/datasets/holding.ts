import type { ClientBase } from 'pg';
import { agree, agreeWithNulls, list, quoted } from './column-sql.ts';
import { heldBy, namesOf, storedColumns, type Layout } from './layout.ts';
import { replacing } from './replacing.ts';
import type { Staged, Staging } from './staging.ts';
import { newer, newestFirst, stagedVersion, storedVersion } from './versions.ts';

/** A condition that a row refers to what is not there. */
export function missing({ parents }: Layout, row: string): string {
  const conditions = parents.map(({ column, rows, key }) => {
    const value = list([column], row);
    return `(${value} IS NOT NULL AND NOT EXISTS (SELECT FROM ${rows} AS p WHERE p.${quoted(key)} = ${value}))`;
  });
  return conditions.length > 0 ? `(${conditions.join(' OR ')})` : 'false';
}

/**
 * Holds the staged rows that refer to what is not there: of each key and what it refers to the newest. They are compared
 * with each other only, since which of them will be there first is not known.
 * @returns how many were not known yet
 */
export async function hold(client: ClientBase, { layout, staging, load, version }: Staged): Promise<number> {
  const { table, past } = layout;
  const held = heldOf(layout);
  const stored = namesOf(storedColumns(table));
  const own = namesOf(table.columns);
  const by = heldBy(table);
  const staged = stagedVersion(table, 's', version);
  await client.query(`UPDATE ${staging.name} AS s SET _held = true WHERE ${missing(layout, 's')}`);
  await client.query(`
    INSERT INTO ${past} (${list(stored)}, _deleted)
    SELECT ${list(stored, 'h')}, false FROM ${held} AS h JOIN ${staging.name} AS s ON ${heldAlike(layout, 'h', 's')}
    WHERE s._held AND ${newer(table, staged, storedVersion('h'))}`);
  const { rowCount } = await client.query(`
    INSERT INTO ${held} AS h (${list(own)}, _load_id, _version)
    SELECT ${list(own, 's')}, ${load}, ${staged.version} FROM ${staging.name} AS s WHERE s._held
    ${replacing(layout, by, storedVersion('EXCLUDED'), storedVersion('h'))}`);
  return rowCount ?? 0;
}

/** A condition that two rows are held for the same. */
export function heldAlike({ table }: Layout, one: string, other: string): string {
  const rest = heldBy(table).filter((name) => !table.key.includes(name));
  return [agree(table.key, one, other), ...(rest.length > 0 ? [agreeWithNulls(rest, one, other)] : [])].join(' AND ');
}

/** What has come of a table that others refer to. */
export interface Arrivals {
  /** Keys that a load brought, among others. */
  readonly staged: Staging | undefined;
  /** Held rows came in, whose keys are not staged. */
  readonly promoted: boolean;
}

/**
 * Lets held rows in that now find all they refer to: the newest of each key, where it is newer than what is there. They
 * stay rows of the load they came with.
 * @returns how many came in
 */
export async function promote(
  client: ClientBase,
  layout: Layout,
  arrivals: ReadonlyMap<string, Arrivals>,
): Promise<number> {
  const arrived = arrivedFor(layout, arrivals);
  if (arrived === undefined) return 0;
  const { table, rows, past, deleted } = layout;
  const stored = namesOf(storedColumns(table));
  const [ready, there] = [storedVersion('r'), storedVersion('t')];
  const { rowCount } = await client.query(`
    WITH ready AS (
      DELETE FROM ${heldOf(layout)} AS h WHERE (${arrived}) AND NOT ${missing(layout, 'h')} RETURNING ${list(stored, 'h')}
    ), placed AS (
      SELECT ${list(stored, 'r')},
        row_number() OVER (PARTITION BY ${list(table.key, 'r')} ORDER BY ${newestFirst(table, ready)}) = 1
          AND (t._load_id IS NULL OR ${newer(table, ready, there)})
          AND NOT EXISTS (SELECT FROM ${deleted} AS d WHERE ${agree(table.key, 'd', 'r')} AND r._version <= d._version)
          AS stands
      FROM ready AS r LEFT JOIN ${rows} AS t ON ${agree(table.key, 't', 'r')}
    ), replaced AS (
      INSERT INTO ${past} (${list(stored)}, _deleted)
      SELECT ${list(stored)}, false FROM placed WHERE NOT stands
      UNION ALL
      SELECT ${list(stored, 't')}, false FROM ${rows} AS t JOIN placed AS p ON p.stands AND ${agree(table.key, 't', 'p')}
    )
    INSERT INTO ${rows} AS t (${list(stored)})
    SELECT ${list(stored)} FROM placed WHERE stands
    ${replacing(layout, table.key, storedVersion('EXCLUDED'), there)}`);
  return rowCount ?? 0;
}

/** A condition that a held row may have waited for what has come; undefined where nothing has. */
function arrivedFor({ parents }: Layout, arrivals: ReadonlyMap<string, Arrivals>): string | undefined {
  const conditions = parents.flatMap(({ column, table, key }) => {
    const { staged, promoted } = arrivals.get(table) ?? { staged: undefined, promoted: false };
    // What was promoted is not at hand any more, and there is seldom any: all are looked at.
    if (promoted) return ['true'];
    return staged ? [`${list([column], 'h')} IN (SELECT ${quoted(key)} FROM ${staged.name})`] : [];
  });
  return conditions.length > 0 ? conditions.join(' OR ') : undefined;
}

/** Tables in which rows wait. */
export async function waiting(client: ClientBase, layouts: Iterable<Layout>): Promise<ReadonlySet<string>> {
  const holding = [...layouts].filter(({ held }) => held !== undefined);
  if (holding.length === 0) return new Set();
  const looks = holding.map((layout) => `EXISTS (SELECT FROM ${heldOf(layout)})`);
  const { rows } = await client.query<{ found: boolean[] }>(`SELECT ARRAY[${looks.join(', ')}] AS found`);
  return new Set(holding.filter((_, i) => rows[0]?.found[i]).map(({ table }) => table.name));
}

function heldOf({ held, table }: Layout): string {
  if (held === undefined) throw new Error(`"${table.name}" refers to nothing, and holds no rows.`);
  return held;
}
