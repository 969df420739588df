import type { WarehouseTable } from '../../kernel/datasets.ts';

/**
 * The query that `latest_<table>` stands for in the SQL of models: the newest row of each key, with all columns of the
 * table. Rows that are no longer there are as they last were. A row that was exported again under the same version
 * has won over the earlier one.
 */
export function latestRows({ name, columns, rowKey }: WarehouseTable): string {
  const list = columns.map((column) => quoted(column.name)).join(', ');
  const key = rowKey.map(quoted).join(', ');
  const newest = `row_number() over (partition by ${key} order by "_version" desc, "partition_date" desc) as "_newest"`;
  return `select ${list} from (select ${list}, ${newest} from ${quoted(name)}) as ranked where "_newest" = 1`;
}

function quoted(name: string): string {
  return `"${name}"`;
}
