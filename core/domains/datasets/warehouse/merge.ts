import type { Column } from '../../../kernel/columns.ts';
import type { WarehouseTable } from '../../../kernel/datasets.ts';
import { contentOf } from '../../../language/sql/latest-rows.ts';
import { quoted } from './sql.ts';

/** True for a row that is there no more. */
export const DELETED: Column = { name: '_deleted', type: 'boolean', nullable: false };

/** Inputs of a merge: what an export has brought, newest of each key, and what the partition begins with. */
export const CHANGES = '_changes';
export const HELD = '_held';

/**
 * The partition of a night: of each key the newest of what is held already and what has changed; of two versions alike the
 * one with the greater content, and of those the change. A snapshot has no rows that are there no more; a log has them as
 * they last were. Each side has a key once, so that a join does, which reads what is held without sorting it.
 */
export function mergedRows(
  table: Pick<WarehouseTable, 'columns' | 'rowKey' | 'load'>,
  night: string,
): string {
  const gone = table.load === 'snapshot' ? ` and not c.${quoted(DELETED.name)}` : '';
  return `${side(table, night, 'c')}
from ${quoted(CHANGES)} as c left join ${quoted(HELD)} as h on ${sameKey(table)}
where (h.${quoted('_version')} is null or not (${heldStands(table)}))${gone}
union all
${side(table, night, 'h')}
from ${quoted(HELD)} as h left join ${quoted(CHANGES)} as c on ${sameKey(table)}
where c.${quoted('_version')} is null or (${heldStands(table)})`;
}

function sameKey({ rowKey }: Pick<WarehouseTable, 'rowKey'>): string {
  return rowKey.map((name) => `c.${quoted(name)} = h.${quoted(name)}`).join(' and ');
}

/** A condition that what is held stands above the change, by its version or else by its content. */
function heldStands(table: Pick<WarehouseTable, 'columns' | 'rowKey'>): string {
  const [held, change] = [`h.${quoted('_version')}`, `c.${quoted('_version')}`];
  return `${held} > ${change} or (${held} = ${change} and ${greaterContent(contentOf(table))})`;
}

/** Decided by the first column that differs; null is the greatest value. Never unknown. */
function greaterContent([name, ...more]: readonly string[]): string {
  if (name === undefined) return 'false';
  const [held, change] = [`h.${quoted(name)}`, `c.${quoted(name)}`];
  const greater = `${change} is not null and (${held} is null or ${held} > ${change})`;
  return `case when ${held} is distinct from ${change} then ${greater} else ${greaterContent(more)} end`;
}

/** The columns of one side; the date is that of the partition, whichever night a row comes from. */
function side({ columns }: Pick<WarehouseTable, 'columns'>, night: string, of: string): string {
  const list = columns.map(({ name }) =>
    name === 'partition_date'
      ? `date '${night}' as ${quoted(name)}`
      : `${of}.${quoted(name)} as ${quoted(name)}`,
  );
  return `select ${list.join(', ')}`;
}
