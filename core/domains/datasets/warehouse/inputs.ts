import type { DatasetModel } from '../../../kernel/datasets.ts';
import type { PartitionContent, PartitionRef } from '../../../kernel/stores/warehouse-records.ts';
import type { WarehouseInput, WarehouseInputs } from '../../../kernel/warehouse.ts';
import type { DatasetPlan } from '../../../language/plan-dataset.ts';
import type { ColumnsByModel } from './model-columns.ts';
import { latestQueries, type NamedQuery } from './sql.ts';

/** A partition and its object. */
export type HeldPartition = PartitionRef & Pick<PartitionContent, 'key'>;

/** Tables of the warehouse and models as statements see them. */
export function inputsOf(
  { warehouse }: DatasetPlan,
  models: ColumnsByModel,
  names: readonly string[],
  held: readonly HeldPartition[],
): WarehouseInputs {
  return Object.fromEntries(
    names.map((name): [string, WarehouseInput] => {
      const columns = models.get(name) ?? warehouse.find((table) => table.name === name)?.columns ?? [];
      const objects = held.filter(({ table }) => table === name).map(({ key, partition }) => ({ key, partition }));
      return [name, { columns, objects }];
    }),
  );
}

/** The names that files of a model may use beside those of its inputs. */
export function queriesOf(
  { warehouse }: DatasetPlan,
  { dependsOn }: Pick<DatasetModel, 'dependsOn'>,
  held: readonly HeldPartition[],
): readonly NamedQuery[] {
  const tables = warehouse.filter(({ name }) => dependsOn.includes(name));
  return latestQueries(tables, (name) => held.filter(({ table }) => table === name).length);
}
