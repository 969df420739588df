import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts';
import { childPointer } from './load/document.ts';
import { loadYaml } from './load/load.ts';
import { mapIn } from './outline/steps.ts';

/** A file of SQL as the YAML names it, and where. */
export interface NamedSql {
  readonly name: string;
  readonly pointer: string;
  readonly model: string;
  readonly role: 'sql' | 'dirty' | 'equals';
}

/** The files that the models of a dataset name, in the order of the file. A name may stand more than once. */
export function namedSql(root: JsonObject): NamedSql[] {
  if (root['kind'] !== 'dataset') return [];
  return Object.entries(mapIn(root, 'models')).flatMap(([model, node]) =>
    isJsonObject(node) ? modelSql(model, node, childPointer('/models', model)) : [],
  );
}

function modelSql(model: string, node: JsonObject, pointer: string): NamedSql[] {
  const tests = Array.isArray(node['tests']) ? (node['tests'] as readonly Json[]) : [];
  return [
    ...fileAt(node, 'sql', pointer, model),
    ...fileAt(node, 'dirty', pointer, model),
    ...tests.flatMap((test, i) => {
      const reconcile = isJsonObject(test) ? test['reconcile'] : undefined;
      return isJsonObject(reconcile)
        ? fileAt(reconcile, 'equals', childPointer(pointer, 'tests', i, 'reconcile'), model)
        : [];
    }),
  ];
}

function fileAt(node: JsonObject, role: NamedSql['role'], pointer: string, model: string): NamedSql[] {
  const name = node[role];
  return typeof name === 'string' && isBeside(name)
    ? [{ name, pointer: childPointer(pointer, role), model, role }]
    : [];
}

/** Whether a name is one of a file of SQL in the folder of the definition, or below it. */
export function isBeside(name: string): boolean {
  const parts = name.split('/');
  return name.endsWith('.sql') && parts.every((part) => /^[\w.-]+$/.test(part) && !/^\.+(?:sql)?$/.test(part));
}

/** The names of the files that a definition's text names, as far as it can be read: what a reader of it reads, too. */
export function filesNamedIn(text: string): readonly string[] {
  if (!/^kind:\s*["']?dataset/m.test(text)) return [];
  const { document } = loadYaml('', text);
  return isJsonObject(document?.value) ? [...new Set(namedSql(document.value).map(({ name }) => name))] : [];
}

/** `models/orders.duckdb.sql` stands in for `models/orders.sql` in the warehouse `duckdb`. */
export function variantOf(name: string, file: string): string | undefined {
  const stem = name.slice(0, -'.sql'.length);
  return file.startsWith(`${stem}.`) ? /^([a-z][a-z0-9]*)\.sql$/.exec(file.slice(stem.length + 1))?.[1] : undefined;
}

/** The SQL that stands in for a file, by warehouse. A file that the YAML itself names stands for itself. */
export function variantsOf(
  name: string,
  files: Readonly<Record<string, string>>,
  named: ReadonlySet<string>,
): Record<string, string> {
  const found = Object.entries(files).flatMap(([file, sql]) => {
    const warehouse = named.has(file) ? undefined : variantOf(name, file);
    return warehouse === undefined ? [] : [[warehouse, sql] as const];
  });
  return Object.fromEntries(found);
}
