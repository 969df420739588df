import { isJsonObject, type Json } from '../../kernel/json.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { childPointer } from '../load/document.ts';
import { datasetOutline, type DatasetOutline, type ModelOutline } from '../outline/dataset.ts';
import { dependencyOrder } from '../outline/dependency-order.ts';
import { mapIn } from '../outline/steps.ts';
import type { Report } from '../report.ts';
import { asText } from '../schema/show.ts';
import { checkMetrics } from './model-metrics.ts';
import { columnsKnown } from './model-columns.ts';
import { checkModelTests } from './model-tests.ts';
import { readModels, tableNamed, type ReadModels } from './read-models.ts';
import type { LintRule, Subject } from './subject.ts';

export const datasetModels: LintRule = {
  name: 'dataset-models',
  summary:
    'Models that depend on what is not there, on each other, or on more than they name; partitions, sorts, dimensions and metrics over no column.',
  check(subject, report) {
    const { root } = subject.outline;
    if (root['kind'] !== 'dataset') return;
    const dataset = datasetOutline(root);
    const read = readModels(subject.source, root);
    checkCircles(dataset, report);
    checkFiles(subject, read, report);
    for (const model of dataset.models.values()) {
      checkDependencies(model, dataset, read, report);
      checkPartition(model, dataset, report);
      const columns = columnsKnown(model, read.columns.get(model.name));
      columns.checkList(model.node['sortBy'], childPointer(model.pointer, 'sortBy'), report);
      columns.checkList(model.node['dimensions'], childPointer(model.pointer, 'dimensions'), report);
      if (typeof model.node['partition'] === 'string') checkPartitionColumn(model, columns, report);
      checkMetrics(model, columns, report);
      checkModelTests(model, columns, read.columns, report);
    }
  },
};

function checkFiles({ source }: Subject, { files }: ReadModels, report: Report): void {
  for (const { name, pointer, report: read } of files) {
    if (!read) report.error(pointer, `There is no file ${name} beside ${source.file.replace(/^.*[/\\]/, '')}.`);
  }
}

function checkCircles({ models }: DatasetOutline, report: Report): void {
  const { circle } = dependencyOrder(new Map([...models].map(([name, { dependsOn }]) => [name, dependsOn])));
  const [first] = circle ?? [];
  if (circle && first !== undefined)
    report.error(
      childPointer('/models', first, 'dependsOn'),
      `These models depend on each other in a circle, and none could be built first: ${circle.join(', ')}.`,
      { onKey: true },
    );
}

function checkDependencies(
  { name, pointer, node, dependsOn }: ModelOutline,
  dataset: DatasetOutline,
  read: ReadModels,
  report: Report,
): void {
  const files = read.files.filter(({ model }) => model === name);
  const named = new Set(
    files.flatMap(({ report: sql }) => [...(sql?.used.keys() ?? [])].map((used) => tableNamed(used, dataset))),
  );
  for (const to of relatedTo(node['tests'])) named.add(tableNamed(to, dataset));
  const readable = files.every(({ report: sql }) => sql && sql.faults.length === 0);
  const known = [...dataset.warehouse.keys(), ...dataset.models.keys()].filter((other) => other !== name);
  for (const [i, dependency] of dependsOn.entries()) {
    const place = childPointer(pointer, 'dependsOn', i);
    if (dependsOn.indexOf(dependency) < i) report.error(place, `"${dependency}" stands in dependsOn already.`);
    else if (dependency !== name && !known.includes(dependency))
      report.error(
        place,
        `There is no table of the warehouse and no model "${dependency}"; there are: ${known.join(', ') || 'none'}.${didYouMean(dependency, known)}`,
      );
    else if (dependency !== name && readable && !named.has(dependency))
      report.error(place, `No file of this model names "${dependency}": leave it out.`);
  }
}

function relatedTo(tests: Json | undefined): string[] {
  return (Array.isArray(tests) ? (tests as readonly Json[]) : []).flatMap((test) =>
    isJsonObject(test) ? asText(mapIn(test, 'relationships')['to'] ?? '') : [],
  );
}

/** A partition is replaced where `dirty` or the partitions of another model say so. */
function checkPartition({ pointer, node, dependsOn }: ModelOutline, { models }: DatasetOutline, report: Report): void {
  const misplaced = (key: string, message: string) => {
    if (key in node) report.error(childPointer(pointer, key), message, { onKey: true });
  };
  if (node['load'] === 'full') {
    misplaced(
      'partition',
      '"load: full" replaces the table as a whole: leave the partition out, or write "load: replacePartition".',
    );
    misplaced(
      'dirty',
      '"load: full" builds the table each night: leave "dirty" out, or write "load: replacePartition".',
    );
  } else if (node['load'] === 'replacePartition') {
    if (!('partition' in node))
      report.error(
        pointer,
        '"load: replacePartition" needs "partition", the column of dates that the table is cut by.',
        { onKey: true },
      );
    const followed = dependsOn.some((name) => 'partition' in (models.get(name)?.node ?? {}));
    if (!('dirty' in node) && !followed)
      report.error(
        pointer,
        'Nothing says which partitions of this model to build: give it "dirty", or let it depend on a model with partitions.',
        { onKey: true },
      );
  }
}

function checkPartitionColumn(
  { pointer, node }: ModelOutline,
  columns: ReturnType<typeof columnsKnown>,
  report: Report,
): void {
  const place = childPointer(pointer, 'partition');
  const column = columns.check(asText(node['partition']), place, report);
  if (column?.type !== undefined && column.type !== 'date')
    report.error(place, `"${column.name}" is ${column.type}; a partition is a date.`);
}
