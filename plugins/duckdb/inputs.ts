import type { DuckDBConnection } from '@duckdb/node-api';
import { WarehouseError, type Objects, type WarehouseInput, type WarehouseInputs } from '../../core/sdk.ts';
import { cast, typeOf } from './column-types.ts';
import { listOfTexts, quoted } from './text.ts';

/** The objects of all inputs as files, by key. */
export function withInputFiles<T>(
  objects: Objects,
  inputs: WarehouseInputs,
  use: (files: ReadonlyMap<string, string>) => Promise<T>,
): Promise<T> {
  const keys = [...new Set(Object.values(inputs).flatMap((input) => input.objects.map(({ key }) => key)))];
  return objects.withFiles(keys, (paths) => {
    const wild = paths.find((path) => /[*?[]/.test(path));
    if (wild === undefined) return use(new Map(keys.map((key, index) => [key, paths[index]!])));
    throw new WarehouseError(
      'refused',
      `DuckDB takes ${wild} for a pattern: no *, ? or [ can be in an object's key.`,
    );
  });
}

/** A view for each input. Nothing is taken from paths: what a partition holds is in its rows. */
export async function createViews(
  connection: DuckDBConnection,
  inputs: WarehouseInputs,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [name, input] of Object.entries(inputs)) {
    await connection.run(`CREATE VIEW ${quoted(name)} AS ${selectOf(input, files)}`);
  }
}

function selectOf({ columns, objects }: WarehouseInput, files: ReadonlyMap<string, string>): string {
  const nulls = columns.map((column) => `CAST(NULL AS ${typeOf(column)}) AS ${quoted(column.name)}`);
  const none = `SELECT ${nulls.join(', ')} WHERE false`;
  if (objects.length === 0) return none;
  const paths = listOfTexts(objects.map(({ key }) => files.get(key)!));
  const source = `read_parquet(${paths}, hive_partitioning = false, union_by_name = ${objects.length > 1})`;
  // By name: objects that were written before a column came have nulls there.
  return `SELECT ${columns.map(cast).join(', ')} FROM (SELECT * FROM ${source} UNION ALL BY NAME ${none}) AS held`;
}
