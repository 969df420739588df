import type { Column } from '../../kernel/columns.ts';
import type { DatasetTable } from '../../kernel/datasets.ts';
import { notFound, SluiceError, type Violation } from '../../kernel/errors.ts';
import { pointerSegment, type Json, type JsonObject } from '../../kernel/json.ts';
import type { Dataset } from '../../kernel/stores/datasets.ts';
import { OperationalError, type OperationalStore, type StoredRow } from '../../kernel/stores/operational.ts';
import type { Page, PageRequest } from '../../kernel/stores/page.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import type { DatasetDeps } from './deps.ts';
import { columnValue } from './querying/column-value.ts';
import { offNow } from './runs.ts';
import { datasetPlanOf } from './turning-on.ts';

export type TableDeps = Pick<DatasetDeps, 'catalogue' | 'operational'>;

/** A table of a dataset, by the definition as it is now. */
export interface OpenTable {
  readonly dataset: Dataset;
  readonly table: DatasetTable;
  readonly store: OperationalStore;
}

/** @throws SluiceError NOT_FOUND where the dataset has no such table, CONFLICT, UNAVAILABLE */
export async function openTable(deps: TableDeps, dataset: Dataset, name: string): Promise<OpenTable> {
  const { tables } = datasetPlanOf(deps.catalogue, dataset);
  const table = tables.find((one) => one.name === name);
  const names = tables.map((one) => one.name);
  if (!table) throw new SluiceError('NOT_FOUND', `There is no such table; there are ${names.join(', ')}.${didYouMean(name, names)}`);
  return { dataset, table, store: await told(deps.operational.open(dataset, tables)) };
}

/** What each table holds, and what waits for the row it refers to. */
export async function countRows(deps: TableDeps, dataset: Dataset): ReturnType<OperationalStore['counts']> {
  const { tables } = datasetPlanOf(deps.catalogue, dataset);
  return told(deps.operational.open(dataset, tables).then((store) => store.counts()));
}

/**
 * Rows whose columns equal what is given, by key.
 * @param given column to value, as they stand in a query string
 * @throws SluiceError VALIDATION_FAILED with pointers below `/query`
 */
export async function listRows(
  { table, store }: OpenTable,
  given: Readonly<Record<string, string>>,
  page: PageRequest,
): Promise<Page<StoredRow>> {
  const errors: Violation[] = [];
  const filter: Record<string, Json> = {};
  for (const [name, text] of Object.entries(given)) {
    const column = table.columns.find((one) => one.name === name);
    const read = column ? readText(column, text) : { fault: unknownColumn(table, name) };
    if ('fault' in read) errors.push({ path: `/query${pointerSegment(name)}`, message: read.fault });
    else filter[name] = read.value;
  }
  if (errors.length > 0) throw new SluiceError('VALIDATION_FAILED', errors[0]!.message, { errors });
  return told(store.rows(table.name, filter, page), '/query');
}

/**
 * A key as it stands in a path: the values of its columns with commas between them, each percent-encoded. What is no
 * value of its column names nothing.
 * @throws SluiceError NOT_FOUND, BAD_REQUEST where the encoding is broken
 */
export function keyOf({ table }: Pick<OpenTable, 'table'>, text: string): JsonObject {
  const parts = table.key.length === 1 ? [text] : text.split(',');
  if (parts.length !== table.key.length) {
    throw new SluiceError('NOT_FOUND', `There is no such row: the key of "${table.name}" is ${table.key.join(',')}, with commas between the values.`);
  }
  return Object.fromEntries(
    table.key.map((name, i) => {
      const column = table.columns.find((one) => one.name === name)!;
      const read = readText(column, decoded(parts[i]!));
      if ('fault' in read) throw notFound('row');
      return [name, read.value];
    }),
  );
}

/** @throws SluiceError NOT_FOUND */
export async function findRow({ table, store }: OpenTable, key: JsonObject): Promise<StoredRow> {
  const row = await told(store.row(table.name, key));
  if (!row) throw notFound('row');
  return row;
}

/**
 * Whether a change may be made to a row that came with this load; undefined where it may be made to any.
 */
export type Condition = (load: string) => boolean | undefined;

/** @throws SluiceError NOT_FOUND, CONFLICT, PRECONDITION_FAILED, VALIDATION_FAILED */
export async function patchRow(on: OpenTable, key: JsonObject, values: JsonObject, condition: Condition): Promise<StoredRow> {
  checkWrite(on, 'patch');
  checkPatch(on.table, values);
  const expected = await expectedLoad(on, key, condition);
  return told(on.store.patch(on.table.name, key, values, expected));
}

/** Rows that refer to it go with it. @throws SluiceError NOT_FOUND, CONFLICT, PRECONDITION_FAILED */
export async function deleteRow(on: OpenTable, key: JsonObject, condition: Condition): Promise<void> {
  checkWrite(on, 'delete');
  const expected = await expectedLoad(on, key, condition);
  await told(on.store.delete(on.table.name, key, expected));
}

async function expectedLoad(on: OpenTable, key: JsonObject, condition: Condition): Promise<string | undefined> {
  const { load } = await findRow(on, key);
  const fits = condition(load);
  if (fits === false) throw changedSince();
  return fits === undefined ? undefined : load;
}

function checkWrite({ dataset, table }: OpenTable, what: DatasetTable['write'][number]): void {
  if (dataset.connectionId === undefined) throw offNow(dataset);
  if (table.write.includes(what)) return;
  const detail = `The rows of "${table.name}" come by loads only: its definition does not list ${what} under "write".`;
  throw new SluiceError('CONFLICT', detail);
}

function checkPatch(table: DatasetTable, values: JsonObject): void {
  const names = Object.keys(values);
  const errors = names.flatMap((name) => {
    if (!table.columns.some((column) => column.name === name)) return [{ path: pointerSegment(name), message: unknownColumn(table, name) }];
    const message = `"${name}" is part of the row's key, which stays. Another key is another row.`;
    return table.key.includes(name) ? [{ path: pointerSegment(name), message }] : [];
  });
  if (names.length === 0) errors.push({ path: '', message: 'Give at least one column to change.' });
  if (errors.length > 0) throw new SluiceError('VALIDATION_FAILED', errors[0]!.message, { errors });
}

function unknownColumn({ name: table, columns }: DatasetTable, name: string): string {
  const names = columns.map((column) => column.name);
  return `"${name}" is no column of "${table}"; there are ${names.join(', ')}.${didYouMean(name, names)}`;
}

/** A value as a URL writes it: what JSON has words for is taken as such, all else is text. */
function readText(column: Column, text: string): { readonly value: Json } | { readonly fault: string } {
  const value = column.type === 'boolean' && /^(?:true|false)$/.test(text) ? text === 'true' : text;
  const checked = columnValue(column, value);
  return 'fault' in checked ? checked : { value };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new SluiceError('BAD_REQUEST', `The key "${text}" is not percent-encoded UTF-8.`, { cause: error });
  }
}

function changedSince(cause?: unknown): SluiceError {
  return new SluiceError('PRECONDITION_FAILED', 'The row is another one than If-Match names: it was changed since. Read it again.', { cause });
}

/** What a caller hears of the store's refusals. @param path of what was given, for a value that does not fit */
async function told<T>(work: Promise<T>, path = ''): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof OperationalError ? refusal(error, path) : error;
  }
}

function refusal(error: OperationalError, path: string): SluiceError {
  const { fault, message, column } = error;
  switch (fault) {
    case 'missing':
      return notFound('row');
    case 'changed':
      return changedSince(error);
    case 'incompatible':
      return new SluiceError('CONFLICT', message, { cause: error });
    case 'unavailable':
      return new SluiceError('UNAVAILABLE', message, { cause: error, retryAfter: 1 });
    case 'invalid': {
      const errors = [{ path: column === undefined ? path : `${path}${pointerSegment(column)}`, message }];
      return new SluiceError('VALIDATION_FAILED', message, { cause: error, errors });
    }
  }
}
