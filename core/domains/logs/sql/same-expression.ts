import { partsOf, type Typed } from './plan.ts';

/** A text that two expressions share if, and only if, they always have the same value. Subqueries equal themselves only. */
export function keyOf(expression: Typed): string {
  const known = keys.get(expression);
  if (known !== undefined) return known;
  const key = `${describe(expression)}(${partsOf(expression).map(keyOf).join(',')})`;
  keys.set(expression, key);
  return key;
}

const keys = new WeakMap<Typed, string>();
let subqueries = 0;

function describe(expression: Typed): string {
  const { node, type } = expression;
  switch (expression.node) {
    case 'literal':
      return `${type.base} ${JSON.stringify(expression.value)}`;
    case 'column':
      return `column ${expression.relation} ${expression.column.emitted}`;
    case 'arithmetic':
    case 'compare':
    case 'logic':
      return `${node} ${expression.op}`;
    case 'is':
      return `is ${expression.test} ${expression.negated}`;
    case 'in':
    case 'between':
      return `${node} ${expression.negated}`;
    case 'like':
      return `like ${expression.negated} ${JSON.stringify(expression.escape ?? null)}`;
    case 'case':
      return `case ${expression.operand !== undefined} ${expression.otherwise !== undefined}`;
    case 'interval':
      return `interval ${expression.seconds}`;
    case 'scalar':
      return expression.name;
    case 'aggregate':
      return `${expression.name} ${expression.distinct} ${expression.argument !== undefined}`;
    case 'query':
    case 'exists':
    case 'inQuery':
      return `query ${(subqueries += 1)}`;
    default:
      return node;
  }
}
