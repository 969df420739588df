import { refused } from './fault.ts';
import { expressionsOf, partsOf, queryIn, someInside, type Typed } from './plan.ts';
import { keyOf } from './same-expression.ts';
import type { Scope } from './scope.ts';

interface Grouped {
  readonly scope: Scope;
  readonly groupBy: readonly Typed[];
  readonly items: readonly Typed[];
  readonly having: Typed | undefined;
  /** HAVING, and what ORDER BY adds to the items. */
  readonly others: readonly Typed[];
}

/** Refuses what has no one value for a group, as MySQL's mode ONLY_FULL_GROUP_BY does. */
export function checkGrouping({ scope, groupBy, items, having, others }: Grouped): void {
  const groups = new Set(groupBy.map(keyOf));
  for (const expression of [...items, ...others]) checkValue(scope, groups, expression);
  if (!having) return;
  const plain = groupBy.filter(({ node }) => node === 'column');
  checkReachable(scope, new Set([...items, ...plain].map(keyOf)), having);
}

function checkValue(scope: Scope, groups: ReadonlySet<string>, expression: Typed): void {
  if (expression.node === 'aggregate' || groups.has(keyOf(expression))) return;
  if (expression.node === 'column' && scope.holds(expression.relation)) {
    const what = `${expression.written} has no one value in a group`;
    throw refused(`${what}: name it in GROUP BY, or put it into an aggregate such as MAX()`, expression.at);
  }
  for (const part of partsOf(expression)) checkValue(scope, groups, part);
  const query = queryIn(expression);
  if (!query) return;
  const isLoose = (part: Typed): boolean =>
    part.node === 'column' && scope.holds(part.relation) && !groups.has(keyOf(part));
  if (expressionsOf(query).some((part) => someInside(part, isLoose))) {
    throw refused('the subquery takes a column that has no one value in a group: name it in GROUP BY', expression.at);
  }
}

/** HAVING finds on MySQL only what the SELECT lists and columns of GROUP BY. */
function checkReachable(scope: Scope, reachable: ReadonlySet<string>, expression: Typed): void {
  if (expression.node === 'aggregate' || reachable.has(keyOf(expression))) return;
  if (expression.node === 'column' && scope.holds(expression.relation)) {
    throw refused('HAVING finds this expression only where the SELECT lists it: list it, with an alias', expression.at);
  }
  for (const part of partsOf(expression)) checkReachable(scope, reachable, part);
}
