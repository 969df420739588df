import type { Column } from '../../../kernel/columns.ts';
import type { DatasetModel } from '../../../kernel/datasets.ts';
import { notFound, SluiceError } from '../../../kernel/errors.ts';
import type { Json } from '../../../kernel/json.ts';
import { ObjectStoreError } from '../../../kernel/objects.ts';
import type { DatasetRef } from '../../../kernel/stores/operational.ts';
import type { CurrentPartition } from '../../../kernel/stores/warehouse-records.ts';
import { WarehouseError, type WarehouseInput, type WarehouseRows } from '../../../kernel/warehouse.ts';
import type { DatasetDeps } from '../deps.ts';
import { modelColumns, type ColumnsByModel } from '../warehouse/model-columns.ts';
import { minorUnits } from './minor-units.ts';
import { MAX_LIMIT, type Question } from './question.ts';
import { readQuestion } from './read-question.ts';
import { statementOf } from './statement.ts';

export interface AnswerDeps {
  readonly catalogue: Pick<DatasetDeps['catalogue'], 'plan'>;
  readonly records: Pick<DatasetDeps['records'], 'current'>;
  readonly warehouse: DatasetDeps['warehouse'];
}

/** Values by position; decimals and integers beyond 2^53 are text, times RFC 3339. */
export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Json[])[];
}

export const ANSWER_TIMEOUT_MS = 15_000;

/**
 * Answers `{model, metrics, dimensions, where, from, to, orderBy, limit}` over what is current of a model. What was never
 * built has no rows.
 * @throws SluiceError NOT_FOUND, VALIDATION_FAILED, QUERY_TIMEOUT, RESULT_TOO_LARGE, SQL_REFUSED, UNAVAILABLE
 */
export async function answerQuery(
  deps: AnswerDeps,
  ref: DatasetRef,
  body: unknown,
  signal?: AbortSignal,
  timeoutMs = ANSWER_TIMEOUT_MS,
): Promise<Answer> {
  const dataset = deps.catalogue.plan(ref.id)?.dataset;
  if (!dataset) throw notFound('dataset');
  try {
    const columns = await modelColumns(deps.warehouse, dataset);
    const question = readQuestion(body, dataset.models, columns);
    const ask = (): Promise<WarehouseRows | undefined> =>
      askOnce(deps, ref, question, columns, { timeoutMs, signal });
    // An object may be replaced, and go, between what was read of it and its opening.
    const found = await ask().catch((error) => (isGone(error) ? ask() : Promise.reject(error)));
    return shown(question, found?.rows ?? []);
  } catch (error) {
    throw toldError(error, timeoutMs);
  }
}

async function askOnce(
  { records, warehouse }: AnswerDeps,
  ref: DatasetRef,
  question: Question,
  columns: ColumnsByModel,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<WarehouseRows | undefined> {
  const { model } = question;
  const current = await records.current(ref, [model.name]);
  if (current.length === 0) return undefined;
  const inputs = {
    [model.name]: inputOf(
      model,
      columns.get(model.name) ?? [],
      current.filter((one) => isAsked(question, one)),
    ),
  };
  return warehouse.query(inputs, statementOf(question), { maxRows: MAX_LIMIT, timeoutMs }, signal);
}

function isAsked({ from = '', to }: Question, { partition }: CurrentPartition): boolean {
  return partition >= from && (to === undefined || partition <= to);
}

function inputOf(
  { partition: by }: DatasetModel,
  columns: readonly Column[],
  objects: readonly CurrentPartition[],
): WarehouseInput {
  return {
    columns,
    objects: objects.map(({ key, partition }) => (by === undefined ? { key } : { key, partition })),
  };
}

function shown({ dimensions, metrics }: Question, rows: WarehouseRows['rows']): Answer {
  const scales = [...dimensions.map(() => undefined), ...metrics.map(({ scale }) => scale)];
  const scaled = (value: Json, place: number): Json => {
    const scale = scales[place];
    return scale === undefined ? value : minorUnits(value, scale);
  };
  return {
    columns: [...dimensions, ...metrics.map(({ name }) => name)],
    rows: scales.some((scale) => scale !== undefined) ? rows.map((row) => row.map(scaled)) : rows,
  };
}

function isGone(error: unknown): boolean {
  return error instanceof ObjectStoreError && error.fault === 'not_found';
}

/** What a caller hears of the warehouse's trouble. A statement that is refused is a defect, of ours or of a definition. */
function toldError(error: unknown, timeoutMs: number): unknown {
  if (error instanceof ObjectStoreError) return away(error);
  if (!(error instanceof WarehouseError)) return error;
  switch (error.fault) {
    case 'timeout':
      return new SluiceError(
        'QUERY_TIMEOUT',
        `The query took longer than ${timeoutMs / 1000} seconds and was stopped. Ask for fewer days or dimensions.`,
        { cause: error },
      );
    case 'too_large':
      return new SluiceError(
        'RESULT_TOO_LARGE',
        `The result has more than ${MAX_LIMIT} rows. Ask for fewer dimensions, or a limit.`,
        { cause: error },
      );
    case 'invalid':
      return new SluiceError(
        'SQL_REFUSED',
        'The query cannot be computed over the rows that it meets: a number leaves the range of its type. Narrow it with "where", "from" and "to".',
        { cause: error },
      );
    case 'unavailable':
    case 'exhausted':
    case 'cancelled':
      return away(error);
    case 'refused':
      return error;
  }
}

function away(error: Error): SluiceError {
  return new SluiceError(
    'UNAVAILABLE',
    'The warehouse cannot be asked at the moment. Try again in a while.',
    { cause: error, retryAfter: 5 },
  );
}
