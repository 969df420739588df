import type { LogType } from '../../../kernel/logs.ts';

/**
 * What an expression is. `truth` is what a comparison gives: a bool that MySQL shows as 0 or 1.
 * A decimal's `scale` is what MySQL declares and shows; `digits` is how many digits after the point it carries until then,
 * more than the scale after a division (MariaDB computes them in groups of nine and cuts off the rest).
 */
export type SqlType =
  | { readonly base: 'text' | 'int' | 'float' | 'bool' | 'truth' | 'time' | 'json' | 'null' }
  | { readonly base: 'decimal'; readonly scale: number; readonly digits: number };

/** What may be compared with each other. */
export type Kind = 'text' | 'number' | 'bool' | 'time' | 'json' | 'null';

export const TEXT: SqlType = { base: 'text' };
export const INT: SqlType = { base: 'int' };
export const FLOAT: SqlType = { base: 'float' };
export const BOOL: SqlType = { base: 'bool' };
export const TRUTH: SqlType = { base: 'truth' };
export const TIME: SqlType = { base: 'time' };
export const NULL: SqlType = { base: 'null' };

const KINDS: Readonly<Record<SqlType['base'], Kind>> = {
  text: 'text',
  int: 'number',
  float: 'number',
  decimal: 'number',
  bool: 'bool',
  truth: 'bool',
  time: 'time',
  json: 'json',
  null: 'null',
};

export function kindOf({ base }: SqlType): Kind {
  return KINDS[base];
}

export function decimal(scale: number, digits = scale): SqlType {
  return { base: 'decimal', scale, digits };
}

const COLUMN_TYPES: Readonly<Record<LogType, SqlType>> = {
  string: TEXT,
  int: INT,
  float: FLOAT,
  bool: BOOL,
  timestamp: TIME,
  json: { base: 'json' },
};

export function typeOfColumn(type: LogType): SqlType {
  return COLUMN_TYPES[type];
}

const SHOWN: Readonly<Record<SqlType['base'], LogType | 'decimal'>> = {
  text: 'string',
  int: 'int',
  float: 'float',
  decimal: 'decimal',
  bool: 'bool',
  truth: 'int',
  time: 'timestamp',
  json: 'json',
  null: 'string',
};

/** The type of an answer's column. */
export function shownType({ base }: SqlType): LogType | 'decimal' {
  return SHOWN[base];
}

/** The digits after the point that an exact number shows, and that it carries. */
export function fraction(type: SqlType): { readonly scale: number; readonly digits: number } {
  return type.base === 'decimal' ? type : { scale: 0, digits: 0 };
}

/** The type of a value that is one of both, as in COALESCE, CASE and UNION; undefined where the kinds differ. */
export function unify(a: SqlType, b: SqlType): SqlType | undefined {
  if (a.base === 'null') return b;
  if (b.base === 'null') return a;
  if (kindOf(a) !== kindOf(b)) return undefined;
  if (kindOf(a) === 'bool') return a.base === 'truth' ? b : a;
  if (kindOf(a) !== 'number') return a;
  if (a.base === 'float' || b.base === 'float') return FLOAT;
  if (a.base === 'int' && b.base === 'int') return INT;
  const [left, right] = [fraction(a), fraction(b)];
  return decimal(Math.max(left.scale, right.scale), Math.max(left.digits, right.digits));
}
