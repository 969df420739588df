import { RAW_LOGS } from './catalog.ts';
import { refused, tooComplex } from './fault.ts';
import { checkGrouping } from './grouping.ts';
import { MOST_COLUMNS } from './limits.ts';
import { condition, planCondition, planExpression, type Place } from './plan-expression.ts';
import { planFrom, type FromContext, type RawLogsUse } from './plan-from.ts';
import { aggregates, someInside, type OutputColumn, type PlannedFrom, type PlannedOrder, type PlannedQuery, type PlannedRelation, type PlannedSelect, type Typed } from './plan.ts';
import { pruneFamilies } from './raw-logs.ts';
import { keyOf } from './same-expression.ts';
import type { Scope } from './scope.ts';
import type { Expression, OrderItem, Query, Select } from './syntax-tree.ts';
import { TRUTH } from './types.ts';

export interface SelectContext extends FromContext {
  subqueryOf(scope: Scope, query: Query, clause: string): PlannedQuery;
}

interface Items {
  readonly expressions: readonly Typed[];
  readonly columns: readonly OutputColumn[];
}

/** Checks a SELECT with the ORDER BY that belongs to it. */
export function planSelect(
  context: SelectContext,
  select: Select,
  orderBy: readonly OrderItem[],
): { select: PlannedSelect; order: readonly PlannedOrder[] } {
  const { from, scope, rawLogs } = planFrom(context, select.from);
  const items = planItems(context, scope, select);
  const written = select.where && planCondition(context.place(scope, 'WHERE'), select.where, 'WHERE');
  const groupBy = select.groupBy.map((expression) => planGroup(context, scope, items, expression));
  const having = select.having && condition(planExpression(havingPlace(context, scope, items), select.having), 'HAVING');
  const order = orderBy.flatMap((item) => planOrder(context, scope, items, item, select.distinct));
  const later = [...(having ? [having] : []), ...order.flatMap((item) => (item.by === 'expression' ? [item.expression] : []))];
  checkSize(items.columns.length + groupBy.length + order.length);
  const grouped = groupBy.length > 0 || [...items.expressions, ...later].some(aggregates);
  if (grouped) checkGrouping({ scope, groupBy, items: items.expressions, having, others: later });
  // Without groups, HAVING is one more condition on rows.
  const where = grouped ? written : both(written, having);
  const planned: PlannedSelect = {
    node: 'select',
    distinct: select.distinct,
    items: items.expressions,
    columns: items.columns,
    from: from.map((item) => narrow(context, item, rawLogs, written)),
    where,
    groupBy,
    having: grouped ? having : undefined,
    grouped,
  };
  return { select: planned, order };
}

function checkSize(columns: number): void {
  if (columns <= MOST_COLUMNS) return;
  throw tooComplex(`a SELECT has at most ${MOST_COLUMNS} columns, with those of GROUP BY and ORDER BY; this one has ${columns}: take fewer`);
}

function both(left: Typed | undefined, right: Typed | undefined): Typed | undefined {
  return left && right ? { node: 'logic', op: 'AND', left, right, type: TRUTH, at: left.at } : (left ?? right);
}

function narrow(context: FromContext, item: PlannedFrom, rawLogs: readonly RawLogsUse[], where: Typed | undefined): PlannedFrom {
  const narrowed = (relation: PlannedRelation): PlannedRelation => {
    const use = rawLogs.find((candidate) => candidate.relation === relation);
    if (!use || relation.source.node !== 'rawLogs') return relation;
    const families = pruneFamilies(relation.source.families, relation.id, where);
    for (const family of families) context.planning.use(family, RAW_LOGS, use.at);
    return { ...relation, source: { node: 'rawLogs', families } };
  };
  return {
    first: narrowed(item.first),
    joins: item.joins.map((join) => ({ ...join, relation: narrowed(join.relation) })),
  };
}

function planItems(context: SelectContext, scope: Scope, select: Select): Items {
  const place: Place = { ...context.place(scope, 'SELECT'), aggregates: true };
  const items = select.items.flatMap((item) => {
    if (item.node === 'item') return [{ expression: planExpression(place, item.expression), name: item.label }];
    return scope.all(item.table, item.at).map((expression) => ({
      expression,
      name: expression.node === 'column' ? expression.column.name : '',
    }));
  });
  return {
    expressions: items.map(({ expression }) => expression),
    columns: items.map(({ expression, name }) => ({ name, type: expression.type })),
  };
}

/** Places (from 0) of the items that a bare name can mean as an alias, one of each expression. */
function aliased(items: Items, name: string): readonly number[] {
  const wanted = name.toLowerCase();
  const seen = new Set<string>();
  return items.columns.flatMap((column, index) => {
    const key = keyOf(items.expressions[index]!);
    if (column.name.toLowerCase() !== wanted || seen.has(key)) return [];
    seen.add(key);
    return [index];
  });
}

function onlyAlias(items: Items, name: string, at: number): number | undefined {
  const found = aliased(items, name);
  if (found.length > 1) throw refused(`${name} is the name of more than one column of the SELECT`, at);
  return found[0];
}

/** MySQL looks for a name in FROM first, then among the aliases. */
function planGroup(context: SelectContext, scope: Scope, items: Items, expression: Expression): Typed {
  const planned = groupExpression(context, scope, items, expression);
  if (aggregates(planned)) throw refused('GROUP BY takes no aggregate', expression.at);
  if (isConstant(planned)) throw refused('GROUP BY takes no constant: all rows have it in common', expression.at);
  const isQuery = ({ node }: Typed): boolean => node === 'query' || node === 'exists' || node === 'inQuery';
  if (someInside(planned, isQuery)) throw refused('GROUP BY takes no subquery: put it into FROM', expression.at);
  return planned;
}

function groupExpression(context: SelectContext, scope: Scope, items: Items, expression: Expression): Typed {
  const { at } = expression;
  if (expression.node === 'number') return items.expressions[positionOf(items, expression.digits, 'GROUP BY', at) - 1]!;
  const place = context.place(scope, 'GROUP BY');
  if (expression.node !== 'name' || expression.table !== undefined) return planExpression(place, expression);
  const column = scope.findHere(undefined, expression.column, at);
  if (column) return column;
  const alias = onlyAlias(items, expression.column, at);
  return alias === undefined ? planExpression(place, expression) : items.expressions[alias]!;
}

const VARYING: ReadonlySet<string> = new Set(['column', 'aggregate', 'query', 'exists', 'inQuery']);

/** Whether it has one value for all rows, whatever they hold. */
function isConstant(expression: Typed): boolean {
  return !someInside(expression, ({ node }) => VARYING.has(node));
}

function positionOf(items: Items, digits: string, clause: string, at: number): number {
  const position = Number(digits);
  if (Number.isInteger(position) && position >= 1 && position <= items.columns.length) return position;
  throw refused(`${clause} ${digits} names no column: there are ${items.columns.length}`, at);
}

/** In HAVING a name is an alias or a column; where it could be either, nothing is guessed. */
function havingPlace(context: SelectContext, scope: Scope, items: Items): Place {
  const place = context.place(scope, 'HAVING');
  return { ...place, aggregates: true, column: (table, column, at) => either(scope, items, table, column, at) };
}

function either(scope: Scope, items: Items, table: string | undefined, column: string, at: number): Typed {
  const found = scope.findHere(table, column, at);
  const alias = table === undefined ? onlyAlias(items, column, at) : undefined;
  const item = alias === undefined ? undefined : items.expressions[alias]!;
  if (found && item && keyOf(found) !== keyOf(item)) {
    throw refused(`${column} is a column and an alias of something else: write table.${column}, or rename the alias`, at);
  }
  return item ?? found ?? scope.column(table, column, at);
}

function planOrder(
  context: SelectContext,
  scope: Scope,
  items: Items,
  { expression, descending }: OrderItem,
  distinct: boolean,
): readonly PlannedOrder[] {
  const { at } = expression;
  const position = (index: number): readonly PlannedOrder[] =>
    items.expressions[index]!.node === 'literal' ? [] : [{ by: 'position', position: index + 1, descending }];
  if (expression.node === 'number' && /^\d+$/.test(expression.digits)) {
    return position(positionOf(items, expression.digits, 'ORDER BY', at) - 1);
  }
  if (expression.node === 'name' && expression.table === undefined) {
    const alias = onlyAlias(items, expression.column, at);
    if (alias !== undefined) return position(alias);
  }
  const place = { ...havingPlace(context, scope, items), clause: 'ORDER BY' };
  const planned = planExpression(place, expression);
  if (planned.node === 'literal') {
    // Servers differ in which constants they take for a column's number.
    if (planned.value === null) return [];
    throw refused('ORDER BY takes a column, its number, or an expression of columns', at);
  }
  const key = keyOf(planned);
  const index = items.expressions.findIndex((item) => keyOf(item) === key);
  if (index >= 0) return position(index);
  // A server may compute it first, and take what comes out for a column's number.
  if (isConstant(planned)) throw refused('ORDER BY takes a column, its number, or an expression of columns', at);
  if (distinct) throw refused('ORDER BY of a SELECT DISTINCT takes what the SELECT lists', at);
  return [{ by: 'expression', expression: planned, descending }];
}
