import { WarehouseError, type Column, type WarehouseInputs, type WarehouseStatement } from '../../core/sdk.ts';
import { columnOf, nameOf } from './column-types.ts';
import { withEngine } from './engine.ts';
import { createViews, withInputFiles } from './inputs.ts';
import { bind, checkSelect } from './statement.ts';
import type { Workplace } from './workplace.ts';

/** The columns that a statement gives. */
export function describe(
  { settings, objects, scratch, signal }: Workplace,
  inputs: WarehouseInputs,
  statement: WarehouseStatement,
): Promise<readonly Column[]> {
  return withInputFiles(objects, inputs, (files) =>
    withEngine(settings, { scratch, files: [...files.values()] }, signal, async (engine) => {
      const { connection, duckdb } = engine;
      await createViews(connection, inputs, files);
      await checkSelect(engine, statement);
      const { values, types } = bind(duckdb, statement);
      const none = await connection.run(`SELECT * FROM (${statement.sql}\n) AS given LIMIT 0`, values, types);
      return none.columnNames().map((name, index) => {
        const type = none.columnType(index);
        const column = columnOf(name, type);
        if (column) return column;
        throw new WarehouseError('refused', `"${name}" is ${nameOf(type)}, which no column can be: cast it.`);
      });
    }),
  );
}
