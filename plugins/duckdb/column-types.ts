import type { DuckDBType } from '@duckdb/node-api';
import { WarehouseError, type Column } from '../../core/sdk.ts';
import { quoted } from './text.ts';

/** What a column is in a Parquet object. Timestamps are UTC by convention, so that no session's time zone takes part. */
export function typeOf({ type, precision, scale }: Column): string {
  switch (type) {
    case 'text':
      return 'VARCHAR';
    case 'integer':
      return 'INTEGER';
    case 'bigint':
      return 'BIGINT';
    case 'decimal':
      return `DECIMAL(${precision}, ${scale})`;
    case 'boolean':
      return 'BOOLEAN';
    case 'date':
      return 'DATE';
    case 'timestamp':
      return 'TIMESTAMP';
    case 'json':
      return 'JSON';
  }
}

const INTEGERS = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/;

/** Types of a statement's results that a column takes: those whose values all fit, or fail where one does not. */
const TAKES: Readonly<Record<Column['type'], RegExp>> = {
  text: /^VARCHAR$/,
  integer: INTEGERS,
  bigint: INTEGERS,
  decimal: INTEGERS,
  boolean: /^BOOLEAN$/,
  date: /^DATE$/,
  timestamp: /^TIMESTAMP( WITH TIME ZONE|_S|_MS)?$/,
  json: /^(JSON|VARCHAR)$/,
};

function takes(column: Column, given: string): boolean {
  const decimal = /^DECIMAL\(\d+,(\d+)\)$/.exec(given);
  if (decimal) return column.type === 'decimal' && Number(decimal[1]) <= (column.scale ?? 0);
  return TAKES[column.type].test(given);
}

/**
 * The declared columns out of a statement's, as a select list. A cast of DuckDB's rounds and cuts where types do not
 * fit, so only those that cannot are made for the author.
 * @throws WarehouseError `refused`, with every column that is wrong
 */
export function castList(columns: readonly Column[], given: ReadonlyMap<string, DuckDBType>): string {
  const wrong = [...given.keys()]
    .filter((name) => !columns.some((column) => column.name === name))
    .map((name) => `"${name}" is not declared`);
  for (const column of columns) {
    const type = given.get(column.name);
    if (!type) wrong.push(`"${column.name}" is missing`);
    else if (!takes(column, nameOf(type))) {
      wrong.push(`"${column.name}" is ${nameOf(type)} where ${typeOf(column)} is declared: cast it`);
    }
  }
  if (wrong.length === 0) return columns.map(cast).join(', ');
  throw new WarehouseError('refused', `The statement's columns are not those declared: ${wrong.join('; ')}.`);
}

/** What a statement's result is as a column: the types that `typeOf` gives, and those whose values fit into one of them. */
const COLUMNS: readonly (readonly [RegExp, Column['type']])[] = [
  [/^JSON$/, 'json'],
  [/^VARCHAR$/, 'text'],
  [/^(U?TINYINT|U?SMALLINT|INTEGER)$/, 'integer'],
  [/^(UINTEGER|BIGINT)$/, 'bigint'],
  [/^BOOLEAN$/, 'boolean'],
  [/^DATE$/, 'date'],
  [/^TIMESTAMP( WITH TIME ZONE|_S|_MS)?$/, 'timestamp'],
];

/** @returns undefined for a type that no column has */
export function columnOf(name: string, given: DuckDBType): Column | undefined {
  const type = nameOf(given);
  const decimal = /^DECIMAL\((\d+),(\d+)\)$/.exec(type);
  const digits = decimal ? { precision: Number(decimal[1]), scale: Number(decimal[2]) } : { precision: 38, scale: 0 };
  // A sum of integers.
  if (decimal || type === 'HUGEINT') return { name, type: 'decimal', nullable: true, ...digits };
  const known = COLUMNS.find(([form]) => form.test(type));
  return known && { name, type: known[1], nullable: true };
}

/** A JSON column is a VARCHAR with another name. */
export function nameOf(type: DuckDBType): string {
  return type.alias === 'JSON' ? 'JSON' : type.toString();
}

export function cast(column: Column): string {
  return `CAST(${quoted(column.name)} AS ${typeOf(column)}) AS ${quoted(column.name)}`;
}

/** Columns of a table, which refuses nulls where none may be. */
export function definitions(columns: readonly Column[]): string {
  return columns
    .map((column) => `${quoted(column.name)} ${typeOf(column)}${column.nullable ? '' : ' NOT NULL'}`)
    .join(', ');
}
