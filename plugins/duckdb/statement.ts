import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { WarehouseError, type Json, type WarehouseStatement } from '../../core/sdk.ts';
import type { Duckdb } from './api.ts';
import type { Engine } from './engine.ts';

export interface Bound {
  readonly values: DuckDBValue[];
  readonly types: DuckDBType[];
}

/** Makes sure that the text is one SELECT: it is going to stand inside other statements. */
export async function checkSelect(
  { connection, duckdb }: Engine,
  { sql }: WarehouseStatement,
): Promise<void> {
  if (sql.trim() === '') throw new WarehouseError('refused', 'The statement is empty.');
  const statements = await connection.extractStatements(sql);
  if (statements.count !== 1) {
    throw new WarehouseError('refused', `There are ${statements.count} statements; one is run.`);
  }
  const prepared = await statements.prepare(0);
  try {
    if (prepared.statementType !== duckdb.StatementType.SELECT) {
      const type = duckdb.StatementType[prepared.statementType];
      throw new WarehouseError('refused', `The statement is of the type ${type}; a SELECT is run.`);
    }
  } finally {
    prepared.destroySync();
  }
}

/** Values as the engine takes them, in the order of `$1`, `$2`. */
export function bind(duckdb: typeof Duckdb, { values = [] }: WarehouseStatement): Bound {
  const bound = values.map((value) => bindOne(duckdb, value));
  return { values: bound.map(([value]) => value), types: bound.map(([, type]) => type) };
}

function bindOne(duckdb: typeof Duckdb, value: Json): readonly [DuckDBValue, DuckDBType] {
  const { VARCHAR, BOOLEAN, BIGINT, DOUBLE, LIST, listValue } = duckdb;
  if (value === null || typeof value === 'string') return [value, VARCHAR];
  if (typeof value === 'boolean') return [value, BOOLEAN];
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? [BigInt(value), BIGINT] : [value, DOUBLE];
  if (!Array.isArray(value)) return [JSON.stringify(value), VARCHAR];
  const items = value.map((item) => bindOne(duckdb, item));
  const type = items[0]?.[1] ?? VARCHAR;
  if (items.some(([, other]) => other !== type)) {
    throw new WarehouseError('refused', `The values of a list are of one type: ${JSON.stringify(value)}.`);
  }
  return [listValue(items.map(([item]) => item)), LIST(type)];
}
