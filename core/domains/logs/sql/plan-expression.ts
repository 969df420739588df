import { mismatch, refused } from './fault.ts';
import { isAggregate, isScalar, SCALARS, type Aggregate, type Scalar } from './functions.ts';
import { literalBeside, negated, nowLiteral, nullLiteral, numberLiteral, textLiteral, truthLiteral } from './literals.ts';
import { someInside, type PlannedQuery, type Typed } from './plan.ts';
import type { Scope } from './scope.ts';
import type { Arithmetic, Expression, Query } from './syntax-tree.ts';
import { decimal, FLOAT, fraction, INT, kindOf, NULL, TEXT, TRUTH, unify, type Kind, type SqlType } from './types.ts';

/** Where an expression stands: what its names mean and what it may hold. */
export interface Place {
  /** The clause, for messages. */
  readonly clause: string;
  readonly scope: Scope;
  readonly aggregates: boolean;
  readonly now: Date;
  column(table: string | undefined, column: string, at: number): Typed;
  /** Plans a subquery whose names may mean columns of this scope. */
  subquery(query: Query): PlannedQuery;
}

/** An expression with its type, all names resolved. Throws SqlFault. */
export function planExpression(place: Place, expression: Expression): Typed {
  const { at } = expression;
  const plan = (inner: Expression): Typed => planExpression(place, inner);
  switch (expression.node) {
    case 'name':
      return place.column(expression.table, expression.column, at);
    case 'number':
      return numberLiteral(expression.digits, at);
    case 'text':
      return textLiteral(expression.value, at);
    case 'boolean':
      return truthLiteral(expression.value, at);
    case 'null':
      return nullLiteral(at);
    case 'parentheses':
      return plan(expression.inner);
    case 'sign': {
      const operand = numeric(plan(expression.operand), expression.negative ? '-' : '+');
      if (!expression.negative) return operand;
      return negated(operand, at) ?? { node: 'negate', operand, type: numericType(operand), at };
    }
    case 'not':
      return { node: 'not', operand: planCondition(place, expression.operand, 'NOT'), type: TRUTH, at };
    case 'binary':
      return planBinary(place, expression);
    case 'is': {
      const { test, negated: not } = expression;
      const operand = test === 'NULL' ? plan(expression.operand) : planCondition(place, expression.operand, `IS ${test}`);
      return { node: 'is', test, negated: not, operand, type: TRUTH, at };
    }
    case 'in': {
      const [operand, ...list] = alike([expression.operand, ...expression.list].map(plan), 'IN');
      return { node: 'in', negated: expression.negated, operand: operand!, list, type: TRUTH, at };
    }
    case 'inQuery':
      return planInQuery(place, expression);
    case 'between': {
      const [operand, low, high] = alike([expression.operand, expression.low, expression.high].map(plan), 'BETWEEN');
      return { node: 'between', negated: expression.negated, operand: operand!, low: low!, high: high!, type: TRUTH, at };
    }
    case 'like': {
      const [operand, pattern] = [expression.operand, expression.pattern].map((part) => textual(plan(part), 'LIKE'));
      const { escape, negated: not } = expression;
      return { node: 'like', negated: not, operand: operand!, pattern: pattern!, escape, type: TRUTH, at };
    }
    case 'case':
      return planCase(place, expression);
    case 'call':
      return planCall(place, expression);
    case 'query': {
      const query = place.subquery(expression.query);
      return { node: 'query', query, type: onlyColumn(query, at), at };
    }
    case 'exists':
      return { node: 'exists', query: place.subquery(expression.query), type: TRUTH, at };
  }
}

/** An expression that is to be true or false. */
export function planCondition(place: Place, expression: Expression, clause: string): Typed {
  return condition(planExpression(place, expression), clause);
}

export function condition(planned: Typed, clause: string): Typed {
  const truth = literalBeside(planned, TRUTH);
  const kind = kindOf(truth.type);
  if (kind === 'bool' || kind === 'null') return truth;
  throw mismatch(`${clause} takes a condition and has ${called(kind)}: compare it with something`, planned.at);
}

function planBinary(place: Place, { op, left, right, at }: Extract<Expression, { node: 'binary' }>): Typed {
  if (op === 'AND' || op === 'OR') {
    return { node: 'logic', op, left: planCondition(place, left, op), right: planCondition(place, right, op), type: TRUTH, at };
  }
  const planned = [planExpression(place, left), planExpression(place, right)] as const;
  if (op === '+' || op === '-' || op === '*' || op === '/' || op === '%') {
    const [l, r] = [numeric(planned[0], op), numeric(planned[1], op)];
    return { node: 'arithmetic', op, left: l, right: r, type: arithmeticType(op, numericType(l), numericType(r)), at };
  }
  const [l, r] = alike(planned, op);
  return { node: 'compare', op, left: l!, right: r!, type: TRUTH, at };
}

/** MySQL 8 reference manual, 14.6.1 "Arithmetic Operators", with div_precision_increment 4 and scales of at most 30. */
function arithmeticType(op: Arithmetic, left: SqlType, right: SqlType): SqlType {
  if (left.base === 'float' || right.base === 'float') return FLOAT;
  const [l, r] = [fraction(left), fraction(right)];
  if (op === '/') return decimal(atMost30(l.scale + 4), quotientDigits(l.digits, r.digits));
  if (left.base === 'int' && right.base === 'int') return INT;
  if (op === '*') return decimal(atMost30(l.scale + r.scale), l.digits + r.digits);
  return decimal(Math.max(l.scale, r.scale), Math.max(l.digits, r.digits));
}

const atMost30 = (scale: number): number => Math.min(scale, 30);

/** Digits that a division carries: decimal.c (do_div_mod) computes whole groups of nine. */
export function quotientDigits(left: number, right: number): number {
  const group = (digits: number): number => 9 * Math.ceil(digits / 9);
  const more = Math.max(0, 4 - (group(left) - left + group(right) - right));
  return group(group(left) + group(right) + more);
}

/** Kinds that are alike, literals turned into what they stand beside. */
function alike(planned: readonly Typed[], operator: string): readonly Typed[] {
  const model = planned.find(({ node, type }) => node !== 'literal' && type.base !== 'null') ?? planned.find(({ type }) => type.base !== 'null');
  if (!model) return planned;
  const turned = planned.map((part) => literalBeside(part, model.type));
  const kind = kindOf(model.type);
  for (const part of turned) {
    const other = kindOf(part.type);
    if (other === kind || other === 'null') continue;
    throw mismatch(`${operator} compares ${called(kind)} with ${called(other)}: both must be of one kind`, part.at);
  }
  return turned;
}

const CALLED: Readonly<Record<Kind, string>> = {
  text: 'a text',
  number: 'a number',
  bool: 'a bool',
  time: 'a timestamp',
  json: 'json',
  null: 'NULL',
};

function called(kind: Kind): string {
  return CALLED[kind];
}

function numeric(planned: Typed, operator: string): Typed {
  const kind = kindOf(planned.type);
  if (kind === 'number' || kind === 'null') return planned;
  throw mismatch(`${operator} takes numbers and has ${called(kind)}`, planned.at);
}

function numericType({ type }: Typed): SqlType {
  return type.base === 'null' ? INT : type;
}

function textual(planned: Typed, operator: string): Typed {
  const kind = kindOf(planned.type);
  if (kind === 'text' || kind === 'json' || kind === 'null') return planned;
  throw mismatch(`${operator} takes a text and has ${called(kind)}`, planned.at);
}

function planInQuery(place: Place, { operand, query, negated: not, at }: Extract<Expression, { node: 'inQuery' }>): Typed {
  if (query.limit !== undefined) throw refused('a query after IN takes no LIMIT: join with it instead', query.at);
  const planned = place.subquery(query);
  const type = onlyColumn(planned, at);
  const column: Typed = { node: 'query', query: planned, type, at: query.at };
  const [left] = alike([planExpression(place, operand), column], 'IN');
  return { node: 'inQuery', negated: not, operand: left!, query: planned, type: TRUTH, at };
}

function onlyColumn({ columns }: PlannedQuery, at: number): SqlType {
  if (columns.length === 1) return columns[0]!.type;
  throw refused(`a query in an expression gives one column; this one gives ${columns.length}`, at);
}

function planCase(place: Place, { operand, branches, otherwise, at }: Extract<Expression, { node: 'case' }>): Typed {
  const plan = (inner: Expression): Typed => planExpression(place, inner);
  const [compared, ...whens] = operand
    ? alike([operand, ...branches.map(({ when }) => when)].map(plan), 'CASE')
    : [undefined, ...branches.map(({ when }) => planCondition(place, when, 'WHEN'))];
  const results = alike([...branches.map(({ result }) => result), ...(otherwise ? [otherwise] : [])].map(plan), 'CASE');
  return {
    node: 'case',
    operand: compared,
    branches: branches.map((_, index) => ({ when: whens[index]!, result: results[index]! })),
    otherwise: otherwise && results.at(-1),
    type: unifyAll(results),
    at,
  };
}

function unifyAll(planned: readonly Typed[]): SqlType {
  return planned.reduce<SqlType>((type, part) => unify(type, part.type) ?? type, NULL);
}

function planCall(place: Place, call: Extract<Expression, { node: 'call' }>): Typed {
  const { name, args, star, at, distinct } = call;
  if (isAggregate(name)) return planAggregate(place, name, call);
  if (!isScalar(name)) throw refused(`the function ${name} is not accepted`, at);
  if (star || distinct) throw refused(`${name}() takes neither * nor DISTINCT`, at);
  const { least, most } = SCALARS[name];
  if (args.length < least || args.length > most) {
    const wanted = least === most ? String(least) : `${least} to ${most}`;
    throw refused(`${name}() takes ${wanted} values and has ${args.length}`, at);
  }
  return planScalar(place, name, args, at);
}

function planScalar(place: Place, name: Scalar, args: readonly Expression[], at: number): Typed {
  if (name === 'NOW') return nowLiteral(place.now, at);
  if (name === 'IF') {
    const results = alike(args.slice(1).map((argument) => planExpression(place, argument)), name);
    const test = planCondition(place, args[0]!, name);
    return { node: 'scalar', name, args: [test, ...results], type: unifyAll(results), at };
  }
  const planned = args.map((argument) => planExpression(place, argument));
  if (name === 'LOWER' || name === 'UPPER' || name === 'CHAR_LENGTH') {
    const type = name === 'CHAR_LENGTH' ? INT : TEXT;
    return { node: 'scalar', name, args: [textual(planned[0]!, name)], type, at };
  }
  const same = alike(planned, name);
  if (name === 'NULLIF') return { node: 'scalar', name, args: same, type: same[0]!.type, at };
  return { node: 'scalar', name: 'COALESCE', args: same, type: unifyAll(same), at };
}

function planAggregate(place: Place, name: Aggregate, { args, star, distinct, at }: Extract<Expression, { node: 'call' }>): Typed {
  if (!place.aggregates) throw refused(`${name}() is not accepted in ${place.clause}`, at);
  if (star) {
    if (name === 'COUNT' && !distinct) return { node: 'aggregate', name, distinct, argument: undefined, type: INT, at };
    throw refused('only COUNT takes *, and without DISTINCT', at);
  }
  if (args.length !== 1) throw refused(`${name}() takes one value and has ${args.length}`, at);
  const { scope } = place;
  const inside: Place = {
    ...place,
    clause: `${name}()`,
    aggregates: false,
    column: (table, column, where) => scope.column(table, column, where),
    subquery({ at: where }) {
      throw refused(`a subquery is not accepted in ${name}(): put it into FROM`, where);
    },
  };
  const argument = planExpression(inside, args[0]!);
  const isOuter = (part: Typed): boolean => part.node === 'column' && !scope.holds(part.relation);
  if (someInside(argument, isOuter)) throw refused(`${name}() of a column of the query around it is not accepted`, at);
  return { node: 'aggregate', name, distinct, argument, type: aggregateType(name, argument), at };
}

/** What an aggregate gives, as MySQL types it. */
export function aggregateType(name: Aggregate, argument: Typed): SqlType {
  if (name === 'COUNT') return INT;
  const { type } = argument;
  if (name === 'MIN' || name === 'MAX') return type;
  // MySQL counts a truth as 0 or 1, which is the short way to count rows with a property.
  if (kindOf(type) !== 'bool') numeric(argument, `${name}()`);
  if (type.base === 'float') return FLOAT;
  const { scale, digits } = fraction(type);
  return name === 'SUM' ? decimal(scale, digits) : decimal(atMost30(scale + 4), quotientDigits(digits, 0));
}
