import type { Column } from '../../../kernel/columns.ts';
import type { DatasetModel, ModelTest } from '../../../kernel/datasets.ts';
import type { WarehouseRows } from '../../../kernel/warehouse.ts';
import type { DatasetPlan } from '../../../language/plan-dataset.ts';
import { asText } from '../../../language/schema/show.ts';
import type { DatasetDeps } from '../deps.ts';
import { inputsOf, queriesOf, type HeldPartition } from './inputs.ts';
import { LIMITS } from './limits.ts';
import type { ColumnsByModel } from './model-columns.ts';
import { withQueries } from './sql.ts';
import { nameOfTest } from './test-name.ts';
import { testQuery } from './test-queries.ts';

/** What tests look at. */
export interface Tested {
  readonly dataset: DatasetPlan;
  readonly columns: ColumnsByModel;
  /** All that is there of tables and models, with what was just built. */
  readonly held: readonly HeldPartition[];
  /** The day at whose end data must be fresh. */
  readonly date: string;
  readonly signal?: AbortSignal;
}

export interface TestFailure {
  readonly test: string;
  /** Undefined: the model as a whole. */
  readonly partition?: string;
  /** How much is wrong, and one example. */
  readonly message: string;
}

/**
 * Runs the tests of a model.
 * @param scope partitions whose rows are tested; undefined is all there are. Others count where one row is compared with
 *   others: two alike in two partitions are still two.
 * @throws WarehouseError
 */
export async function runTests(
  deps: Pick<DatasetDeps, 'warehouse'>,
  tested: Tested,
  model: DatasetModel,
  scope: readonly string[] | undefined,
): Promise<readonly TestFailure[]> {
  const failures: TestFailure[] = [];
  for (const test of model.tests) failures.push(...(await runTest(deps, tested, model, test, scope)));
  return failures;
}

/** The same of one test. */
export async function runTest(
  { warehouse }: Pick<DatasetDeps, 'warehouse'>,
  { dataset, columns, held, date, signal }: Tested,
  model: DatasetModel,
  test: ModelTest,
  scope: readonly string[] | undefined,
): Promise<readonly TestFailure[]> {
  const own: readonly Column[] = columns.get(model.name) ?? [];
  const query = testQuery(test, model, { columns: own, scope, date, timezone: dataset.timezone, warehouse: warehouse.name });
  if (!query) return [];
  const inputs = inputsOf(dataset, columns, [...model.dependsOn, model.name], held);
  const named = [...queriesOf(dataset, model, held), ...query.queries];
  const ask = async (select: string): Promise<WarehouseRows['rows']> =>
    (await warehouse.query(inputs, { sql: withQueries(named, select), values: query.values }, LIMITS, signal)).rows;
  if (query.proof !== undefined && (await ask(query.proof)).length === 0) return [];
  const rows = await ask(query.select);
  return rows.map(([partition, ...found]) => ({
    test: nameOfTest(test),
    ...(query.ofWhole || partition === null || partition === undefined ? {} : { partition: asText(partition) }),
    message: query.message(found),
  }));
}

