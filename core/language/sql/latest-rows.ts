import type { WarehouseTable } from '../../kernel/datasets.ts';

/**
 * The query that `latest_<table>` stands for in the SQL of models: the newest row of each key, with all columns of the
 * table. Rows that are no longer there are as they last were. Of two rows of one version the greater content stands, as
 * in the operational store, so that the nights they were exported in never show.
 */
export function latestRows({
  name,
  columns,
  rowKey,
}: Pick<WarehouseTable, 'name' | 'columns' | 'rowKey'>): string {
  const list = columns.map((column) => quoted(column.name)).join(', ');
  const key = rowKey.map(quoted).join(', ');
  const order = [
    '"_version" desc',
    ...contentOf({ columns, rowKey }).map((column) => `${quoted(column)} desc nulls first`),
    '"partition_date" desc',
  ];
  const newest = `row_number() over (partition by ${key} order by ${order.join(', ')}) as "_newest"`;
  return `select ${list} from (select ${list}, ${newest} from ${quoted(name)}) as ranked where "_newest" = 1`;
}

/** The columns by which two rows of one key and version are compared, one after the other; null is the greatest value. */
export function contentOf({
  columns,
  rowKey,
}: Pick<WarehouseTable, 'columns' | 'rowKey'>): readonly string[] {
  return columns.map(({ name }) => name).filter((name) => !rowKey.includes(name) && !SYSTEM.includes(name));
}

const SYSTEM: readonly string[] = ['partition_date', '_version'];

function quoted(name: string): string {
  return `"${name}"`;
}
