import type { DatasetModel } from '../../../kernel/datasets.ts';
import { invalidBody } from '../../../kernel/errors.ts';
import { isJsonObject, pointerSegment, type Json, type JsonObject } from '../../../kernel/json.ts';
import { show } from '../../../language/schema/show.ts';
import type { ColumnsByModel } from '../warehouse/model-columns.ts';
import { isDay } from './column-value.ts';
import { Findings } from './findings.ts';
import { DEFAULT_LIMIT, MAX_LIMIT, type Order, type Question } from './question.ts';
import { readConditions } from './read-conditions.ts';

const KEYS = ['model', 'metrics', 'dimensions', 'where', 'from', 'to', 'orderBy', 'limit'];

/** Findings told at once. */
const MOST_FINDINGS = 20;

/**
 * Reads a question `{model, metrics, dimensions, where, from, to, orderBy, limit}` against the models there are.
 * @param columns of all models
 * @throws SluiceError VALIDATION_FAILED, with all that is wrong
 */
export function readQuestion(
  body: unknown,
  models: readonly DatasetModel[],
  columns: ColumnsByModel,
): Question {
  if (!isJsonObject(body))
    throw invalidBody([{ path: '', message: `Expected an object, got ${show(body)}.` }]);
  const findings = new Findings();
  for (const key of Object.keys(body))
    if (!KEYS.includes(key)) findings.unknown(pointerSegment(key), 'key of a question', key, KEYS);
  const model = readModel(body['model'], models, findings);
  const question = model && readAbout(model, columns, body, findings);
  if (question && findings.all.length === 0) return question;
  throw invalidBody(findings.all.slice(0, MOST_FINDINGS));
}

function readModel(
  name: Json | undefined,
  models: readonly DatasetModel[],
  findings: Findings,
): DatasetModel | undefined {
  const names = models.map((model) => model.name);
  if (name === undefined) findings.add('/model', `This is required; there are: ${names.join(', ')}.`);
  else if (typeof name !== 'string')
    findings.add('/model', `Expected the name of a model, got ${show(name)}.`);
  else if (!names.includes(name)) findings.unknown('/model', 'model of this dataset', name, names);
  return models.find((model) => model.name === name);
}

function readAbout(
  model: DatasetModel,
  columns: ColumnsByModel,
  body: JsonObject,
  findings: Findings,
): Question {
  const dimensions = readNames(
    body['dimensions'],
    '/dimensions',
    `dimension of the model "${model.name}"`,
    model.dimensions,
    findings,
  );
  const names = readNames(
    body['metrics'],
    '/metrics',
    `metric of the model "${model.name}"`,
    model.metrics.map(({ name }) => name),
    findings,
  );
  if (isNothing(body['dimensions']) && isNothing(body['metrics']))
    findings.add('', 'A question asks for at least one metric or dimension.');
  const [from, to] = [readDay('from', body, model, findings), readDay('to', body, model, findings)];
  if (from !== undefined && to !== undefined && from > to)
    findings.add('/to', `"to" is before "from": ${to}, ${from}.`);
  return {
    model,
    dimensions,
    metrics: names.flatMap((name) => model.metrics.filter((metric) => metric.name === name)),
    conditions: readConditions(body['where'], model, columns.get(model.name) ?? [], findings),
    from,
    to,
    order: readOrder(body['orderBy'], [...dimensions, ...names], findings),
    limit: readLimit(body['limit'], findings),
  };
}

function isNothing(list: Json | undefined): boolean {
  return list === undefined || list === null || (Array.isArray(list) && list.length === 0);
}

/** A list of names out of those there are, each once. */
function readNames(
  list: Json | undefined,
  path: string,
  what: string,
  known: readonly string[],
  findings: Findings,
): readonly string[] {
  if (isNothing(list)) return [];
  if (!Array.isArray(list)) {
    findings.add(path, `Expected a list of names, got ${show(list)}.`);
    return [];
  }
  const names: string[] = [];
  for (const [place, name] of (list as readonly Json[]).entries()) {
    const at = path + pointerSegment(place);
    if (typeof name !== 'string') findings.add(at, `Expected a name, got ${show(name)}.`);
    else if (!known.includes(name)) findings.unknown(at, what, name, known);
    else if (names.includes(name)) findings.add(at, `"${name}" stands in this list already.`);
    else names.push(name);
  }
  return names;
}

function readDay(
  key: 'from' | 'to',
  body: JsonObject,
  { name, partition }: DatasetModel,
  findings: Findings,
): string | undefined {
  const day = body[key];
  if (day === undefined || day === null) return undefined;
  if (partition === undefined)
    findings.add(`/${key}`, `The model "${name}" has no partitions by date; leave "${key}" out.`);
  else if (typeof day !== 'string' || !isDay(day))
    findings.add(`/${key}`, `Expected a date such as "2026-01-31", got ${show(day)}.`);
  else return day;
  return undefined;
}

/** `["revenue desc", "product_id"]`, or `[{column, direction}]`. */
function readOrder(list: Json | undefined, columns: readonly string[], findings: Findings): readonly Order[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) {
    findings.add('/orderBy', `Expected a list such as ["revenue desc", "product_id"], got ${show(list)}.`);
    return [];
  }
  return (list as readonly Json[]).flatMap((item, place): readonly Order[] => {
    const at = `/orderBy${pointerSegment(place)}`;
    const { column, direction } = orderParts(item);
    if (typeof column !== 'string')
      findings.add(at, `Expected a column with asc or desc, such as "revenue desc", got ${show(item)}.`);
    else if (!columns.includes(column)) findings.unknown(at, 'column of this answer', column, columns);
    else if (typeof direction !== 'string' || !/^(asc|desc)$/i.test(direction))
      findings.add(at, `${show(direction)} is no direction; there are: asc, desc.`);
    else return [{ column: columns.indexOf(column), descending: direction.toLowerCase() === 'desc' }];
    return [];
  });
}

function orderParts(item: Json): { readonly column?: Json; readonly direction?: Json } {
  if (typeof item === 'string') {
    const [column = '', ...rest] = item.trim().split(/\s+/);
    return { column, direction: rest.length > 0 ? rest.join(' ') : 'asc' };
  }
  if (!isJsonObject(item) || Object.keys(item).some((key) => key !== 'column' && key !== 'direction'))
    return {};
  return { column: item['column'] ?? null, direction: item['direction'] ?? 'asc' };
}

function readLimit(limit: Json | undefined, findings: Findings): number {
  if (limit === undefined || limit === null) return DEFAULT_LIMIT;
  if (typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  findings.add('/limit', `Expected a whole number from 1 to ${MAX_LIMIT}, got ${show(limit)}.`);
  return DEFAULT_LIMIT;
}
