import { refused } from './fault.ts';
import type { Expression } from './syntax-tree.ts';

/**
 * How tightly an expression's outermost operator binds, by the grammar of MySQL 8 (sql_yacc.yy: expr, bool_pri, predicate,
 * bit_expr, simple_expr) and the reference manual, 14.4.1 "Operator Precedence". Lower binds tighter.
 */
const LEVELS = {
  simple: 0,
  product: 1,
  sum: 2,
  predicate: 3,
  comparison: 4,
  truth: 5,
  not: 6,
  and: 7,
  or: 8,
} as const;

type Level = (typeof LEVELS)[keyof typeof LEVELS];

function levelOf(expression: Expression): Level {
  switch (expression.node) {
    case 'binary':
      if (expression.op === 'AND') return LEVELS.and;
      if (expression.op === 'OR') return LEVELS.or;
      if (expression.op === '+' || expression.op === '-') return LEVELS.sum;
      return expression.op === '*' || expression.op === '/' || expression.op === '%' ? LEVELS.product : LEVELS.comparison;
    case 'not':
      return LEVELS.not;
    case 'is':
      return expression.test === 'NULL' ? LEVELS.comparison : LEVELS.truth;
    case 'in':
    case 'inQuery':
    case 'between':
    case 'like':
      return LEVELS.predicate;
    default:
      return LEVELS.simple;
  }
}

/** Operands that stand without parentheses or a delimiter of their own, with the loosest level MySQL takes there. */
function operandsOf(expression: Expression): readonly (readonly [Expression, Level])[] {
  const level = levelOf(expression);
  switch (expression.node) {
    case 'binary': {
      // All are left-associative: the same level may stand on the left only. A comparison takes a predicate on its right, AND a NOT.
      const right = (level - 1) as Level;
      const rightOf = level === LEVELS.comparison ? LEVELS.predicate : level === LEVELS.and ? LEVELS.not : right;
      return [
        [expression.left, level],
        [expression.right, rightOf],
      ];
    }
    case 'not':
      return [[expression.operand, LEVELS.not]];
    case 'sign':
      return [[expression.operand, LEVELS.simple]];
    case 'is':
      return [[expression.operand, LEVELS.comparison]];
    case 'in':
    case 'inQuery':
      return [[expression.operand, LEVELS.sum]];
    case 'between':
      return [
        [expression.operand, LEVELS.sum],
        [expression.low, LEVELS.sum],
        [expression.high, LEVELS.sum],
      ];
    case 'like':
      return [
        [expression.operand, LEVELS.sum],
        [expression.pattern, LEVELS.simple],
      ];
    default:
      return [];
  }
}

/**
 * Refuses an expression that is not the one MySQL's grammar builds of the same tokens. The levels are a grammar without
 * ambiguity, so a tree in which each operand fits its place is the only one there is; a parser with another table of
 * precedences fails here instead of meaning something else. To be called for every expression, whose own operands it checks.
 */
export function checkPrecedence(expression: Expression): void {
  for (const [operand, loosest] of operandsOf(expression)) {
    if (levelOf(operand) <= loosest) continue;
    throw refused('which operator binds first is not plain here: add parentheses', operand.at);
  }
}
