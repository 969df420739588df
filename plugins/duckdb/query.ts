import {
  WarehouseError,
  type Json,
  type WarehouseInputs,
  type WarehouseRows,
  type WarehouseStatement,
} from '../../core/sdk.ts';
import { withEngine } from './engine.ts';
import { createViews, withInputFiles } from './inputs.ts';
import { jsonValues } from './json-values.ts';
import { bind, checkSelect } from './statement.ts';
import type { Workplace } from './workplace.ts';

/** Takes rows as they are made, so that a result that is too large stops the engine early. */
export function query(
  { settings, objects, scratch, signal }: Workplace,
  inputs: WarehouseInputs,
  statement: WarehouseStatement,
  maxRows: number,
): Promise<WarehouseRows> {
  return withInputFiles(objects, inputs, (files) =>
    withEngine(settings, { scratch, files: [...files.values()] }, signal, async (engine) => {
      const { connection, duckdb } = engine;
      await createViews(connection, inputs, files);
      await checkSelect(engine, statement);
      const { values, types } = bind(duckdb, statement);
      const result = await connection.stream(statement.sql, values, types);
      const columns = result.columnNames();
      const toJson = jsonValues(duckdb);
      const rows: (readonly Json[])[] = [];
      for await (const chunk of result.yieldRows()) {
        if (rows.length + chunk.length > maxRows) {
          throw new WarehouseError('too_large', `The result has more than ${maxRows} rows.`);
        }
        for (const row of chunk) rows.push(row.map((value, index) => toJson(value, columns[index]!)));
      }
      return { columns, rows };
    }),
  );
}
