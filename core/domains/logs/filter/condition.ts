import type { LogStatement } from '../../../kernel/logs.ts';
import { OWN_TABLE, type Typed } from '../sql/plan.ts';
import { conditionStatement, type SqlDialect } from '../sql/statement.ts';
import { TEXT, TRUTH, typeOfColumn } from '../sql/types.ts';
import type { Field, LogFilter } from './filter.ts';
import { youngCapitals } from './fold.ts';

/** A column of a relation, by the relation's number. */
export function columnOf({ name, type }: Field, relation: number): Typed {
  const column = { name, type: typeOfColumn(type), emitted: name };
  return { node: 'column', relation, column, written: name, type: column.type, at: 0 };
}

/** A value of a field's type, as it is stored. */
export function literalOf({ type }: Field, value: string | number | boolean): Typed {
  return {
    node: 'literal',
    value: typeof value === 'number' && type === 'int' ? String(value) : value,
    type: typeOfColumn(type),
    at: 0,
  };
}

/** Conditions joined, balanced, so that many nest no deeper than they must. */
export function joinedBy(op: 'AND' | 'OR', conditions: readonly Typed[]): Typed {
  const [first, ...others] = conditions;
  if (!first) return truth(op === 'AND');
  if (others.length === 0) return first;
  const half = Math.ceil(conditions.length / 2);
  return {
    node: 'logic',
    op,
    left: joinedBy(op, conditions.slice(0, half)),
    right: joinedBy(op, conditions.slice(half)),
    type: TRUTH,
    at: 0,
  };
}

/** A filter as a condition on the rows of a relation; undefined where it takes all. */
export function conditionOf(filter: LogFilter, relation: number): Typed | undefined {
  return filter.node === 'all' ? undefined : written(filter, relation);
}

/**
 * A filter as what stands behind WHERE over one table, for `LogShard.purge`.
 * @throws SluiceError query_too_complex
 */
export function conditionFor(dialect: SqlDialect, filter: LogFilter): LogStatement {
  return conditionStatement(written(filter, OWN_TABLE), dialect);
}

function written(filter: LogFilter, relation: number): Typed {
  switch (filter.node) {
    case 'all':
      return truth(true);
    case 'and':
      return joinedBy(
        'AND',
        filter.terms.map((term) => written(term, relation)),
      );
    case 'or':
      return joinedBy(
        'OR',
        filter.terms.map((term) => written(term, relation)),
      );
    case 'not':
      // What compares with an absent value is NULL, and NOT of that is NULL again: an event without the field would be lost.
      return {
        node: 'is',
        test: 'TRUE',
        negated: true,
        operand: written(filter.term, relation),
        type: TRUTH,
        at: 0,
      };
    case 'text':
      return joinedBy(
        'OR',
        filter.fields.map((field) => holdsText(columnOf(field, relation), filter.folded)),
      );
    case 'present':
      return {
        node: 'is',
        test: 'NULL',
        negated: true,
        operand: columnOf(filter.field, relation),
        type: TRUTH,
        at: 0,
      };
    case 'prefix':
      return like(columnOf(filter.field, relation), `${escaped(filter.prefix)}%`);
    case 'compare':
      return {
        node: 'compare',
        op: filter.op,
        left: columnOf(filter.field, relation),
        right: literalOf(filter.field, filter.value!),
        type: TRUTH,
        at: 0,
      };
  }
}

/** Capitals that the store leaves as they are get their small letters here, so that all stores fold alike. */
function holdsText(column: Typed, folded: string): Typed {
  const lower: Typed = { node: 'scalar', name: 'LOWER', args: [column], type: TEXT, at: 0 };
  const small = youngCapitals(folded).reduce<Typed>(
    (operand, letters) => ({
      node: 'scalar',
      name: 'REPLACE',
      args: [operand, ...letters.map(text)],
      type: TEXT,
      at: 0,
    }),
    lower,
  );
  return like(small, `%${escaped(folded)}%`);
}

function like(operand: Typed, pattern: string): Typed {
  return {
    node: 'like',
    negated: false,
    operand,
    pattern: text(pattern),
    escape: undefined,
    type: TRUTH,
    at: 0,
  };
}

const text = (value: string): Typed => ({ node: 'literal', value, type: TEXT, at: 0 });
const truth = (value: boolean): Typed => ({ node: 'literal', value, type: TRUTH, at: 0 });
const escaped = (value: string): string => value.replace(/[\\%_]/g, '\\$&');
