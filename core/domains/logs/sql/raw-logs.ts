import type { FamilyShape } from './catalog.ts';
import type { Typed } from './plan.ts';

/**
 * The families that `raw_logs` can be left with: those that the condition's parts joined by AND allow with
 * `family = '...'` or `family IN ('...', ...)`.
 * @param relation the number of `raw_logs` among the relations
 */
export function pruneFamilies(
  families: readonly FamilyShape[],
  relation: number,
  condition: Typed | undefined,
): readonly FamilyShape[] {
  if (!condition) return families;
  if (condition.node === 'logic' && condition.op === 'AND') {
    return pruneFamilies(pruneFamilies(families, relation, condition.left), relation, condition.right);
  }
  const allowed = allowedNames(relation, condition);
  return allowed ? families.filter(({ name }) => allowed.has(name)) : families;
}

function allowedNames(relation: number, condition: Typed): ReadonlySet<unknown> | undefined {
  const isFamily = (part: Typed): boolean =>
    part.node === 'column' && part.relation === relation && part.column.name === 'family';
  const valueOf = (part: Typed): unknown => (part.node === 'literal' ? part.value : undefined);
  if (condition.node === 'compare' && condition.op === '=') {
    const { left, right } = condition;
    if (isFamily(left) && right.node === 'literal') return new Set([valueOf(right)]);
    if (isFamily(right) && left.node === 'literal') return new Set([valueOf(left)]);
  }
  if (condition.node === 'in' && !condition.negated && isFamily(condition.operand)) {
    if (condition.list.every(({ node }) => node === 'literal')) return new Set(condition.list.map(valueOf));
  }
  return undefined;
}
