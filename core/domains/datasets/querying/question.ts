import type { Column } from '../../../kernel/columns.ts';
import type { DatasetModel, Metric } from '../../../kernel/datasets.ts';
import type { Json } from '../../../kernel/json.ts';

/** What is asked of one model, checked against it. */
export interface Question {
  readonly model: DatasetModel;
  /** The answer's columns: these, then the metrics. */
  readonly dimensions: readonly string[];
  readonly metrics: readonly Metric[];
  /** All of them hold. */
  readonly conditions: readonly Condition[];
  /** The first and the last partition, both taken; `YYYY-MM-DD`. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly order: readonly Order[];
  readonly limit: number;
}

/** `isNull` and `isNotNull` take no value, `in` any number of them, null among them; all others one. */
export type Operator = 'in' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'isNull' | 'isNotNull';

export interface Condition {
  readonly column: Column;
  readonly operator: Operator;
  /** As they are bound: see column-value.ts. */
  readonly values: readonly Json[];
}

export interface Order {
  /** Of the answer's columns, from 0. */
  readonly column: number;
  readonly descending: boolean;
}

export const DEFAULT_LIMIT = 1_000;
export const MAX_LIMIT = 10_000;
