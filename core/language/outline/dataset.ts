import type { Column } from '../../kernel/columns.ts';
import type { RowVersion } from '../../kernel/datasets.ts';
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import { childPointer } from '../load/document.ts';
import { columnsOf } from '../schema/column-type.ts';
import { asText } from '../schema/show.ts';
import { mapIn } from './steps.ts';

interface Part {
  readonly name: string;
  readonly pointer: string;
  readonly node: JsonObject;
}

export interface SourceOutline extends Part {
  readonly kind: 'csv' | 'webhook';
  /** What stands under its kind. */
  readonly settings: JsonObject;
  readonly columns: readonly Column[];
}

export interface TableOutline extends Part {
  /** Undefined where its source is not there. */
  readonly source: SourceOutline | undefined;
  readonly columns: readonly Column[];
  readonly key: readonly string[];
  readonly version: RowVersion;
  readonly versionColumn: Column;
}

export interface WarehouseOutline extends Part {
  /** Undefined where it is not there. */
  readonly table: TableOutline | undefined;
  readonly history: boolean;
  readonly columns: readonly Column[];
  /** What a row is the newest version of. */
  readonly rowKey: readonly string[];
}

export interface ModelOutline extends Part {
  readonly dependsOn: readonly string[];
  /** Undefined where they are not declared. */
  readonly columns: readonly Column[] | undefined;
}

/** A dataset as far as it is well shaped, by names. */
export interface DatasetOutline {
  readonly sources: ReadonlyMap<string, SourceOutline>;
  readonly tables: ReadonlyMap<string, TableOutline>;
  readonly warehouse: ReadonlyMap<string, WarehouseOutline>;
  readonly models: ReadonlyMap<string, ModelOutline>;
}

export const PARTITION: Column = { name: 'partition_date', type: 'date', nullable: false };
export const EVENT_TIME = '_event_time';
export const HISTORY = '_history';

export function datasetOutline(root: JsonObject): DatasetOutline {
  const sources = named(partsIn(root, 'sources').flatMap(sourceOutline));
  const tables = named(partsIn(root, 'tables').map((part) => tableOutline(part, sources)));
  const warehouse = named(partsIn(root, 'warehouse').map((part) => warehouseOutline(part, tables)));
  return { sources, tables, warehouse, models: named(partsIn(root, 'models').map(modelOutline)) };
}

function partsIn(root: JsonObject, section: string): Part[] {
  return Object.entries(mapIn(root, section)).flatMap(([name, node]) =>
    isJsonObject(node) ? [{ name, node, pointer: childPointer('', section, name) }] : [],
  );
}

function named<T extends Part>(parts: readonly T[]): ReadonlyMap<string, T> {
  return new Map(parts.map((part) => [part.name, part]));
}

function sourceOutline(part: Part): SourceOutline[] {
  return (['csv', 'webhook'] as const).flatMap((kind) => {
    const settings = part.node[kind];
    return isJsonObject(settings) ? [{ ...part, kind, settings, columns: columnsOf(settings['columns']) }] : [];
  });
}

function tableOutline(part: Part, sources: DatasetOutline['sources']): TableOutline {
  const source = sources.get(asText(part.node['from']));
  const columns = source?.columns ?? [];
  const version = versionOf(part.node['version']);
  return {
    ...part,
    source,
    columns,
    key: textsIn(part.node['key']),
    version,
    versionColumn: versionColumn(version, columns),
  };
}

function versionOf(node: Json | undefined): RowVersion {
  if (typeof node !== 'string') return { by: 'object' };
  return node === EVENT_TIME ? { by: 'eventTime' } : { by: 'column', column: node };
}

function versionColumn(version: RowVersion, columns: readonly Column[]): Column {
  const name = '_version';
  if (version.by === 'object') return { name, type: 'text', nullable: false };
  const own = version.by === 'column' ? columns.find((column) => column.name === version.column) : undefined;
  return { ...(own ?? { type: 'timestamp' }), name, nullable: false };
}

function warehouseOutline(part: Part, tables: DatasetOutline['tables']): WarehouseOutline {
  const from = asText(part.node['from']);
  const plain = tables.get(from);
  const history = plain === undefined && from.endsWith(HISTORY);
  const table = plain ?? (history ? tables.get(from.slice(0, -HISTORY.length)) : undefined);
  const columns = table ? [PARTITION, ...table.columns, table.versionColumn] : [];
  return { ...part, table, history, columns, rowKey: [...(table?.key ?? []), ...(history ? ['_version'] : [])] };
}

function modelOutline(part: Part): ModelOutline {
  const { dependsOn, columns } = part.node;
  return { ...part, dependsOn: textsIn(dependsOn), columns: isJsonObject(columns) ? columnsOf(columns) : undefined };
}

export function textsIn(node: Json | undefined): readonly string[] {
  return Array.isArray(node) ? (node as readonly Json[]).filter((item) => typeof item === 'string') : [];
}
