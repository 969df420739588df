import type { DuckDBTimestampTZValue, DuckDBTimestampValue, DuckDBValue } from '@duckdb/node-api';
import { WarehouseError, type Json } from '../../core/sdk.ts';
import type { Duckdb } from './api.ts';

/** Values of a result as JSON; see `WarehouseSession.query`. */
export function jsonValues(duckdb: typeof Duckdb): (value: DuckDBValue, column: string) => Json {
  const { DuckDBDateValue, DuckDBDecimalValue, DuckDBTimestampTZValue, DuckDBTimestampValue } = duckdb;
  return (value, column) => {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'number') return Number.isFinite(value) ? value : null;
    if (typeof value === 'bigint')
      return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
    if (value instanceof DuckDBDecimalValue || value instanceof DuckDBDateValue) return value.toString();
    if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue)
      return rfc3339(value);
    throw new WarehouseError(
      'refused',
      `Column "${column}" is of a type that JSON has no word for: cast it to text.`,
    );
  };
}

const MICROS = 1_000_000n;

function rfc3339(value: DuckDBTimestampValue | DuckDBTimestampTZValue): string {
  const { micros } = value;
  const fraction = ((micros % MICROS) + MICROS) % MICROS;
  const seconds = new Date(Number((micros - fraction) / 1000n));
  // Infinity, and years that JavaScript does not know.
  if (Number.isNaN(seconds.getTime())) return value.toString();
  return `${seconds.toISOString().slice(0, -5)}.${String(fraction).padStart(6, '0')}Z`;
}
