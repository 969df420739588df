import { isJsonObject, type Json } from '../../kernel/json.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { DATE_FIELDS, FUNCTIONS, REFUSED_FUNCTIONS, SPECIAL_FORMS } from './functions.ts';
import type { Names, SqlReading } from './names.ts';
import { checkType } from './read-type.ts';

type Reader = (reading: SqlReading, node: Json, names: Names) => void;

const OPERATORS = [
  'Eq',
  'NotEq',
  'Lt',
  'LtEq',
  'Gt',
  'GtEq',
  'Plus',
  'Minus',
  'Multiply',
  'Modulo',
  'And',
  'Or',
  'StringConcat',
];
const DIVISION =
  'gives an inexact number, of decimals and of integers too: divide when it is shown (`scale` of a metric), or compare products.';

/** What an expression that is not accepted is called in a message; others by their name in the parser's tree. */
const CALLED: Readonly<Record<string, string>> = {
  Array: 'a list',
  Dictionary: 'a struct',
  Struct: 'a struct',
  Lambda: 'a lambda',
  Tuple: 'a row of values',
  AnyOp: 'ANY',
  AllOp: 'ALL',
  ILike: 'ILIKE: compare lower(...) with LIKE',
  SimilarTo: 'SIMILAR TO',
  RLike: 'a regular expression',
  AtTimeZone: 'AT TIME ZONE: timestamps here are UTC',
  Ceil: 'ceil: it gives an inexact number; write round',
  Floor: 'floor: it gives an inexact number; write round',
  JsonAccess: 'access to JSON',
  CompoundFieldAccess: 'access to a part of a value',
  GroupingSets: 'GROUPING SETS',
  Cube: 'CUBE',
  Rollup: 'ROLLUP',
};

const one =
  (key?: string): Reader =>
  (reading, node, names) =>
    readExpression(reading, key === undefined ? node : keyOf(node, key), names);

/** Several expressions under the keys of a node that has no others. */
const parts =
  (what: string, keys: readonly string[], further: readonly string[] = []): Reader =>
  (reading, node, names) => {
    const fields = reading.fields(node, what, [...keys, ...further]);
    for (const key of keys) {
      for (const inner of Array.isArray(fields[key]) ? reading.list(fields[key]) : [fields[key]]) {
        if (inner !== undefined && inner !== null) readExpression(reading, inner, names);
      }
    }
  };

const pair: Reader = (reading, node, names) => {
  for (const inner of reading.list(node)) readExpression(reading, inner, names);
};

const READERS: Readonly<Record<string, Reader>> = {
  Identifier: (reading, node, names) => reading.column(undefined, reading.name(node), names, node),
  CompoundIdentifier: readCompound,
  Value: readValue,
  Nested: one(),
  UnaryOp: readUnary,
  BinaryOp: readBinary,
  ...Object.fromEntries(
    ['Null', 'NotNull', 'True', 'NotTrue', 'False', 'NotFalse', 'Unknown', 'NotUnknown'].map((test) => [
      `Is${test}`,
      one(),
    ]),
  ),
  IsDistinctFrom: pair,
  IsNotDistinctFrom: pair,
  InList: parts('IN', ['expr', 'list'], ['negated']),
  Between: parts('BETWEEN', ['expr', 'low', 'high'], ['negated']),
  Like: parts('LIKE', ['expr', 'pattern'], ['negated', 'escape_char']),
  Substring: parts('substring', ['expr', 'substring_from', 'substring_for'], ['special', 'shorthand']),
  Trim: parts('trim', ['expr', 'trim_what'], ['trim_where']),
  Position: parts('position', ['expr', 'in']),
  Case: readCase,
  Cast: readCast,
  Function: readCall,
  Extract: readExtract,
  Interval: readInterval,
  TypedString: (reading, node) => checkType(reading, keyOf(node, 'data_type'), node),
  Subquery: (reading, node, names) => void reading.query(node, names),
  Exists: (reading, node, names) => void reading.query(keyOf(node, 'subquery'), names),
  InSubquery: (reading, node, names) => {
    readExpression(reading, keyOf(node, 'expr'), names);
    reading.query(keyOf(node, 'subquery'), names);
  },
};

/** Reads an expression of the accepted list; all else is a fault of the reading. */
export function readExpression(reading: SqlReading, node: Json, names: Names): void {
  const [kind, payload] = reading.variant(node);
  const reader = READERS[kind];
  if (reader) return reader(reading, payload, names);
  const [name, advice] = (CALLED[kind] ?? kind).split(': ');
  reading.refuse(`${name} is not accepted${advice === undefined ? '' : `: ${advice}`}.`, node);
}

function keyOf(node: Json, key: string): Json {
  return (isJsonObject(node) ? node[key] : undefined) ?? null;
}

function readCompound(reading: SqlReading, node: Json, names: Names): void {
  const [table, column, more] = reading.list(node);
  if (column === undefined || more !== undefined) reading.refuse('A column is named `column` or `table.column`.', node);
  else reading.column(reading.name(table), reading.name(column), names, node);
}

/** An integer of more digits is a DOUBLE, and so is whatever has an exponent. */
const MOST_DIGITS = 38;

function readValue(reading: SqlReading, node: Json): void {
  const [kind, payload] = reading.variant(keyOf(node, 'value'));
  if (['Null', 'Boolean', 'SingleQuotedString'].includes(kind)) return;
  const [digits] = reading.list(payload);
  if (kind !== 'Number' || typeof digits !== 'string') {
    reading.refuse("A literal of this form is not accepted: numbers, 'texts', true, false and null are.", node);
  } else if (/e/i.test(digits)) {
    reading.refuse(`${digits} is an inexact number: write its digits out.`, node);
  } else if (digits.replace(/\D/g, '').length > MOST_DIGITS) {
    reading.refuse(
      `${digits.slice(0, 10)}… has more than ${MOST_DIGITS} digits, and would be an inexact number.`,
      node,
    );
  }
}

function readUnary(reading: SqlReading, node: Json, names: Names): void {
  const { op, expr } = reading.fields(node, 'an operator', ['op', 'expr']);
  if (!['Not', 'Minus', 'Plus'].includes(reading.word(op)))
    reading.refuse(`The operator ${reading.word(op)} is not accepted.`, node);
  readExpression(reading, expr ?? null, names);
}

function readBinary(reading: SqlReading, node: Json, names: Names): void {
  // A chain of operators leans to the left: a loop, and its length is no depth.
  let here: Json = node;
  for (;;) {
    const { left, op, right } = reading.fields(here, 'an operator', ['left', 'op', 'right']);
    checkOperator(reading, op ?? null, right ?? null, here);
    readExpression(reading, right ?? null, names);
    const [kind, inner] = reading.variant(left);
    if (kind !== 'BinaryOp') return readExpression(reading, left ?? null, names);
    here = inner;
  }
}

function checkOperator(reading: SqlReading, op: Json, right: Json, node: Json): void {
  if (typeof op === 'string' && OPERATORS.includes(op)) return;
  if (op === 'Divide' || op === 'DuckIntegerDivide' || op === 'MyIntegerDivide') {
    const name = op === 'Divide' ? '/' : '//';
    reading.refuseAt(name, `${name} ${op === 'Divide' ? DIVISION : 'is not SQL of other warehouses.'}`, right, node);
  } else {
    reading.refuse(`The operator ${JSON.stringify(op)} is not accepted.`, right, node);
  }
}

function readCase(reading: SqlReading, node: Json, names: Names): void {
  const keys = ['case_token', 'end_token', 'operand', 'conditions', 'else_result'];
  const { operand, conditions, else_result } = reading.fields(node, 'CASE', keys);
  for (const part of [operand, else_result])
    if (part !== undefined && part !== null) readExpression(reading, part, names);
  for (const branch of reading.list(conditions)) {
    readExpression(reading, keyOf(branch, 'condition'), names);
    readExpression(reading, keyOf(branch, 'result'), names);
  }
}

function readCast(reading: SqlReading, node: Json, names: Names): void {
  const { kind, expr, data_type } = reading.fields(node, 'CAST', ['kind', 'expr', 'data_type']);
  if (kind === 'DoubleColon') reading.refuse('x::type is not SQL of every warehouse: write cast(x as type).', node);
  else if (kind !== 'Cast')
    reading.refuse('Only cast(x as type) is accepted: a value that does not fit must fail the build.', node);
  checkType(reading, data_type, node);
  readExpression(reading, expr ?? null, names);
}

function readExtract(reading: SqlReading, node: Json, names: Names): void {
  const { field, expr } = reading.fields(node, 'EXTRACT', ['field', 'expr', 'syntax']);
  checkField(reading, field, node);
  readExpression(reading, expr ?? null, names);
}

function readInterval(reading: SqlReading, node: Json): void {
  const { value, leading_field } = reading.fields(node, 'INTERVAL', ['value', 'leading_field']);
  const [kind] = reading.variant(value);
  if (kind !== 'Value' || leading_field === undefined || leading_field === null)
    reading.refuse("An interval is written as interval '7' day.", node);
  else checkField(reading, leading_field, node);
}

function checkField(reading: SqlReading, field: Json | undefined, node: Json): void {
  if (typeof field === 'string' && DATE_FIELDS.includes(field)) return;
  const accepted = DATE_FIELDS.map((name) => name.toLowerCase()).join(', ');
  reading.refuse(`${reading.variant(field)[0].toLowerCase()} is not accepted here; these are: ${accepted}.`, node);
}

function readCall(reading: SqlReading, node: Json, names: Names): void {
  const fields = reading.fields(node, 'a call', ['name', 'args', 'filter', 'over'], { parameters: 'None' });
  const name = reading.parts(fields['name']).join('.');
  if (!FUNCTIONS.has(name)) return reading.refuse(refusalOf(name), node);
  const [kind, list] = reading.variant(fields['args']);
  if (kind !== 'List') return reading.refuse(`${name} needs parentheses and values.`, node);
  const { args } = reading.fields(list, `${name}()`, ['args', 'duplicate_treatment']);
  for (const argument of reading.list(args)) readArgument(reading, argument, name, names);
  if (!isEmptyNode(fields['filter'])) readExpression(reading, fields['filter'] ?? null, names);
  if (!isEmptyNode(fields['over'])) readWindow(reading, fields['over'] ?? null, names);
}

function refusalOf(name: string): string {
  const reason = REFUSED_FUNCTIONS[name];
  if (reason !== undefined) return `The function ${name} is not accepted: ${reason}.`;
  const known = [...FUNCTIONS, ...SPECIAL_FORMS].sort();
  return `The function ${name} is not accepted; these are: ${known.join(', ')}.${didYouMean(name, known)}`;
}

function isEmptyNode(node: Json | undefined): boolean {
  return node === undefined || node === null;
}

function readArgument(reading: SqlReading, node: Json, called: string, names: Names): void {
  const [kind, value] = reading.variant(node);
  const [form, expression] = reading.variant(value);
  if (kind === 'Unnamed' && form === 'Expr') return readExpression(reading, expression, names);
  if (kind === 'Unnamed' && form === 'Wildcard' && called === 'count') return;
  reading.refuse(`A value of this form is not accepted in ${called}().`, node);
}

function readWindow(reading: SqlReading, node: Json, names: Names): void {
  const [kind, spec] = reading.variant(node);
  if (kind !== 'WindowSpec') return reading.refuse('Write the window after OVER: its name is not accepted.', node);
  const fields = reading.fields(spec, 'OVER', ['partition_by', 'order_by', 'window_frame']);
  for (const key of reading.list(fields['partition_by'])) readExpression(reading, key, names);
  for (const item of reading.list(fields['order_by'])) {
    const { expr } = reading.fields(item, 'ORDER BY', ['expr', 'options']);
    readExpression(reading, expr ?? null, names);
  }
}
