import type { Column } from '../../kernel/columns.ts';
import { isJsonObject, type Json } from '../../kernel/json.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { childPointer } from '../load/document.ts';
import {
  datasetOutline,
  EVENT_TIME,
  HISTORY,
  textsIn,
  type DatasetOutline,
  type TableOutline,
} from '../outline/dataset.ts';
import { dependencyOrder } from '../outline/dependency-order.ts';
import { mapIn } from '../outline/steps.ts';
import type { Report } from '../report.ts';
import { asText } from '../schema/show.ts';
import { signsTime } from '../sections/signature.ts';
import { checkColumn, typeText } from './dataset-columns.ts';
import type { LintRule } from './subject.ts';

export const datasetTables: LintRule = {
  name: 'dataset-tables',
  summary:
    'Tables whose source, key, version, references, indexes or retention name what is not there or cannot serve.',
  check({ outline: { root } }, report) {
    if (root['kind'] !== 'dataset') return;
    const dataset = datasetOutline(root);
    for (const table of dataset.tables.values()) checkTable(table, dataset, report);
    checkCircles(dataset, report);
  },
};

function checkTable(table: TableOutline, dataset: DatasetOutline, report: Report): void {
  const { name, pointer, node, source } = table;
  const from = asText(node['from']);
  const rival = dataset.tables.get(`${name}${HISTORY}`);
  if (node['history'] === true && rival)
    report.error(
      rival.pointer,
      `The name "${rival.name}" is that of the history of "${name}". Name this table otherwise.`,
      { onKey: true },
    );
  if (!source) {
    const known = [...dataset.sources.keys()];
    if ('from' in node)
      report.error(
        childPointer(pointer, 'from'),
        `There is no source "${from}"; there are: ${known.join(', ') || 'none'}.${didYouMean(from, known)}`,
      );
    return;
  }
  checkKey(table, report);
  checkVersion(table, report);
  for (const [column, reference] of Object.entries(mapIn(node, 'references')))
    checkReference(table, column, reference, dataset, report);
  checkIndexes(table, report);
  checkRetention(table, dataset, report);
}

const here = (table: TableOutline): string => `The source "${table.source?.name ?? ''}"`;

function checkKey(table: TableOutline, report: Report): void {
  for (const [i, name] of table.key.entries()) {
    const place = childPointer(table.pointer, 'key', i);
    const column = checkColumn(name, table.columns, here(table), place, report);
    if (column?.nullable)
      report.error(
        place,
        `"${name}" may be null, and a key may not. Declare it as ${typeText({ ...column, nullable: false })}.`,
      );
    if (column?.type === 'json') report.error(place, `"${name}" is json, which cannot be compared. Take another key.`);
    if (table.key.indexOf(name) < i) report.error(place, `"${name}" stands in the key already.`);
  }
}

const ORDERED = ['timestamp', 'date', 'integer', 'bigint'];

function checkVersion(table: TableOutline, report: Report): void {
  const { node, pointer, version, source } = table;
  const place = childPointer(pointer, 'version');
  if (version.by === 'object') {
    if (source?.kind === 'webhook' && !('version' in node))
      report.error(
        pointer,
        `Rows of a webhook come in no file that could order them: add "version", a column or ${EVENT_TIME}.`,
        { onKey: true },
      );
  } else if (version.by === 'eventTime') {
    const signature = source?.settings['signature'];
    if (source?.kind !== 'webhook')
      report.error(
        place,
        `${EVENT_TIME} is the time of a message, and "${source?.name ?? ''}" has files. Name a column, or leave the version out.`,
      );
    else if (isJsonObject(signature) && !signsTime(signature))
      report.error(
        place,
        `The signature of "${source.name}" vouches for no time. Give it a "timestamp", or name a column.`,
      );
  } else {
    checkVersionColumn(checkColumn(version.column, table.columns, here(table), place, report), place, report);
  }
}

function checkVersionColumn(column: Column | undefined, place: string, report: Report): void {
  if (!column) return;
  if (!ORDERED.includes(column.type))
    report.error(place, `"${column.name}" is ${typeText(column)}; a version is one of: ${ORDERED.join(', ')}.`);
  else if (column.nullable)
    report.error(
      place,
      `"${column.name}" may be null, and a row without a version has no place among the others. Declare it without "?".`,
    );
}

function checkReference(table: TableOutline, name: string, node: Json, dataset: DatasetOutline, report: Report): void {
  const place = childPointer(table.pointer, 'references', name);
  const column = checkColumn(name, table.columns, here(table), place, report, { onKey: true });
  const to = isJsonObject(node) ? node['table'] : undefined;
  if (typeof to !== 'string') return;
  const target = dataset.tables.get(to);
  const known = [...dataset.tables.keys()];
  if (!target)
    return report.error(
      childPointer(place, 'table'),
      `There is no table "${to}"; there are: ${known.join(', ')}.${didYouMean(to, known)}`,
    );
  const [key, second] = target.key;
  const referred = target.columns.find((one) => one.name === key);
  if (second !== undefined)
    report.error(
      childPointer(place, 'table'),
      `The key of "${to}" has several columns (${target.key.join(', ')}), and a reference has one.`,
    );
  else if (
    column &&
    referred &&
    typeText({ ...column, nullable: false }) !== typeText({ ...referred, nullable: false })
  )
    report.error(
      place,
      `"${name}" is ${typeText(column)}, and the key of "${to}" is ${typeText(referred)}. Declare both alike.`,
      { onKey: true },
    );
}

function checkCircles({ tables }: DatasetOutline, report: Report): void {
  const needs = new Map(
    [...tables].map(([name, { node }]) => [name, Object.values(mapIn(node, 'references')).map(tableOf)]),
  );
  const { circle } = dependencyOrder(needs);
  const [first] = circle ?? [];
  if (circle && first !== undefined)
    report.error(
      childPointer('/tables', first, 'references'),
      `These tables refer to each other in a circle, and none could come first: ${circle.join(', ')}.`,
      { onKey: true },
    );
}

function tableOf(reference: Json): string {
  return isJsonObject(reference) ? asText(reference['table']) : '';
}

function checkIndexes(table: TableOutline, report: Report): void {
  const { indexes } = table.node;
  for (const [i, index] of (Array.isArray(indexes) ? (indexes as readonly Json[]) : []).entries()) {
    const place = childPointer(table.pointer, 'indexes', i);
    if (typeof index === 'string') checkColumn(index, table.columns, here(table), place, report);
    else
      for (const [j, name] of textsIn(index).entries())
        checkColumn(name, table.columns, here(table), childPointer(place, j), report);
  }
}

function checkRetention(table: TableOutline, { warehouse }: DatasetOutline, report: Report): void {
  const { retention } = table.node;
  if (!isJsonObject(retention)) return;
  const place = childPointer(table.pointer, 'retention');
  const by =
    typeof retention['by'] === 'string'
      ? checkColumn(retention['by'], table.columns, here(table), childPointer(place, 'by'), report)
      : undefined;
  if (by && by.type !== 'timestamp' && by.type !== 'date')
    report.error(
      childPointer(place, 'by'),
      `"${by.name}" is ${typeText(by)}; an age is counted from a timestamp or a date.`,
    );
  const exported = [...warehouse.values()].some((one) => one.table?.name === table.name && !one.history);
  if (retention['requires'] === 'exported' && !exported)
    report.error(
      childPointer(place, 'requires'),
      `No table of the warehouse is exported from "${table.name}", so no row would ever go. Add one under "warehouse".`,
    );
}
