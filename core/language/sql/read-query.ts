import { isJsonObject, type Json } from '../../kernel/json.ts';
import type { Columns, Names, Output, OutputColumn, Relation, SqlReading } from './names.ts';
import { isEmpty } from './parsed-tree.ts';
import { readExpression } from './read-expression.ts';

const JOINS = ['Join', 'Inner', 'Left', 'LeftOuter', 'Right', 'RightOuter', 'FullOuter', 'CrossJoin'];
const SET_OPERATIONS = ['Union', 'Except', 'Intersect'];

/** A query of the accepted list: what it gives. All else is a fault of the reading. */
export function readQuery(reading: SqlReading, node: Json | undefined, outer: Names): Output {
  const fields = reading.fields(node, 'a query', ['with', 'body']);
  const ctes = readWith(reading, fields['with'] ?? null, outer);
  return readBody(reading, fields['body'] ?? null, { relations: [], ctes, outer });
}

function readWith(reading: SqlReading, node: Json, outer: Names): Names['ctes'] {
  const known = new Map<string, Columns>();
  const { cte_tables } = reading.fields(node, 'WITH', ['with_token', 'cte_tables']);
  for (const cte of reading.list(cte_tables)) {
    const { alias, query } = reading.fields(cte, 'WITH', ['alias', 'query', 'closing_paren_token']);
    const { name, columns } = readAlias(reading, alias ?? null);
    // A name of WITH is known to those behind it, and hides a table.
    const output = readQuery(reading, query, { relations: [], ctes: known, outer });
    if (known.has(name)) reading.refuse(`The name "${name}" is in this WITH twice.`, alias);
    known.set(name, columns ?? columnsOf(reading, output));
  }
  return known;
}

function readBody(reading: SqlReading, node: Json, names: Names): Output {
  const [kind, payload] = reading.variant(node);
  if (kind === 'Select') return readSelect(reading, payload, names);
  if (kind === 'Query') return readQuery(reading, payload, names);
  if (kind !== 'SetOperation') {
    reading.refuse(`${kind.toUpperCase()} is not accepted: a model is a SELECT.`, node);
    return undefined;
  }
  const { op, set_quantifier, left, right } = reading.fields(payload, 'a union', [
    'op',
    'set_quantifier',
    'left',
    'right',
  ]);
  const operation = reading.word(op);
  if (!SET_OPERATIONS.includes(operation))
    reading.refuse(`${operation.toUpperCase()} is not accepted: UNION, EXCEPT and INTERSECT are.`, node);
  if (reading.word(set_quantifier).includes('ByName'))
    reading.refuse('BY NAME is not SQL of every warehouse: write the columns in the same order.', node);
  const output = readBody(reading, left ?? null, names);
  const second = readBody(reading, right ?? null, names);
  if (output && second && output.length !== second.length)
    reading.refuse(
      `The queries of ${operation.toUpperCase()} give ${output.length} and ${second.length} columns.`,
      right,
      node,
    );
  return output;
}

function readSelect(reading: SqlReading, node: Json, around: Names): Output {
  const keys = ['select_token', 'distinct', 'projection', 'from', 'selection', 'group_by', 'having'];
  const fields = reading.fields(node, 'a SELECT', keys, { flavor: 'Standard' });
  const { distinct, selection, having } = fields;
  if (!isEmpty(distinct) && distinct !== 'Distinct' && distinct !== 'All')
    reading.refuse('DISTINCT ON is not SQL of every warehouse: number the rows with row_number().', node);
  const from = reading.list(fields['from']).map((item) => readFrom(reading, item, around));
  const names: Names = { ...around, relations: from.flatMap(({ relations }) => relations) };
  for (const { conditions } of from) for (const condition of conditions) readExpression(reading, condition, names);
  const output = readItems(
    reading,
    reading.list(fields['projection']),
    names,
    from.flatMap(({ merged }) => merged),
  );
  if (!isEmpty(selection)) readExpression(reading, selection ?? null, names);
  const aliases = new Set((output ?? []).flatMap(({ name }) => name ?? []));
  readGroupBy(reading, fields['group_by'], { ...names, aliases }, node);
  if (!isEmpty(having)) readExpression(reading, having ?? null, names);
  return output;
}

function readGroupBy(reading: SqlReading, node: Json | undefined, names: Names, select: Json): void {
  const [kind, payload] = reading.variant(node);
  if (kind !== 'Expressions')
    return reading.refuse('GROUP BY ALL is not SQL of every warehouse: list the columns.', select);
  const [expressions, modifiers] = reading.list(payload);
  if (!isEmpty(modifiers)) reading.refuse('GROUP BY takes a list of columns and expressions.', expressions, select);
  for (const expression of reading.list(expressions)) readExpression(reading, expression, names);
}

function readItems(reading: SqlReading, items: readonly Json[], names: Names, merged: readonly string[]): Output {
  const output: OutputColumn[] = [];
  let open = false;
  for (const item of items) {
    const [kind, payload] = reading.variant(item);
    const taken = kind.endsWith('Wildcard')
      ? wildcard(reading, item, names, merged)
      : [readItem(reading, kind, payload, names)];
    if (taken) output.push(...taken);
    else open = true;
  }
  return open ? undefined : output;
}

function readItem(reading: SqlReading, kind: string, payload: Json, names: Names): OutputColumn {
  const { expr, alias } =
    kind === 'ExprWithAlias' ? reading.fields(payload, 'a column', ['expr', 'alias']) : { expr: payload };
  readExpression(reading, expr ?? null, names);
  return { name: alias === undefined ? ownName(reading, payload) : reading.name(alias), node: payload };
}

/** A column that is taken as it is keeps its name. */
function ownName(reading: SqlReading, node: Json): string | undefined {
  const [kind, payload] = reading.variant(node);
  if (kind === 'Identifier') return reading.name(payload);
  return kind === 'CompoundIdentifier' ? reading.name(reading.list(payload).at(-1)) : undefined;
}

function wildcard(reading: SqlReading, item: Json, names: Names, merged: readonly string[]): Output {
  const [kind, payload] = reading.variant(item);
  reading.fields(kind === 'Wildcard' ? payload : reading.list(payload)[1], '*', ['wildcard_token']);
  if (kind === 'Wildcard') return allColumns(names.relations, merged, item);
  const [, parts] = reading.variant(reading.list(payload)[0]);
  const [table = ''] = reading.parts(parts);
  const relation = names.relations.find(({ name }) => name === table);
  if (!relation)
    reading.refuse(
      `"${table}" is no table of this query; it has: ${names.relations.map(({ name }) => name).join(', ')}.`,
      item,
    );
  return relation?.columns?.map((name) => ({ name, node: item }));
}

/** Columns that USING has merged are there once. */
function allColumns(relations: readonly Relation[], merged: readonly string[], node: Json): Output {
  if (relations.some(({ columns }) => columns === undefined)) return undefined;
  const names = relations.flatMap(({ columns }) => columns ?? []);
  return names.filter((name, i) => !merged.includes(name) || names.indexOf(name) === i).map((name) => ({ name, node }));
}

interface From {
  readonly relations: readonly Relation[];
  readonly conditions: readonly Json[];
  /** Columns of USING. */
  readonly merged: readonly string[];
}

function readFrom(reading: SqlReading, node: Json, names: Names): From {
  const { relation, joins } = reading.fields(node, 'FROM', ['relation', 'joins']);
  const first = readRelation(reading, relation ?? null, names);
  const joined = reading.list(joins).map((join) => readJoin(reading, join, names));
  const all = [first, ...joined];
  return {
    relations: all.flatMap(({ relations }) => relations),
    conditions: all.flatMap(({ conditions }) => conditions),
    merged: all.flatMap(({ merged }) => merged),
  };
}

function readRelation(reading: SqlReading, node: Json, names: Names): From {
  const [kind, payload] = reading.variant(node);
  if (kind === 'Table') return ofOne(readTable(reading, payload, names));
  if (kind === 'Derived') {
    const { subquery, alias } = reading.fields(payload, 'a query in FROM', ['subquery', 'alias']);
    if (isEmpty(alias)) reading.refuse('A query in FROM needs a name: (select ...) as name.', subquery);
    const output = readQuery(reading, subquery, names);
    const { name, columns } = readAlias(reading, alias ?? null);
    return ofOne({ name, columns: columns ?? columnsOf(reading, output) });
  }
  if (kind === 'NestedJoin')
    return readFrom(
      reading,
      reading.fields(payload, 'a join', ['table_with_joins'])['table_with_joins'] ?? null,
      names,
    );
  reading.refuse(
    `${kind === 'TableFunction' ? 'A function' : kind.toUpperCase()} is not accepted in FROM: tables and queries are.`,
    node,
  );
  return ofOne({ name: '', columns: undefined });
}

function ofOne(relation: Relation): From {
  return { relations: [relation], conditions: [], merged: [] };
}

function readTable(reading: SqlReading, node: Json, names: Names): Relation {
  if (isJsonObject(node) && !isEmpty(node['args'])) {
    const called = reading.parts(node['name']).join('.');
    reading.refuse(`The function ${called} is not accepted in FROM: a model reads tables of the warehouse only.`, node);
    return { name: '', columns: undefined };
  }
  const fields = reading.fields(node, 'FROM', ['name', 'alias']);
  const parts = reading.parts(fields['name']);
  const [table = ''] = parts;
  if (parts.length > 1) {
    reading.refuse(`"${parts.join('.')}" is named by one word: a model reads the tables of its own dataset.`, node);
    return { name: parts.at(-1) ?? '', columns: undefined };
  }
  const known = reading.table(table, names, node);
  if (isEmpty(fields['alias'])) return { name: table, columns: known };
  const { name, columns } = readAlias(reading, fields['alias'] ?? null);
  return { name, columns: columns ?? known };
}

function readJoin(reading: SqlReading, node: Json, names: Names): From {
  const { relation, join_operator } = reading.fields(node, 'a join', ['relation', 'join_operator']);
  const from = readRelation(reading, relation ?? null, names);
  const [operator, constraint] = reading.variant(join_operator);
  if (!JOINS.includes(operator))
    reading.refuse(
      `A join of the kind ${operator} is not accepted: inner, left, right, full and cross joins are.`,
      node,
    );
  const [form, payload] = reading.variant(constraint);
  if (form === 'On') return { ...from, conditions: [...from.conditions, payload] };
  if (form === 'Using')
    return { ...from, merged: [...from.merged, ...reading.list(payload).flatMap((column) => reading.parts(column))] };
  if (form === 'Natural') reading.refuse('NATURAL joins by whatever names are alike: write ON or USING.', node);
  else if (operator !== 'CrossJoin')
    reading.refuse('This join needs ON or USING; without one, write CROSS JOIN.', node);
  return from;
}

function readAlias(reading: SqlReading, node: Json): { name: string; columns: readonly string[] | undefined } {
  const { name, columns } = reading.fields(node, 'a name', ['explicit', 'name', 'columns']);
  const listed = reading.list(columns).map((column) => reading.name(isJsonObject(column) ? column['name'] : undefined));
  return { name: reading.name(name), columns: listed.length > 0 ? listed : undefined };
}

/** The names of what a query gives to another one: each column needs one. */
export function columnsOf(reading: SqlReading, output: Output): Columns {
  for (const { name, node } of output ?? []) {
    if (name === undefined) reading.refuse('This column needs a name: write ... as name.', node);
  }
  return output?.map(({ name }) => name ?? '');
}
