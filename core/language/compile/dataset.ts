import { parseDuration } from '../../kernel/duration.ts';
import type {
  DatasetModel,
  DatasetTable,
  Metric,
  ModelTest,
  SqlFile,
  TableReference,
  TableRetention,
  WarehouseTable,
} from '../../kernel/datasets.ts';
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import type { DatasetPlan } from '../plan-dataset.ts';
import {
  datasetOutline,
  textsIn,
  type ModelOutline,
  type SourceOutline,
  type TableOutline,
  type WarehouseOutline,
} from '../outline/dataset.ts';
import { dependencyOrder } from '../outline/dependency-order.ts';
import { mapIn } from '../outline/steps.ts';
import { asText } from '../schema/show.ts';
import { compileCsv } from '../sections/csv-source.ts';
import { AGGREGATES } from '../sections/dataset-models.ts';
import { compileSchedule } from '../sections/schedule.ts';
import { compileWebhook } from '../sections/webhook-source.ts';
import { childPointer } from '../load/document.ts';
import type { DefinitionSource } from '../source.ts';
import { namedSql, variantsOf } from '../sql-files.ts';

type Files = NonNullable<DefinitionSource['files']>;

/** Compiles what lint has found nothing wrong with. */
export function compileDataset(root: JsonObject, files: Files): DatasetPlan {
  const { sources, tables, warehouse, models } = datasetOutline(root);
  const named = new Set(namedSql(root).map(({ name }) => name));
  const file = (name: string): SqlFile => ({
    file: name,
    sql: files[name] ?? '',
    forWarehouse: variantsOf(name, files, named),
  });
  const schedule = compileSchedule(root['schedule']);
  return {
    timezone: typeof root['timezone'] === 'string' ? root['timezone'] : 'UTC',
    sources: [...sources.values()].map(compileSource),
    tables: ordered(tables, ({ node }) => referencesOf(node).map(({ table }) => table)).map(compileTable),
    warehouse: [...warehouse.values()].map(compileWarehouse),
    models: ordered(models, ({ dependsOn }) => dependsOn).map((model) => compileModel(model, file)),
    ...(schedule ? { schedule } : {}),
  };
}

function ordered<T>(parts: ReadonlyMap<string, T>, needs: (part: T) => readonly string[]): T[] {
  const { order } = dependencyOrder(new Map([...parts].map(([name, part]) => [name, needs(part)])));
  return order.map((name) => parts.get(name)!);
}

function compileSource({ name, kind, settings, pointer }: SourceOutline): DatasetPlan['sources'][number] {
  return kind === 'csv' ? compileCsv(name, settings) : compileWebhook(name, settings, childPointer(pointer, kind));
}

function compileTable({ name, node, columns, key, version, versionColumn }: TableOutline): DatasetTable {
  const retention = compileRetention(node['retention']);
  return {
    name,
    from: asText(node['from']),
    columns,
    key,
    version,
    versionColumn,
    history: node['history'] === true,
    write: textsIn(node['write']) as DatasetTable['write'],
    references: referencesOf(node),
    indexes: listIn(node['indexes']).map((index) => (typeof index === 'string' ? [index] : textsIn(index))),
    ...(retention ? { retention } : {}),
  };
}

function referencesOf(node: JsonObject): TableReference[] {
  return Object.entries(mapIn(node, 'references')).flatMap(([column, reference]) =>
    isJsonObject(reference) ? [{ column, table: asText(reference['table']), delete: 'cascade', missing: 'hold' }] : [],
  );
}

function compileRetention(node: Json | undefined): TableRetention | undefined {
  if (!isJsonObject(node)) return undefined;
  return { afterMs: durationOf(node['after']), by: asText(node['by']), exportedOnly: node['requires'] === 'exported' };
}

function compileWarehouse({ name, node, table, history, columns, rowKey }: WarehouseOutline): WarehouseTable {
  return {
    name,
    from: table?.name ?? '',
    history,
    load: node['load'] === 'snapshot' ? 'snapshot' : 'incremental',
    columns,
    rowKey,
    sortBy: rowKey,
  };
}

function compileModel({ name, node, dependsOn, columns }: ModelOutline, file: (name: string) => SqlFile): DatasetModel {
  return {
    name,
    sql: file(asText(node['sql'])),
    ...(typeof node['dirty'] === 'string' ? { dirty: file(node['dirty']) } : {}),
    dependsOn,
    ...(columns ? { columns } : {}),
    ...(typeof node['partition'] === 'string' ? { partition: node['partition'] } : {}),
    load: node['load'] === 'full' ? 'full' : 'replacePartition',
    sortBy: textsIn(node['sortBy']),
    dimensions: textsIn(node['dimensions']),
    metrics: Object.entries(mapIn(node, 'metrics')).flatMap(([metric, of]) =>
      isJsonObject(of) ? [compileMetric(metric, of)] : [],
    ),
    tests: listIn(node['tests']).flatMap((test) => (isJsonObject(test) ? compileTest(test, file) : [])),
  };
}

function compileMetric(name: string, node: JsonObject): Metric {
  return { name, ...compileAggregate(node), ...(typeof node['scale'] === 'number' ? { scale: node['scale'] } : {}) };
}

function compileAggregate(node: JsonObject): Omit<Metric, 'name' | 'scale'> {
  const aggregate = AGGREGATES.find((name) => name in node) ?? 'count';
  const column = asText(node[aggregate]);
  return {
    aggregate,
    ...(column === '*' ? {} : { column }),
    ...(typeof node['where'] === 'string' ? { where: node['where'] } : {}),
  };
}

function compileTest(node: JsonObject, file: (name: string) => SqlFile): ModelTest[] {
  return Object.entries(node).map(([test, of]): ModelTest => {
    const settings = isJsonObject(of) ? of : {};
    const text = (key: string): string => asText(settings[key]);
    switch (test) {
      case 'unique':
      case 'notNull':
        return { test, columns: textsIn(of) };
      case 'relationships':
        return { test, column: text('column'), to: text('to'), field: text('field') };
      case 'acceptedValues':
        return { test, column: text('column'), values: listIn(settings['values']) as (string | number | boolean)[] };
      case 'reconcile':
        return { test, metric: compileAggregate(settings), equals: file(text('equals')) };
      default:
        return { test: 'freshness', column: text('column'), withinMs: durationOf(settings['within']) };
    }
  });
}

function listIn(node: Json | undefined): readonly Json[] {
  return Array.isArray(node) ? (node as readonly Json[]) : [];
}

function durationOf(node: Json | undefined): number {
  return parseDuration(asText(node)) ?? 0;
}
