import type { Column } from '../../../kernel/columns.ts';
import type { DatasetModel } from '../../../kernel/datasets.ts';
import type { WarehouseInputs, WarehouseSession } from '../../../kernel/warehouse.ts';
import type { DatasetPlan } from '../../../language/plan-dataset.ts';
import { asTable, latestQueries, sqlFor, withQueries } from './sql.ts';

export type ColumnsByModel = ReadonlyMap<string, readonly Column[]>;

const described = new WeakMap<DatasetPlan, Promise<ColumnsByModel>>();

/**
 * The columns of all models: as they are declared, or else as the warehouse describes what their SQL gives, which does not
 * depend on the rows there are.
 * @throws WarehouseError
 */
export function modelColumns(warehouse: WarehouseSession, dataset: DatasetPlan): Promise<ColumnsByModel> {
  const known = described.get(dataset) ?? describe(warehouse, dataset);
  described.set(dataset, known);
  // What failed is tried again.
  known.catch(() => described.delete(dataset));
  return known;
}

async function describe(warehouse: WarehouseSession, dataset: DatasetPlan): Promise<ColumnsByModel> {
  const columns = new Map<string, readonly Column[]>();
  for (const model of dataset.models) {
    columns.set(model.name, model.columns ?? (await describeOne(warehouse, dataset, model, columns)));
  }
  return columns;
}

function describeOne(
  warehouse: WarehouseSession,
  { warehouse: tables }: DatasetPlan,
  { dependsOn, sql }: DatasetModel,
  models: ColumnsByModel,
): Promise<readonly Column[]> {
  const read = tables.filter(({ name }) => dependsOn.includes(name));
  const empty = dependsOn.map((name) => {
    const columns = models.get(name) ?? read.find((table) => table.name === name)?.columns ?? [];
    return [name, { columns, objects: [] }] as const;
  });
  const inputs: WarehouseInputs = Object.fromEntries(empty);
  const select = `select * from ${asTable(sqlFor(sql, warehouse.name), '_model')}`;
  return warehouse.describe(inputs, { sql: withQueries(latestQueries(read, () => 0), select) });
}
