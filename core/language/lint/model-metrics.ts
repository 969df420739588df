import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import { textsIn, type ModelOutline } from '../outline/dataset.ts';
import { mapIn } from '../outline/steps.ts';
import type { Report } from '../report.ts';
import { AGGREGATES } from '../sections/dataset-models.ts';
import { readCondition } from '../sql/read-sql.ts';
import { NUMBERS, type KnownColumn, type ModelColumns } from './model-columns.ts';

export function checkMetrics(model: ModelOutline, columns: ModelColumns, report: Report): void {
  const dimensions = textsIn(model.node['dimensions']);
  for (const [name, metric] of Object.entries(mapIn(model.node, 'metrics'))) {
    if (!isJsonObject(metric)) continue;
    const place = childPointer(model.pointer, 'metrics', name);
    if (dimensions.includes(name))
      report.error(
        place,
        `"${name}" is a dimension, too: an answer would have two columns of that name. Name the metric otherwise.`,
        { onKey: true },
      );
    const column = checkAggregate(metric, place, columns, report);
    if ('scale' in metric) checkScale(metric, column, place, report);
  }
}

/** Checks `sum: column` and its like, with `where`. @returns the column, where there is one */
export function checkAggregate(
  node: JsonObject,
  pointer: string,
  columns: ModelColumns,
  report: Report,
): KnownColumn | undefined {
  if (typeof node['where'] === 'string') {
    for (const { message, column } of readCondition(node['where'], columns.names))
      report.error(childPointer(pointer, 'where'), message, { offset: column - 1 });
  }
  const aggregate = AGGREGATES.find((name) => name in node);
  const name = aggregate && node[aggregate];
  if (aggregate === undefined || typeof name !== 'string' || (aggregate === 'count' && name === '*')) return undefined;
  const place = childPointer(pointer, aggregate);
  const column = columns.check(name, place, report);
  if (aggregate === 'sum' && column?.type !== undefined && !NUMBERS.includes(column.type))
    report.error(place, `"${name}" is ${column.type}, and only numbers add up.`);
  return column;
}

function checkScale(metric: JsonObject, column: KnownColumn | undefined, pointer: string, report: Report): void {
  const place = childPointer(pointer, 'scale');
  if ('count' in metric) report.error(place, 'A count has no minor units: leave "scale" out.', { onKey: true });
  else if (column?.type !== undefined && column.type !== 'integer' && column.type !== 'bigint')
    report.error(
      place,
      `"scale" shows an integer of minor units as a decimal, and "${column.name}" is ${column.type}: leave it out.`,
      { onKey: true },
    );
}
