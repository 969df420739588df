import type { FamilyShape } from './catalog.ts';
import type { Aggregate } from './functions.ts';
import type { Arithmetic, Comparison, Logic } from './syntax-tree.ts';
import type { SqlType } from './types.ts';

/** A checked query: every name resolved, every expression typed, `*` written out. Emitters read this and nothing else. */
export interface PlannedQuery {
  /** Names of its columns in what is emitted are made of this number. */
  readonly id: number;
  readonly ctes: readonly PlannedCte[];
  readonly body: PlannedBody;
  readonly order: readonly PlannedOrder[];
  readonly limit: bigint | undefined;
  readonly offset: bigint | undefined;
  readonly columns: readonly OutputColumn[];
}

export interface OutputColumn {
  /** As the answer and outer queries call it. */
  readonly name: string;
  readonly type: SqlType;
}

export interface PlannedCte {
  readonly id: number;
  readonly query: PlannedQuery;
}

export type PlannedBody =
  | PlannedSelect
  | { readonly node: 'union'; readonly all: boolean; readonly left: PlannedBody; readonly right: PlannedBody; readonly columns: readonly OutputColumn[] }
  | { readonly node: 'parentheses'; readonly query: PlannedQuery; readonly columns: readonly OutputColumn[] };

export interface PlannedSelect {
  readonly node: 'select';
  readonly distinct: boolean;
  readonly items: readonly Typed[];
  readonly columns: readonly OutputColumn[];
  readonly from: readonly PlannedFrom[];
  readonly where: Typed | undefined;
  readonly groupBy: readonly Typed[];
  readonly having: Typed | undefined;
  /** It makes one row of many. */
  readonly grouped: boolean;
}

export interface PlannedFrom {
  readonly first: PlannedRelation;
  readonly joins: readonly PlannedJoin[];
}

export interface PlannedJoin {
  readonly kind: 'inner' | 'left' | 'cross';
  readonly relation: PlannedRelation;
  readonly on: Typed | undefined;
}

export interface PlannedRelation {
  /** Its alias in what is emitted is made of this number. */
  readonly id: number;
  readonly columns: readonly RelationColumn[];
  readonly source:
    | { readonly node: 'family'; readonly family: FamilyShape }
    | { readonly node: 'rawLogs'; readonly families: readonly FamilyShape[] }
    | { readonly node: 'derived'; readonly query: PlannedQuery }
    | { readonly node: 'cte'; readonly cte: number };
}

export interface RelationColumn {
  readonly name: string;
  readonly type: SqlType;
  /** Its name in what is emitted. */
  readonly emitted: string;
}

export type PlannedOrder =
  | { readonly by: 'position'; readonly position: number; readonly descending: boolean }
  | {
      readonly by: 'expression';
      readonly expression: Typed;
      readonly descending: boolean;
      /** It is never NULL, so that an index may give the order. */
      readonly neverNull?: true;
    };

/** The number of a relation whose columns are written by their names alone. */
export const OWN_TABLE = -1;

/** A typed expression. `at` is its place in the query's text. */
export type Typed = { readonly type: SqlType; readonly at: number } & (
  | { readonly node: 'literal'; readonly value: string | number | boolean | null }
  | { readonly node: 'column'; readonly relation: number; readonly column: RelationColumn; readonly written: string }
  | { readonly node: 'negate'; readonly operand: Typed }
  | { readonly node: 'arithmetic'; readonly op: Arithmetic; readonly left: Typed; readonly right: Typed }
  | { readonly node: 'compare'; readonly op: Comparison; readonly left: Typed; readonly right: Typed }
  | { readonly node: 'logic'; readonly op: Logic; readonly left: Typed; readonly right: Typed }
  | { readonly node: 'not'; readonly operand: Typed }
  | { readonly node: 'is'; readonly test: 'NULL' | 'TRUE' | 'FALSE' | 'UNKNOWN'; readonly negated: boolean; readonly operand: Typed }
  | { readonly node: 'in'; readonly negated: boolean; readonly operand: Typed; readonly list: readonly Typed[] }
  | { readonly node: 'inQuery'; readonly negated: boolean; readonly operand: Typed; readonly query: PlannedQuery }
  | { readonly node: 'between'; readonly negated: boolean; readonly operand: Typed; readonly low: Typed; readonly high: Typed }
  | { readonly node: 'like'; readonly negated: boolean; readonly operand: Typed; readonly pattern: Typed; readonly escape: string | undefined }
  | {
      readonly node: 'case';
      readonly operand: Typed | undefined;
      readonly branches: readonly { readonly when: Typed; readonly result: Typed }[];
      readonly otherwise: Typed | undefined;
    }
  | { readonly node: 'scalar'; readonly name: 'COALESCE' | 'NULLIF' | 'IF' | 'LOWER' | 'UPPER' | 'CHAR_LENGTH' | 'REPLACE'; readonly args: readonly Typed[] }
  /** A time as the number of the interval it is in: whole intervals of `seconds`, counted from FIRST_INTERVAL. */
  | { readonly node: 'interval'; readonly operand: Typed; readonly seconds: number }
  /** Without an argument it is COUNT(*). */
  | { readonly node: 'aggregate'; readonly name: Aggregate; readonly distinct: boolean; readonly argument: Typed | undefined }
  | { readonly node: 'query'; readonly query: PlannedQuery }
  | { readonly node: 'exists'; readonly query: PlannedQuery }
);

/** A Monday, before the first time that any store holds: intervals begin with days and weeks. */
export const FIRST_INTERVAL = '0999-12-30 00:00:00';

/** What an expression is made of, without the insides of subqueries. */
export function partsOf(expression: Typed): readonly Typed[] {
  switch (expression.node) {
    case 'literal':
    case 'column':
    case 'query':
    case 'exists':
      return [];
    case 'negate':
    case 'not':
    case 'is':
    case 'inQuery':
    case 'interval':
      return [expression.operand];
    case 'arithmetic':
    case 'compare':
    case 'logic':
      return [expression.left, expression.right];
    case 'in':
      return [expression.operand, ...expression.list];
    case 'between':
      return [expression.operand, expression.low, expression.high];
    case 'like':
      return [expression.operand, expression.pattern];
    case 'case':
      return [expression.operand, ...expression.branches.flatMap(({ when, result }) => [when, result]), expression.otherwise].filter(
        (part) => part !== undefined,
      );
    case 'scalar':
      return expression.args;
    case 'aggregate':
      return expression.argument ? [expression.argument] : [];
  }
}

/** The query inside an expression itself, if it is a subquery. */
export function queryIn(expression: Typed): PlannedQuery | undefined {
  return expression.node === 'query' || expression.node === 'exists' || expression.node === 'inQuery'
    ? expression.query
    : undefined;
}

/** All expressions of a query, those of the queries inside it too. */
export function expressionsOf(query: PlannedQuery): readonly Typed[] {
  return [
    ...query.ctes.flatMap((cte) => expressionsOf(cte.query)),
    ...bodyExpressions(query.body),
    ...query.order.flatMap((item) => (item.by === 'expression' ? [item.expression] : [])),
  ];
}

function bodyExpressions(body: PlannedBody): readonly Typed[] {
  if (body.node === 'parentheses') return expressionsOf(body.query);
  if (body.node === 'union') return [...bodyExpressions(body.left), ...bodyExpressions(body.right)];
  const { items, from, where, groupBy, having } = body;
  const joined = from.flatMap(({ first, joins }) => [
    ...relationExpressions(first),
    ...joins.flatMap(({ relation, on }) => [...relationExpressions(relation), ...(on ? [on] : [])]),
  ]);
  return [...items, ...joined, ...(where ? [where] : []), ...groupBy, ...(having ? [having] : [])];
}

function relationExpressions({ source }: PlannedRelation): readonly Typed[] {
  return source.node === 'derived' ? expressionsOf(source.query) : [];
}

/** Whether `test` holds for an expression or anything in it, subqueries included. */
export function someInside(expression: Typed, test: (part: Typed) => boolean): boolean {
  if (test(expression) || partsOf(expression).some((part) => someInside(part, test))) return true;
  const query = queryIn(expression);
  return query !== undefined && expressionsOf(query).some((part) => someInside(part, test));
}

/** Whether it holds an aggregate of this SELECT. One in a subquery is the subquery's. */
export function aggregates(expression: Typed): boolean {
  return expression.node === 'aggregate' || partsOf(expression).some(aggregates);
}
