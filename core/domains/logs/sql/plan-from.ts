import { RAW_LOGS } from './catalog.ts';
import { mismatch, refused, tooComplex } from './fault.ts';
import { MOST_TABLES } from './limits.ts';
import { planCondition, type Place } from './plan-expression.ts';
import type { PlannedFrom, PlannedJoin, PlannedQuery, PlannedRelation, RelationColumn, Typed } from './plan.ts';
import type { Planning } from './planning.ts';
import { Scope } from './scope.ts';
import type { FromItem, Join, Name, Query, Relation } from './syntax-tree.ts';
import { INT, kindOf, TEXT, TRUTH, typeOfColumn } from './types.ts';

/** A CTE that the queries after it may name. */
export interface KnownCte {
  readonly id: number;
  readonly columns: readonly RelationColumn[];
}

export interface FromContext {
  readonly planning: Planning;
  readonly ctes: ReadonlyMap<string, KnownCte>;
  /** The scope around the SELECT. */
  readonly parent: Scope | undefined;
  /** What a message calls the place of the SELECT's first tables. */
  readonly clause: string;
  /** Plans a query in FROM. */
  derived(query: Query, clause: string): PlannedQuery;
  /** The place of an ON condition over `scope`. */
  place(scope: Scope, clause: string): Place;
}

export interface RawLogsUse {
  readonly relation: PlannedRelation;
  readonly at: number;
}

/** The tables of a FROM in a scope of their own. `rawLogs` are those whose families WHERE may still narrow. */
export function planFrom(
  context: FromContext,
  items: readonly FromItem[],
): { from: readonly PlannedFrom[]; scope: Scope; rawLogs: readonly RawLogsUse[] } {
  const scope = new Scope(context.parent);
  const rawLogs: RawLogsUse[] = [];
  const tables = items.reduce((count, { joins }) => count + 1 + joins.length, 0);
  if (tables > MOST_TABLES) {
    throw tooComplex(`a SELECT has at most ${MOST_TABLES} tables; this one has ${tables}: join some of them in a query of their own`);
  }
  const from = items.map((item) => {
    // ON sees the tables joined so far, not those before a comma.
    const own = new Scope(context.parent);
    const first = planRelation(context, item.first, context.clause, own, rawLogs);
    const joins = item.joins.map((join) => planJoin(context, join, own, rawLogs));
    scope.append(own, placeOf(item.first));
    return { first, joins };
  });
  return { from, scope, rawLogs };
}

function placeOf(relation: Relation): number {
  return (relation.alias ?? (relation as Extract<Relation, { node: 'table' }>).name).at;
}

function planJoin(context: FromContext, join: Join, scope: Scope, rawLogs: RawLogsUse[]): PlannedJoin {
  const clause = join.kind === 'inner' ? 'JOIN' : `${join.kind.toUpperCase()} JOIN`;
  const relation = planRelation(context, join.relation, clause, scope, rawLogs);
  if (join.using.length > 0) return { kind: join.kind, relation, on: planUsing(scope, join.using, relation) };
  const on = join.on && planCondition(context.place(scope, 'ON'), join.on, 'ON');
  return { kind: join.kind, relation, on };
}

function planUsing(scope: Scope, names: readonly Name[], relation: PlannedRelation): Typed {
  const conditions = scope.merge(names, relation).map(([left, right]): Typed => {
    if (kindOf(left.type) !== kindOf(right.type)) {
      throw mismatch('USING compares columns of different kinds: both must be of one kind', left.at);
    }
    return { node: 'compare', op: '=', left, right, type: TRUTH, at: left.at };
  });
  return conditions.reduce((left, right) => ({ node: 'logic', op: 'AND', left, right, type: TRUTH, at: left.at }));
}

function planRelation(
  context: FromContext,
  relation: Relation,
  clause: string,
  scope: Scope,
  rawLogs: RawLogsUse[],
): PlannedRelation {
  const id = context.planning.nextId();
  const planned = relation.node === 'derived' ? planDerived(context, relation, id, clause) : planTable(context, relation.name, id, clause);
  const { text, at } = relation.alias ?? (relation as Extract<Relation, { node: 'table' }>).name;
  if (planned.source.node === 'rawLogs') rawLogs.push({ relation: planned, at });
  scope.add({ name: text, relation: planned }, at);
  return planned;
}

function planDerived(
  context: FromContext,
  { query, alias, columns }: Extract<Relation, { node: 'derived' }>,
  id: number,
  clause: string,
): PlannedRelation {
  const planned = context.derived(query, clause);
  return { id, columns: relationColumns(planned, columns, alias), source: { node: 'derived', query: planned } };
}

/** The columns of a query as a table: under names of their own where these are given. */
export function relationColumns(query: PlannedQuery, names: readonly Name[], alias: Name): readonly RelationColumn[] {
  if (names.length > 0 && names.length !== query.columns.length) {
    throw refused(`${alias.text} names ${names.length} columns, and its query gives ${query.columns.length}`, alias.at);
  }
  const columns = query.columns.map(({ name, type }, index) => ({
    name: names[index]?.text ?? name,
    type: materialised(query) && type.base === 'decimal' ? { ...type, digits: type.scale } : type,
    emitted: columnName(query.id, index),
  }));
  const seen = new Set<string>();
  for (const { name } of columns) {
    if (seen.has(name.toLowerCase())) {
      throw refused(`${alias.text} has two columns of the name ${name}: give one an alias`, alias.at);
    }
    seen.add(name.toLowerCase());
  }
  return columns;
}

/**
 * Whether a query in FROM is computed on its own. Others are merged into the query around, and their decimals keep the
 * digits that they do not show.
 */
export function materialised({ body, limit }: PlannedQuery): boolean {
  return limit !== undefined || body.node !== 'select' || body.distinct || body.grouped;
}

/** Names of what is emitted begin with `_`, as no family's columns do, and no two queries' are alike. */
export function columnName(query: number, index: number): string {
  return `_c${query}_${index}`;
}

function planTable(context: FromContext, name: Name, id: number, clause: string): PlannedRelation {
  const { planning } = context;
  const cte = context.ctes.get(name.text);
  if (cte) return { id, columns: cte.columns, source: { node: 'cte', cte: cte.id } };
  if (name.text === RAW_LOGS) {
    const columns = [
      { name: 'id', type: INT, emitted: 'id' },
      { name: 'family', type: TEXT, emitted: 'family' },
      { name: 'log', type: TEXT, emitted: 'log' },
    ];
    return { id, columns, source: { node: 'rawLogs', families: planning.families() } };
  }
  const family = planning.family(name);
  planning.use(family, clause, name.at);
  const columns = family.columns.map((column) => ({
    name: column.name,
    type: typeOfColumn(column.type),
    emitted: column.name,
  }));
  return { id, columns: [{ name: 'id', type: INT, emitted: 'id' }, ...columns], source: { node: 'family', family } };
}
