import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { childPointer } from '../load/document.ts';
import type { ModelOutline } from '../outline/dataset.ts';
import type { Report } from '../report.ts';
import { asText, show } from '../schema/show.ts';
import type { Tables } from '../sql/names.ts';
import type { KnownColumn, ModelColumns } from './model-columns.ts';
import { checkAggregate } from './model-metrics.ts';

type Check = (
  settings: JsonObject,
  pointer: string,
  model: ModelOutline,
  columns: ModelColumns,
  tables: Tables,
  report: Report,
) => void;

const CHECKS: Readonly<Record<string, Check>> = {
  relationships: checkRelationships,
  acceptedValues: checkValues,
  freshness(settings, pointer, _model, columns, _tables, report) {
    const column = columnAt(settings, pointer, columns, report);
    if (column?.type !== undefined && column.type !== 'timestamp' && column.type !== 'date')
      report.error(
        childPointer(pointer, 'column'),
        `"${column.name}" is ${column.type}; freshness is of a timestamp or a date.`,
      );
  },
  reconcile(settings, pointer, _model, columns, _tables, report) {
    checkAggregate(settings, pointer, columns, report);
  },
};

export function checkModelTests(model: ModelOutline, columns: ModelColumns, tables: Tables, report: Report): void {
  const { tests } = model.node;
  for (const [i, test] of (Array.isArray(tests) ? (tests as readonly Json[]) : []).entries()) {
    for (const [name, settings] of Object.entries(isJsonObject(test) ? test : {})) {
      const place = childPointer(model.pointer, 'tests', i, name);
      if (isJsonObject(settings)) CHECKS[name]?.(settings, place, model, columns, tables, report);
      else columns.checkList(settings, place, report);
    }
  }
}

function columnAt(
  settings: JsonObject,
  pointer: string,
  columns: ModelColumns,
  report: Report,
): KnownColumn | undefined {
  const name = settings['column'];
  return typeof name === 'string' ? columns.check(name, childPointer(pointer, 'column'), report) : undefined;
}

function checkRelationships(...[settings, pointer, { dependsOn }, columns, tables, report]: Parameters<Check>): void {
  columnAt(settings, pointer, columns, report);
  const { to, field } = settings;
  if (typeof to !== 'string') return;
  const name = tables.has(to) ? to : to.replace(/^latest_/, '');
  if (!dependsOn.includes(name)) {
    report.error(
      childPointer(pointer, 'to'),
      `"${to}" is not in dependsOn, which has: ${dependsOn.join(', ')}.${didYouMean(to, dependsOn)}`,
    );
    return;
  }
  const known = tables.get(name);
  if (known && typeof field === 'string' && !known.includes(field))
    report.error(
      childPointer(pointer, 'field'),
      `"${to}" has no column "${field}"; it has: ${known.join(', ')}.${didYouMean(field, known)}`,
    );
}

const SHAPES: Readonly<Record<string, string>> = {
  text: 'string',
  integer: 'number',
  bigint: 'number',
  boolean: 'boolean',
};

function checkValues(...[settings, pointer, , columns, , report]: Parameters<Check>): void {
  const column = columnAt(settings, pointer, columns, report);
  const shape = SHAPES[column?.type ?? ''];
  if (shape === undefined || !Array.isArray(settings['values'])) return;
  for (const [i, value] of (settings['values'] as readonly Json[]).entries()) {
    if (typeof value !== shape)
      report.error(
        childPointer(pointer, 'values', i),
        `${show(value)} is no value of "${asText(column?.name)}", which is ${column?.type ?? ''}.`,
      );
  }
}
