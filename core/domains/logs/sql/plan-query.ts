import { mismatch, refused, tooComplex } from './fault.ts';
import { MOST_CTES } from './limits.ts';
import { relationColumns, type KnownCte } from './plan-from.ts';
import type { OutputColumn, PlannedBody, PlannedCte, PlannedOrder, PlannedQuery } from './plan.ts';
import type { Planning } from './planning.ts';
import { planSelect, type SelectContext } from './plan-select.ts';
import type { Scope } from './scope.ts';
import type { Body, Cte, OrderItem, Query } from './syntax-tree.ts';
import { unify } from './types.ts';

interface Surroundings {
  readonly planning: Planning;
  readonly ctes: ReadonlyMap<string, KnownCte>;
  readonly parent: Scope | undefined;
  /** The clause that the query stands in, for messages. */
  readonly clause: string;
}

/** Checks a whole query. Throws SqlFault. */
export function planQuery(planning: Planning, query: Query): PlannedQuery {
  return plan({ planning, ctes: new Map(), parent: undefined, clause: 'FROM' }, query);
}

function plan(around: Surroundings, query: Query): PlannedQuery {
  if (query.ctes.length > MOST_CTES) {
    throw tooComplex(`WITH has at most ${MOST_CTES} queries; this one has ${query.ctes.length}: ask in two queries`);
  }
  const ctes = new Map(around.ctes);
  const planned: PlannedCte[] = [];
  const own = new Set<string>();
  for (const cte of query.ctes) {
    if (own.has(cte.name.text)) throw refused(`WITH names ${cte.name.text} twice`, cte.name.at);
    own.add(cte.name.text);
    planned.push(planCte({ ...around, ctes: new Map(ctes) }, cte, ctes));
  }
  const inside = { ...around, ctes };
  const id = around.planning.nextId();
  const { limit, offset } = query;
  if (query.body.node === 'select') {
    const { select, order } = planSelect(contextOf(inside), query.body, query.orderBy);
    return { id, ctes: planned, body: select, order, limit, offset, columns: select.columns };
  }
  const body = planBody(inside, query.body);
  const order = query.orderBy.flatMap((item) => planPosition(body.columns, item));
  if (body.node === 'parentheses' && order.length === 0 && limit === undefined && planned.length === 0) return body.query;
  return { id, ctes: planned, body, order, limit, offset, columns: body.columns };
}

/** Adds the CTE to `ctes`. It sees those before it, and no table of the queries around. */
function planCte(around: Surroundings, cte: Cte, ctes: Map<string, KnownCte>): PlannedCte {
  const query = plan({ ...around, parent: undefined, clause: 'WITH' }, cte.query);
  const id = around.planning.nextId();
  ctes.set(cte.name.text, { id, columns: relationColumns(query, cte.columns, cte.name) });
  return { id, query };
}

function contextOf({ planning, ctes, parent, clause }: Surroundings): SelectContext {
  const subqueryOf = (scope: Scope, query: Query, where: string): PlannedQuery =>
    plan({ planning, ctes, parent: scope, clause: `the subquery in ${where}` }, query);
  return {
    planning,
    ctes,
    parent,
    clause,
    subqueryOf,
    // A query in FROM sees no tables beside or around it.
    derived: (query, where) => plan({ planning, ctes, parent: undefined, clause: where }, query),
    place: (scope, where) => ({
      clause: where,
      scope,
      aggregates: false,
      now: planning.now,
      column: (table, column, at) => scope.column(table, column, at),
      subquery: (query) => subqueryOf(scope, query, where),
    }),
  };
}

function planBody(around: Surroundings, body: Body): PlannedBody {
  if (body.node === 'select') return planSelect(contextOf(around), body, []).select;
  if (body.node === 'parentheses') {
    const query = plan(around, body.query);
    return { node: 'parentheses', query, columns: query.columns };
  }
  const left = planBody(around, body.left);
  const right = planBody({ ...around, clause: 'UNION' }, body.right);
  return { node: 'union', all: body.all, left, right, columns: unionColumns(left.columns, right.columns, body.right.at) };
}

function unionColumns(left: readonly OutputColumn[], right: readonly OutputColumn[], at: number): readonly OutputColumn[] {
  if (left.length !== right.length) {
    throw refused(`UNION joins queries of ${left.length} and ${right.length} columns: both must have the same number`, at);
  }
  return left.map(({ name, type }, index) => {
    const common = unify(type, right[index]!.type);
    if (common) return { name, type: common.base === 'decimal' ? { ...common, digits: common.scale } : common };
    throw mismatch(`UNION joins columns of different kinds in place ${index + 1} (${name})`, at);
  });
}

/** An element of ORDER BY over a UNION: a column's place or name. */
function planPosition(columns: readonly OutputColumn[], { expression, descending }: OrderItem): readonly PlannedOrder[] {
  const { at } = expression;
  if (expression.node === 'number') {
    const position = Number(expression.digits);
    if (Number.isInteger(position) && position >= 1 && position <= columns.length) return [{ by: 'position', position, descending }];
    throw refused(`ORDER BY ${expression.digits} names no column: there are ${columns.length}`, at);
  }
  if (expression.node === 'name' && expression.table === undefined) {
    const wanted = expression.column.toLowerCase();
    const places = columns.flatMap(({ name }, index) => (name.toLowerCase() === wanted ? [index + 1] : []));
    if (places.length === 1) return [{ by: 'position', position: places[0]!, descending }];
  }
  throw refused('ORDER BY after a UNION takes the name or number of one of its columns', at);
}

