import type {
  WarehouseInputs,
  WarehouseSession,
  WarehouseStatement,
  WrittenPartition,
} from '../../core/sdk.ts';
import { castList } from './column-types.ts';
import { withEngine, type Engine } from './engine.ts';
import { createViews, withInputFiles } from './inputs.ts';
import { keepRows, writePartitions } from './partitions.ts';
import { bind, checkSelect } from './statement.ts';
import type { Workplace } from './workplace.ts';

/** Rows of a statement as objects. */
export function write(
  { settings, objects, scratch, signal }: Workplace,
  inputs: WarehouseInputs,
  statement: WarehouseStatement,
  target: Parameters<WarehouseSession['write']>[2],
): Promise<readonly WrittenPartition[]> {
  return withInputFiles(objects, inputs, (files) =>
    withEngine(settings, { scratch, files: [...files.values()], ordered: true }, signal, async (engine) => {
      const { connection } = engine;
      await createViews(connection, inputs, files);
      await checkSelect(engine, statement);
      await computeRows(engine, statement, target);
      return writePartitions({ engine, objects, scratch, signal, writers: settings.threads }, target);
    }),
  );
}

async function computeRows(
  { connection, duckdb }: Engine,
  statement: WarehouseStatement,
  target: Parameters<WarehouseSession['write']>[2],
): Promise<void> {
  const { values, types } = bind(duckdb, statement);
  // A statement may end in a comment.
  const rows = `(${statement.sql}\n) AS given`;
  // The types are known only once values are bound, and only from a table.
  await connection.run(`CREATE TEMP TABLE _shape AS SELECT * FROM ${rows} LIMIT 0`, values, types);
  const shape = await connection.run('SELECT * FROM _shape');
  const given = new Map(shape.columnNames().map((name, index) => [name, shape.columnType(index)]));
  const select = `SELECT ${castList(target.columns, given)} FROM ${rows}`;
  await keepRows(connection, target, select, { values, types });
}
