import pg from 'pg';
import type { Column } from '../../core/kernel/columns.ts';

export const quoted = (name: string): string => pg.escapeIdentifier(name);
export const literal = (text: string): string => pg.escapeLiteral(text);

/** Columns as a list, or those of a relation. */
export function list(names: readonly string[], relation?: string): string {
  return names.map((name) => (relation === undefined ? quoted(name) : `${relation}.${quoted(name)}`)).join(', ');
}

/** A condition that rows of two relations agree in these columns, none of which is null. */
export function agree(names: readonly string[], one: string, other: string): string {
  return names.map((name) => `${one}.${quoted(name)} = ${other}.${quoted(name)}`).join(' AND ');
}

/** The same for columns that may be null. */
export function agreeWithNulls(names: readonly string[], one: string, other: string): string {
  return names.map((name) => `${one}.${quoted(name)} IS NOT DISTINCT FROM ${other}.${quoted(name)}`).join(' AND ');
}

/** A column's type as PostgreSQL itself prints it. */
export function typeOf({ type, precision, scale }: Column): string {
  switch (type) {
    case 'decimal':
      return `numeric(${precision},${scale})`;
    case 'timestamp':
      // Of UTC. A type with a time zone would be printed in that of the session.
      return 'timestamp without time zone';
    case 'json':
      return 'jsonb';
    default:
      return type;
  }
}

/** A column in a CREATE TABLE. Text is compared by its bytes: in all places alike, and as the warehouse does. */
export function definitionOf(column: Column): string {
  const collation = column.type === 'text' ? ' COLLATE "C"' : '';
  return `${quoted(column.name)} ${typeOf(column)}${collation}${column.nullable ? '' : ' NOT NULL'}`;
}

/** A value that two rows are compared by. Equal jsonb may have been written differently (1 and 1.0). */
export function comparable({ name, type }: Column, relation?: string): string {
  const value = list([name], relation);
  return type === 'json' ? `(${value}::text COLLATE "C")` : value;
}

/** A value as `StoredRow` gives it: times as RFC 3339. Others are read by the connection's parsers. */
export function shown({ name, type }: Column, relation: string): string {
  const value = list([name], relation);
  return type === 'timestamp' ? `to_char(${value}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')` : value;
}
