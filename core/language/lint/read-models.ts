import { didYouMean } from '../../kernel/suggest.ts';
import type { DatasetOutline, ModelOutline } from '../outline/dataset.ts';
import { datasetOutline } from '../outline/dataset.ts';
import { dependencyOrder } from '../outline/dependency-order.ts';
import type { DefinitionSource } from '../source.ts';
import { namedSql, type NamedSql } from '../sql-files.ts';
import type { Columns, Tables } from '../sql/names.ts';
import { readSql, type SqlReport } from '../sql/read-sql.ts';
import type { JsonObject } from '../../kernel/json.ts';

/** A file of a model as it was read; undefined where it is not there. */
export interface ReadFile extends NamedSql {
  readonly report: SqlReport | undefined;
}

export interface ReadModels {
  readonly files: readonly ReadFile[];
  /** Of warehouse tables and models, by name: as declared, or as their SQL gives them. */
  readonly columns: Tables;
}

const read = new WeakMap<JsonObject, ReadModels>();

/** Reads the SQL of all models of a definition, once. */
export function readModels(source: DefinitionSource, root: JsonObject): ReadModels {
  const known = read.get(root);
  if (known) return known;
  const dataset = datasetOutline(root);
  const columns = new Map<string, Columns>(
    [...dataset.warehouse].map(([name, table]) => [name, namesOf(table.columns)]),
  );
  const files: ReadFile[] = [];
  for (const model of inOrder(dataset)) {
    let given: Columns;
    for (const file of namedSql(root).filter((one) => one.model === model.name)) {
      const text = source.files?.[file.name];
      const report = text === undefined ? undefined : readSql(text, optionsFor(file, model, dataset, columns));
      if (file.role === 'sql') given = report?.columns;
      files.push({ ...file, report });
    }
    columns.set(model.name, model.columns ? namesOf(model.columns) : given);
  }
  const models = { files, columns };
  read.set(root, models);
  return models;
}

/** Models in a circle are reported elsewhere, and read as they come. */
function inOrder({ models }: DatasetOutline): readonly ModelOutline[] {
  const { order, circle } = dependencyOrder(new Map([...models].map(([name, { dependsOn }]) => [name, dependsOn])));
  return circle ? [...models.values()] : order.map((name) => models.get(name)!);
}

function namesOf(columns: readonly { readonly name: string }[]): readonly string[] {
  return columns.map(({ name }) => name);
}

/** `_old` says of a row which of the two it is: as it was known before an export, or after it. */
const OLD = '_old';

/** What a file may name: what its model depends on, in the forms that its place knows. */
function optionsFor(
  { role }: NamedSql,
  { dependsOn }: ModelOutline,
  dataset: DatasetOutline,
  columns: Tables,
): Parameters<typeof readSql>[1] {
  const tables = new Map<string, Columns>();
  for (const name of dependsOn) {
    const own = columns.get(name);
    if (dataset.warehouse.has(name)) {
      tables.set(name, own).set(`latest_${name}`, own);
      if (role === 'dirty') tables.set(`changed_${name}`, own && [...own, OLD]);
    } else if (role !== 'dirty') tables.set(name, own);
  }
  return { tables, advice: (name) => adviceOn(name, role, dataset, dependsOn) };
}

function adviceOn(
  name: string,
  role: NamedSql['role'],
  { warehouse, models, tables }: DatasetOutline,
  dependsOn: readonly string[],
): string | undefined {
  const [, form, of = name] = /^(changed|latest)_(.*)$/.exec(name) ?? [];
  if (form === 'changed' && role !== 'dirty' && warehouse.has(of))
    return `"${name}" is known only in \`dirty\`: elsewhere there are "${of}" and "latest_${of}".`;
  if (form !== undefined && models.has(of)) return `"${of}" is a model, and has no "${form}_" rows: name it as it is.`;
  if (models.has(name) && role === 'dirty')
    return `"${name}" is a model: \`dirty\` is asked while a night is exported, before models are built, and names tables of the warehouse only.`;
  if ((warehouse.has(of) || models.has(name)) && !dependsOn.includes(of))
    return `"${of}" is not in \`dependsOn\` of this model: add it there.`;
  if (tables.has(of)) return `"${of}" is a table of the operational store only: export it under \`warehouse\`.`;
  const known = [...warehouse.keys(), ...models.keys()];
  return nearKnown(name, known);
}

function nearKnown(name: string, known: readonly string[]): string | undefined {
  const hint = didYouMean(
    name,
    known.flatMap((one) => [one, `latest_${one}`, `changed_${one}`]),
  );
  return hint === '' ? undefined : `There is no table "${name}" here.${hint}`;
}

/** The table or model that a name in SQL stands for. */
export function tableNamed(name: string, { warehouse }: Pick<DatasetOutline, 'warehouse'>): string {
  const [, of] = /^(?:changed|latest)_(.*)$/.exec(name) ?? [];
  return of !== undefined && warehouse.has(of) ? of : name;
}
