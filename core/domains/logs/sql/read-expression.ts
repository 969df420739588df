import { isJsonObject, type Json } from '../../../kernel/json.ts';
import { didYouMean } from '../../../kernel/suggest.ts';
import { refused, syntax } from './fault.ts';
import { FUNCTIONS } from './functions.ts';
import type { ParserTree } from './parser-tree.ts';
import { checkPrecedence } from './precedence.ts';
import type { Arithmetic, Comparison, Expression, Logic } from './syntax-tree.ts';

const BINARY: Readonly<Record<string, Comparison | Arithmetic | Logic>> = {
  Eq: '=',
  NotEq: '<>',
  Lt: '<',
  LtEq: '<=',
  Gt: '>',
  GtEq: '>=',
  Spaceship: '<=>',
  Plus: '+',
  Minus: '-',
  Multiply: '*',
  Divide: '/',
  Modulo: '%',
  And: 'AND',
  Or: 'OR',
};

const IS: Readonly<Record<string, readonly ['NULL' | 'TRUE' | 'FALSE' | 'UNKNOWN', boolean]>> = {
  IsNull: ['NULL', false],
  IsNotNull: ['NULL', true],
  IsTrue: ['TRUE', false],
  IsNotTrue: ['TRUE', true],
  IsFalse: ['FALSE', false],
  IsNotFalse: ['FALSE', true],
  IsUnknown: ['UNKNOWN', false],
  IsNotUnknown: ['UNKNOWN', true],
};

type Reader = (tree: ParserTree, node: Json, at: number) => Expression;

const READERS: Readonly<Record<string, Reader>> = {
  Identifier: (tree, node, at) => ({ node: 'name', table: undefined, column: tree.name(node, 'a column').text, at }),
  CompoundIdentifier: readCompound,
  Value: readValue,
  Nested: (tree, node, at) => ({ node: 'parentheses', inner: readExpression(tree, node), at }),
  UnaryOp: readUnary,
  BinaryOp: readBinary,
  InList: readInList,
  InSubquery: readInQuery,
  Between: readBetween,
  Like: readLike,
  Case: readCase,
  Function: readCall,
  Subquery: (tree, node, at) => ({ node: 'query', query: tree.query(node), at }),
  Exists: readExists,
};

/** What an expression that is not accepted is called in a message; others by their name in the parser's tree. */
const CALLED: Readonly<Record<string, string>> = {
  Interval: 'INTERVAL',
  Tuple: 'a row of values',
  AnyOp: 'ANY',
  AllOp: 'ALL',
  Cast: 'CAST',
  Convert: 'CONVERT',
  TypedString: 'a typed literal: write the text alone',
  IsDistinctFrom: 'IS DISTINCT FROM: write <=>',
  IsNotDistinctFrom: 'IS NOT DISTINCT FROM: write <=>',
};

/** An expression of the closed list, in the meaning that MySQL's grammar gives it. Throws SqlFault for all else. */
export function readExpression(tree: ParserTree, node: Json): Expression {
  const [kind, payload] = tree.variant(node, 'an expression');
  const at = tree.at(node);
  const expression = tree.deeper(isLogic(kind, payload), () =>
    IS[kind] ? readIs(tree, kind, payload, at) : READERS[kind]?.(tree, payload, at),
  );
  if (!expression) throw refused(`${CALLED[kind] ?? kind.toUpperCase()} is not accepted`, at);
  checkPrecedence(expression);
  return expression;
}

function isLogic(kind: string, node: Json): boolean {
  const op = kind === 'BinaryOp' && isJsonObject(node) ? node['op'] : undefined;
  return op === 'And' || op === 'Or';
}

function readIs(tree: ParserTree, kind: string, node: Json, at: number): Expression {
  const [test, negated] = IS[kind]!;
  return { node: 'is', test, negated, operand: readExpression(tree, node), at };
}

function readCompound(tree: ParserTree, node: Json, at: number): Expression {
  const parts = tree.list(node, 'a name').map((part) => tree.name(part, 'a column'));
  if (parts.length !== 2) {
    throw refused('a column is named `column` or `table.column`: other databases cannot be reached', at);
  }
  return { node: 'name', table: parts[0]!.text, column: parts[1]!.text, at };
}

function readValue(tree: ParserTree, node: Json, at: number): Expression {
  const { value } = tree.fields(node, 'a literal', ['value', 'span']);
  const [kind, payload] = tree.variant(value, 'a literal');
  const token = tree.tokenOf(node);
  if (kind === 'Null') return { node: 'null', at };
  if (kind === 'Boolean' && typeof payload === 'boolean') return { node: 'boolean', value: payload, at };
  if (kind === 'SingleQuotedString' && token?.kind === 'text') return { node: 'text', value: token.value, at };
  if (kind === 'Number' && token?.kind === 'number') {
    const [digits, isLong] = tree.list(payload, 'a number');
    if (digits === token.value && isLong === false) return { node: 'number', digits, at };
  }
  throw refused('a literal of this form is not accepted: numbers, texts, TRUE, FALSE and NULL are', at);
}

function readUnary(tree: ParserTree, node: Json, at: number): Expression {
  const { op, expr } = tree.fields(node, 'an operator', ['op', 'expr']);
  const operand = readExpression(tree, expr ?? null);
  if (op === 'Not') return { node: 'not', operand, at };
  if (op === 'Minus' || op === 'Plus') return { node: 'sign', negative: op === 'Minus', operand, at };
  throw refused(`the operator ${JSON.stringify(op)} is not accepted`, at);
}

function readBinary(tree: ParserTree, node: Json, at: number): Expression {
  const { left, op, right } = tree.fields(node, 'an operator', ['left', 'op', 'right']);
  const known = typeof op === 'string' ? BINARY[op] : undefined;
  if (!known) throw refused(`the operator ${JSON.stringify(op)} is not accepted`, at);
  return {
    node: 'binary',
    op: known,
    left: readExpression(tree, left ?? null),
    right: readExpression(tree, right ?? null),
    at,
  };
}

function readInList(tree: ParserTree, node: Json, at: number): Expression {
  const { expr, list, negated } = tree.fields(node, 'IN', ['expr', 'list', 'negated']);
  const items = tree.list(list, 'IN').map((item) => readExpression(tree, item));
  if (items.length === 0) throw syntax('IN needs a value', at);
  return { node: 'in', negated: negated === true, operand: readExpression(tree, expr ?? null), list: items, at };
}

function readInQuery(tree: ParserTree, node: Json, at: number): Expression {
  const { expr, subquery, negated } = tree.fields(node, 'IN', ['expr', 'subquery', 'negated']);
  const query = tree.query(subquery);
  if (query.body.node === 'parentheses') throw refused('IN takes a query in one pair of parentheses', query.at);
  return { node: 'inQuery', negated: negated === true, operand: readExpression(tree, expr ?? null), query, at };
}

function readBetween(tree: ParserTree, node: Json, at: number): Expression {
  const { expr, negated, low, high } = tree.fields(node, 'BETWEEN', ['expr', 'negated', 'low', 'high']);
  return {
    node: 'between',
    negated: negated === true,
    operand: readExpression(tree, expr ?? null),
    low: readExpression(tree, low ?? null),
    high: readExpression(tree, high ?? null),
    at,
  };
}

function readLike(tree: ParserTree, node: Json, at: number): Expression {
  const { expr, negated, pattern, escape_char } = tree.fields(node, 'LIKE', ['expr', 'negated', 'pattern', 'escape_char']);
  const escape = escape_char === undefined || escape_char === null ? undefined : readEscape(tree, escape_char);
  return {
    node: 'like',
    negated: negated === true,
    operand: readExpression(tree, expr ?? null),
    pattern: readExpression(tree, pattern ?? null),
    escape,
    at,
  };
}

/** The parser gives the text itself, or a value with its place. */
function readEscape(tree: ParserTree, node: Json): string {
  const value = readValue(tree, node, tree.at(node));
  if (value.node === 'text' && /^[!-~ ]$/.test(value.value) && !/[%_]/.test(value.value)) return value.value;
  throw refused("ESCAPE takes one ASCII character that is neither % nor _, such as '!'", value.at);
}

function readCase(tree: ParserTree, node: Json, at: number): Expression {
  const keys = ['case_token', 'end_token', 'operand', 'conditions', 'else_result'];
  const { operand, conditions, else_result } = tree.fields(node, 'CASE', keys);
  const optional = (part: Json | undefined): Expression | undefined =>
    part === undefined || part === null ? undefined : readExpression(tree, part);
  const branches = tree.list(conditions, 'CASE').map((branch) => {
    const { condition, result } = tree.fields(branch, 'CASE', ['condition', 'result']);
    return { when: readExpression(tree, condition ?? null), result: readExpression(tree, result ?? null) };
  });
  return { node: 'case', operand: optional(operand), branches, otherwise: optional(else_result), at };
}

function readCall(tree: ParserTree, node: Json, at: number): Expression {
  const { name, args } = tree.fields(node, 'a function call', ['name', 'args'], { parameters: 'None' });
  const called = functionName(tree, name ?? null, at);
  const [kind, list] = tree.variant(args, `${called}()`);
  if (kind !== 'List') throw refused(`${called} is not accepted without parentheses and values`, at);
  const fields = tree.fields(list, `${called}()`, ['duplicate_treatment', 'args']);
  const treatment = fields['duplicate_treatment'] ?? null;
  if (treatment !== null && treatment !== 'Distinct') throw refused(`ALL is not accepted in ${called}()`, at);
  const given = tree.list(fields['args'], `${called}()`).map((argument) => readArgument(tree, argument, called, at));
  const distinct = treatment === 'Distinct';
  if (given.length === 1 && given[0] === '*') return { node: 'call', name: called, distinct, star: true, args: [], at };
  const values = given.filter((argument) => argument !== '*');
  if (values.length < given.length) throw refused(`${called}() takes * alone`, at);
  return { node: 'call', name: called, distinct, star: false, args: values, at };
}

function functionName(tree: ParserTree, node: Json, at: number): string {
  const parts = tree.list(node, 'a function');
  const token = tree.tokenOf(node);
  // The name is compared with a closed list, so a reserved word such as IF may stand here.
  const name = token?.kind === 'word' ? token.value.toUpperCase() : undefined;
  if (parts.length === 1 && name !== undefined && FUNCTIONS.has(name)) {
    tree.fields(tree.variant(parts[0], 'a function')[1], 'a function', ['value', 'span']);
    return name;
  }
  const written = parts.length > 1 ? 'a function of another schema' : `the function ${token?.value ?? ''}`.trim();
  const known = [...FUNCTIONS].join(', ');
  throw refused(`${written} is not accepted; these are: ${known}.${didYouMean(token?.value ?? '', FUNCTIONS)}`, at);
}

function readArgument(tree: ParserTree, node: Json, called: string, at: number): Expression | '*' {
  const [kind, value] = tree.variant(node, `${called}()`);
  const [form, expression] = kind === 'Unnamed' ? tree.variant(value, `${called}()`) : [kind, null];
  if (form === 'Wildcard') return '*';
  if (form !== 'Expr') throw refused(`a value of this form is not accepted in ${called}()`, at);
  return readExpression(tree, expression);
}

function readExists(tree: ParserTree, node: Json, at: number): Expression {
  const { subquery, negated } = tree.fields(node, 'EXISTS', ['subquery', 'negated']);
  const exists: Expression = { node: 'exists', query: tree.query(subquery), at };
  return negated === true ? { node: 'not', operand: exists, at } : exists;
}
