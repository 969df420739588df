import type { ModelTest } from '../../../kernel/datasets.ts';

/** A test in a few words, such as `unique (order_id, line_id)`. */
export function nameOfTest(test: ModelTest): string {
  switch (test.test) {
    case 'unique':
    case 'notNull':
      return `${test.test} (${test.columns.join(', ')})`;
    case 'relationships':
      return `${test.test} (${test.column} in ${test.to}.${test.field})`;
    case 'reconcile':
      return `${test.test} (${test.metric.aggregate} of ${test.metric.column ?? 'rows'} with ${test.equals.file})`;
    case 'acceptedValues':
    case 'freshness':
      return `${test.test} (${test.column})`;
  }
}
