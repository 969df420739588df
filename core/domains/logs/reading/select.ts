import { columnOf, joinedBy, literalOf } from '../filter/condition.ts';
import { TIME, type Field, type Operator } from '../filter/filter.ts';
import type { FamilyShape } from '../sql/catalog.ts';
import { aggregates, type PlannedOrder, type PlannedQuery, type Typed } from '../sql/plan.ts';
import { INT, TRUTH, type SqlType } from '../sql/types.ts';
import type { Aggregate } from '../sql/functions.ts';

/** The family's table has this number in every statement, and so has the SELECT. */
export const TABLE = 0;

/** A SELECT over a family's table, to be put together from conditions that all hold. */
export interface FamilySelect {
  readonly items: readonly Typed[];
  readonly where: readonly (Typed | undefined)[];
  readonly groupBy?: readonly Typed[];
  readonly order?: readonly PlannedOrder[];
  readonly limit?: number;
}

export function selectFrom(
  family: FamilyShape,
  { items, where, groupBy = [], order = [], limit }: FamilySelect,
): PlannedQuery {
  const columns = items.map(({ type }, index) => ({ name: String(index), type }));
  const conditions = where.filter((condition) => condition !== undefined);
  return {
    id: 0,
    ctes: [],
    order,
    limit: limit === undefined ? undefined : BigInt(limit),
    offset: undefined,
    columns,
    body: {
      node: 'select',
      distinct: false,
      items,
      columns,
      from: [{ first: { id: TABLE, columns: [], source: { node: 'family', family } }, joins: [] }],
      where: conditions.length > 0 ? joinedBy('AND', conditions) : undefined,
      groupBy,
      having: undefined,
      grouped: groupBy.length > 0 || items.some(aggregates),
    },
  };
}

/** From the first moment, up to but without the second; as stored. */
export interface TimeRange {
  readonly from: string | undefined;
  readonly to: string | undefined;
}

export function within({ from, to }: TimeRange, field: Field = TIME): readonly Typed[] {
  return [
    ...(from === undefined ? [] : [compared(field, '>=', from)]),
    ...(to === undefined ? [] : [compared(field, '<', to)]),
  ];
}

export function compared(field: Field, op: Operator, value: string | number | boolean): Typed {
  return {
    node: 'compare',
    op,
    left: columnOf(field, TABLE),
    right: literalOf(field, value),
    type: TRUTH,
    at: 0,
  };
}

export function aggregate(name: Aggregate, argument: Typed | undefined, type: SqlType = INT): Typed {
  return { node: 'aggregate', name, distinct: false, argument, type, at: 0 };
}
