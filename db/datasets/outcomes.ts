import type { ClientBase } from 'pg';
import { agree } from './column-sql.ts';
import { heldAlike } from './holding.ts';
import type { Staged } from './staging.ts';

/**
 * What has come of the rows of a source that several tables take from: a row counts as loaded where one of them took it,
 * else as held where one holds it.
 */
export async function outcomes(
  client: ClientBase,
  staged: readonly Staged[],
): Promise<{ readonly loaded: number; readonly held: number }> {
  const parts = staged.flatMap(({ layout, staging, load }) => {
    const { table, rows, held } = layout;
    const from = `FROM ${staging.name} AS s JOIN`;
    return [
      `SELECT s._line, true AS loaded ${from} ${rows} AS t ON ${agree(table.key, 's', 't')} WHERE NOT s._held AND t._load_id = ${load}`,
      ...(held === undefined
        ? []
        : [
            `SELECT s._line, false ${from} ${held} AS h ON ${heldAlike(layout, 's', 'h')} WHERE s._held AND h._load_id = ${load}`,
          ]),
    ];
  });
  const { rows } = await client.query<{ loaded: number; held: number }>(`
    SELECT count(*) FILTER (WHERE loaded) AS loaded, count(*) FILTER (WHERE NOT loaded) AS held
    FROM (SELECT _line, bool_or(loaded) AS loaded FROM (${parts.join(' UNION ALL ')}) AS parts GROUP BY _line) AS lines`);
  return rows[0]!;
}
