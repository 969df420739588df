import type { ClientBase } from 'pg';
import type { Layout } from './layout.ts';

/** How many rows each table has, and how many of its rows wait for another. */
export async function countsOf(
  client: ClientBase,
  layouts: readonly Layout[],
): Promise<Readonly<Record<string, { readonly rows: number; readonly held: number }>>> {
  const counts = layouts.map(
    ({ rows, held }, i) =>
      `SELECT ${i} AS place, (SELECT count(*) FROM ${rows}) AS rows, ` +
      `${held === undefined ? '0::bigint' : `(SELECT count(*) FROM ${held})`} AS held`,
  );
  const { rows: found } = await client.query<{ place: number; rows: number; held: number }>(counts.join(' UNION ALL '));
  return Object.fromEntries(found.map(({ place, rows, held }) => [layouts[place]!.table.name, { rows, held }]));
}
