import type { DatasetRef } from '../../../kernel/stores/operational.ts';
import type { DatasetDeps } from '../deps.ts';
import { dayIn } from '../schedule.ts';
import { datasetPlanOf } from '../turning-on.ts';
import { modelColumns } from './model-columns.ts';
import { runTest } from './model-tests.ts';
import { nameOfTest } from './test-name.ts';

/** What came of a test of a model; of one that failed there is one for each partition that does. */
export interface TestResult {
  readonly model: string;
  /** Such as `unique (order_id, line_id)`. */
  readonly test: string;
  /** `YYYY-MM-DD`; undefined: the model as a whole. */
  readonly partition?: string;
  readonly ok: boolean;
  /** Empty where all is well. */
  readonly message: string;
}

/**
 * Runs all tests of all models on what is current.
 * @param date at whose end data must be fresh; undefined is today
 * @throws SluiceError CONFLICT, WarehouseError, ObjectStoreError
 */
export async function modelTests(
  deps: Pick<DatasetDeps, 'catalogue' | 'records' | 'warehouse' | 'clock'>,
  ref: DatasetRef,
  date?: string,
): Promise<readonly TestResult[]> {
  const dataset = datasetPlanOf(deps.catalogue, ref);
  const columns = await modelColumns(deps.warehouse, dataset);
  const held = await deps.records.current(ref);
  const tested = { dataset, columns, held, date: date ?? dayIn(dataset.timezone, deps.clock.now()) };
  const results: TestResult[] = [];
  for (const model of dataset.models) {
    for (const test of model.tests) {
      const failures = await runTest(deps, tested, model, test, undefined);
      const told = failures.map(({ partition, message }) => ({ ...(partition !== undefined && { partition }), ok: false, message }));
      const found = told.length > 0 ? told : [{ ok: true, message: '' }];
      results.push(...found.map((result) => ({ model: model.name, test: nameOfTest(test), ...result })));
    }
  }
  return results;
}
