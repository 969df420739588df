import type { JsonObject } from '../../kernel/json.ts';
import { datasetOutline, type ModelOutline } from '../outline/dataset.ts';
import type { DefinitionSource, Finding } from '../source.ts';
import { asText } from '../schema/show.ts';
import type { SqlReport } from '../sql/read-sql.ts';
import { readModels, type ReadFile } from './read-models.ts';

/** What is wrong in the files of SQL that a definition names, each in its own file. */
export function modelSqlFindings(source: DefinitionSource, root: JsonObject): Finding[] {
  if (root['kind'] !== 'dataset') return [];
  const { models } = datasetOutline(root);
  const found = readModels(source, root).files.flatMap((file) => findingsIn(file, models.get(file.model), source.file));
  // A file that two models name is read for both.
  const once = new Map(
    found.map((finding) => [`${finding.file}:${finding.line}:${finding.column} ${finding.message}`, finding]),
  );
  return [...once.values()];
}

function findingsIn({ name, role, report }: ReadFile, model: ModelOutline | undefined, definition: string): Finding[] {
  if (!report || !model) return [];
  const wrong = report.faults.length === 0 ? resultTrouble(report, role, model) : undefined;
  const faults = [...report.faults, ...(wrong === undefined ? [] : [{ line: 1, column: 1, message: wrong }])];
  return faults.map((fault) => ({
    severity: 'error',
    file: beside(definition, name),
    path: `models.${model.name}.${role}`,
    ...fault,
  }));
}

/** A file named by a definition, as the definition itself is shown. */
function beside(definition: string, name: string): string {
  return definition.replace(/[^/\\]*$/, '') + name;
}

function resultTrouble({ columns }: SqlReport, role: ReadFile['role'], model: ModelOutline): string | undefined {
  if (!columns) return undefined;
  const gives = `this gives: ${columns.join(', ')}`;
  const partition = typeof model.node['partition'] === 'string' ? model.node['partition'] : undefined;
  if (role === 'sql') {
    const declared = model.columns?.map(({ name }) => name);
    if (!declared || declared.join() === columns.join()) return undefined;
    return `The columns of the model "${model.name}" are declared as ${declared.join(', ')}; ${gives}. Both need the same names in the same order.`;
  }
  if (role === 'dirty') {
    if (columns.length === 1 && (partition === undefined || columns[0] === partition)) return undefined;
    return `\`dirty\` gives one column, the partitions of its model (${asText(partition ?? 'partition_date')}); ${gives}.`;
  }
  const wanted = [...(partition === undefined ? [] : [partition]), 'value'];
  return [...columns].sort().join() === [...wanted].sort().join()
    ? undefined
    : `What a model is reconciled with gives ${wanted.join(' and ')}; ${gives}.`;
}
