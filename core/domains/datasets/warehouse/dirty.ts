import type { DatasetModel, WarehouseTable } from '../../../kernel/datasets.ts';
import {
  WHOLE,
  type CurrentPartition,
  type Export,
  type ExportedTable,
  type PartitionRef,
} from '../../../kernel/stores/warehouse-records.ts';
import type { WarehouseInput, WarehouseInputs } from '../../../kernel/warehouse.ts';
import { asText } from '../../../language/schema/show.ts';
import { latestRows } from '../../../language/sql/latest-rows.ts';
import type { DatasetDeps } from '../deps.ts';
import { inputsOf, queriesOf, type HeldPartition } from './inputs.ts';
import { LIMITS } from './limits.ts';
import { asTable, listOf, namesOf, quoted, sqlFor, withQueries, type NamedQuery } from './sql.ts';
import type { OpenWork } from './work.ts';

type Exported = ReadonlyMap<string, ExportedTable>;

/**
 * The partitions of models that an export has touched: those that `dirty` selects, and models that are built as a whole
 * where a table changed that they depend on. A model that only follows others is marked by nothing here.
 */
export async function dirtyMarks(
  deps: Pick<DatasetDeps, 'records' | 'warehouse'>,
  work: OpenWork,
  exported: Exported,
  { night }: Export,
): Promise<readonly PartitionRef[]> {
  const { dataset, ref } = work;
  const changed = dataset.warehouse.filter(({ name }) => exported.get(name)?.changes);
  if (changed.length === 0) return [];
  const before = await deps.records.current(ref, namesOfTables(dataset.warehouse));
  const marks: PartitionRef[] = [];
  for (const model of dataset.models) {
    if (!changed.some(({ name }) => model.dependsOn.includes(name))) continue;
    const dates = await partitionsOf(deps, work, model, { before, exported, night });
    marks.push(...dates.map((partition) => ({ table: model.name, partition })));
  }
  return marks;
}

interface Change {
  readonly before: readonly CurrentPartition[];
  readonly exported: Exported;
  readonly night: string;
}

async function partitionsOf(
  { warehouse }: Pick<DatasetDeps, 'warehouse'>,
  { dataset, signal }: OpenWork,
  { dirty, dependsOn, load, partition }: DatasetModel,
  change: Change,
): Promise<readonly string[]> {
  if (load === 'full') return [WHOLE];
  if (!dirty || partition === undefined) return [];
  const tables = dataset.warehouse.filter(({ name }) => dependsOn.includes(name));
  const after = afterwards(change);
  const inputs: WarehouseInputs = {
    ...inputsOf(dataset, new Map(), namesOfTables(tables), after),
    ...earlierInputs(tables, change),
  };
  const queries = [...queriesOf(dataset, { dependsOn }, after), ...tables.flatMap(changedQueries)];
  const dates = `select distinct cast(${quoted(partition)} as varchar) as "date"
from ${asTable(sqlFor(dirty, warehouse.name), '_dirty')} where ${quoted(partition)} is not null order by 1`;
  const { rows } = await warehouse.query(inputs, { sql: withQueries(queries, dates) }, LIMITS, signal);
  return rows.map(([date]) => asText(date));
}

/** What is current once the export is committed. */
function afterwards({ before, exported, night }: Change): readonly HeldPartition[] {
  const made = [...exported].flatMap(([table, { partition }]) =>
    partition ? [{ table, partition: night, key: partition.key }] : [],
  );
  const replaced = ({ table, partition }: PartitionRef): boolean =>
    made.some((one) => one.table === table && one.partition === partition);
  return [...before.filter((one) => !replaced(one)), ...made];
}

const changesOf = (table: string): string => `_changes_${table}`;
const beforeOf = (table: string): string => `_before_${table}`;

function earlierInputs(tables: readonly WarehouseTable[], { before, exported }: Change): WarehouseInputs {
  return Object.fromEntries(
    tables.flatMap(({ name, columns }): [string, WarehouseInput][] => {
      const changes = exported.get(name)?.changes;
      const earlier = before.filter(({ table }) => table === name).map(({ key, partition }) => ({ key, partition }));
      return [
        [changesOf(name), { columns, objects: changes ? [{ key: changes.key }] : [] }],
        [beforeOf(name), { columns, objects: changes ? earlier : [] }],
      ];
    }),
  );
}

/**
 * What `changed_<table>` stands for: the rows of the export with `_old` false, and of their keys the newest version that
 * was there before it with `_old` true.
 */
function changedQueries(table: WarehouseTable): readonly NamedQuery[] {
  const { name, columns, rowKey } = table;
  const list = listOf(namesOf(columns));
  const touched = `_touched_${name}`;
  const same = rowKey.map((key) => `c.${quoted(key)} = b.${quoted(key)}`).join(' and ');
  return [
    {
      name: touched,
      sql: `select ${list} from ${quoted(beforeOf(name))} as b where exists (select 1 from ${quoted(changesOf(name))} as c where ${same})`,
    },
    {
      name: `changed_${name}`,
      sql: `select ${list}, false as "_old" from ${quoted(changesOf(name))}
union all select ${list}, true as "_old" from (${latestRows({ ...table, name: touched })}) as "_earlier"`,
    },
  ];
}

function namesOfTables(tables: readonly WarehouseTable[]): readonly string[] {
  return tables.map(({ name }) => name);
}
