import type { Json } from '../../../kernel/json.ts';
import { refused, syntax } from './fault.ts';
import { labelsOf } from './labels.ts';
import type { ParserTree } from './parser-tree.ts';
import { readExpression } from './read-expression.ts';
import { readAlias, readFrom } from './read-from.ts';
import type { Body, Cte, Expression, Item, OrderItem, Query, Select } from './syntax-tree.ts';

/** A query of the closed list. Throws SqlFault for all else. */
export function readQuery(tree: ParserTree, node: Json): Query {
  const fields = tree.fields(node, 'a query', ['with', 'body', 'order_by', 'limit_clause']);
  return {
    ctes: readWith(tree, fields['with'] ?? null),
    body: readBody(tree, fields['body'] ?? null),
    orderBy: readOrderBy(tree, fields['order_by'] ?? null),
    ...readLimit(tree, fields['limit_clause'] ?? null),
    at: tree.at(node),
  };
}

function readWith(tree: ParserTree, node: Json): readonly Cte[] {
  if (node === null) return [];
  const { cte_tables } = tree.fields(node, 'WITH', ['with_token', 'cte_tables']);
  return tree.list(cte_tables, 'WITH').map((cte) => {
    const { alias, query } = tree.fields(cte, 'WITH', ['alias', 'query', 'closing_paren_token']);
    return { ...readAlias(tree, alias ?? null, 'WITH'), query: readQuery(tree, query ?? null) };
  });
}

function readBody(tree: ParserTree, node: Json): Body {
  const [kind, payload] = tree.variant(node, 'a query');
  const at = tree.at(node);
  if (kind === 'Select') return readSelect(tree, payload);
  if (kind === 'Query') return { node: 'parentheses', query: readQuery(tree, payload), at };
  if (kind !== 'SetOperation') throw refused(`${kind.toUpperCase()} is not accepted as a query`, at);
  const { left, op, set_quantifier, right } = tree.fields(payload, 'UNION', ['left', 'op', 'set_quantifier', 'right']);
  if (op !== 'Union') throw refused(`${JSON.stringify(op)} is not accepted: UNION and UNION ALL are`, at);
  if (set_quantifier !== 'All' && set_quantifier !== 'Distinct' && set_quantifier !== 'None') throw refused('UNION BY NAME is not accepted', at);
  const body = readBody(tree, right ?? null);
  if (body.node === 'union') throw refused('add parentheses around the query after UNION', body.at);
  return { node: 'union', all: set_quantifier === 'All', left: readBody(tree, left ?? null), right: body, at };
}

function readSelect(tree: ParserTree, node: Json): Select {
  const keys = ['select_token', 'distinct', 'projection', 'from', 'selection', 'group_by', 'having'];
  const fields = tree.fields(node, 'a SELECT', keys, { flavor: 'Standard' });
  const distinct = fields['distinct'] ?? null;
  const at = tree.at(fields['select_token']);
  if (distinct !== null && distinct !== 'Distinct' && distinct !== 'All') {
    throw refused('DISTINCT ON is not accepted', at);
  }
  const optional = (part: Json | undefined): Expression | undefined =>
    part === undefined || part === null ? undefined : readExpression(tree, part);
  return {
    node: 'select',
    distinct: distinct === 'Distinct',
    items: readItems(tree, fields['projection'] ?? null, at),
    from: tree.list(fields['from'], 'FROM').map((item) => readFrom(tree, item)),
    where: optional(fields['selection']),
    groupBy: readGroupBy(tree, fields['group_by'] ?? null),
    having: optional(fields['having']),
    at,
  };
}

function readItems(tree: ParserTree, node: Json, at: number): readonly Item[] {
  const items = tree.list(node, 'a SELECT');
  const written = labelsOf(tree.form, at);
  if (items.length === 0 || items.length !== written.length) throw syntax('SELECT needs a list of columns', at);
  return items.map((item, index) => readItem(tree, item, written[index]!));
}

function readItem(tree: ParserTree, node: Json, written: string): Item {
  const [kind, payload] = tree.variant(node, 'a column');
  const at = tree.at(node);
  if (kind === 'Wildcard') {
    tree.fields(payload, '*', ['wildcard_token']);
    return { node: 'all', table: undefined, at };
  }
  if (kind === 'QualifiedWildcard') {
    const [name, options] = tree.list(payload, '*');
    tree.fields(options, '*', ['wildcard_token']);
    const [form, parts] = tree.variant(name, '*');
    if (form !== 'ObjectName') throw refused('* follows the name of a table only', at);
    return { node: 'all', table: tree.singleName(parts, 'a table'), at };
  }
  if (kind === 'UnnamedExpr') {
    const expression = readExpression(tree, payload);
    return { node: 'item', expression, label: labelOf(expression, written), at };
  }
  if (kind !== 'ExprWithAlias') throw refused(`${kind} is not accepted in a SELECT`, at);
  const { expr, alias } = tree.fields(payload, 'a column', ['expr', 'alias']);
  const { text } = tree.name(alias, 'an alias');
  return { node: 'item', expression: readExpression(tree, expr ?? null), label: text, at };
}

/** MySQL calls a bare column by its name and a text by what it says; all else by how it was written, literals without parentheses. */
function labelOf(expression: Expression, written: string): string {
  switch (expression.node) {
    case 'parentheses': {
      const label = labelOf(expression.inner, written.replace(/^\(\s*|\s*\)$/g, ''));
      return isPlain(expression.inner) ? label : written;
    }
    case 'name':
      return expression.column;
    case 'text':
      return expression.value;
    default:
      return written;
  }
}

function isPlain(expression: Expression): boolean {
  if (expression.node === 'parentheses') return isPlain(expression.inner);
  return ['name', 'text', 'number', 'boolean', 'null'].includes(expression.node);
}

function readGroupBy(tree: ParserTree, node: Json): readonly Expression[] {
  const [kind, payload] = tree.variant(node, 'GROUP BY');
  const [expressions, modifiers] = kind === 'Expressions' ? tree.list(payload, 'GROUP BY') : [];
  if (!Array.isArray(modifiers) || modifiers.length > 0) throw refused('GROUP BY takes a list of expressions');
  return tree.list(expressions, 'GROUP BY').map((expression) => readExpression(tree, expression));
}

function readOrderBy(tree: ParserTree, node: Json): readonly OrderItem[] {
  if (node === null) return [];
  const { kind } = tree.fields(node, 'ORDER BY', ['kind']);
  const [form, list] = tree.variant(kind, 'ORDER BY');
  if (form !== 'Expressions') throw refused('ORDER BY takes a list of expressions', tree.placeOf(node));
  return tree.list(list, 'ORDER BY').map((item) => {
    const { expr, options } = tree.fields(item, 'ORDER BY', ['expr', 'options']);
    const { asc } = tree.fields(options, 'ORDER BY', ['asc']);
    return { expression: readExpression(tree, expr ?? null), descending: asc === false };
  });
}

function readLimit(tree: ParserTree, node: Json): Pick<Query, 'limit' | 'offset' | 'offsetFirst'> {
  if (node === null) return { limit: undefined, offset: undefined, offsetFirst: false };
  const [kind, payload] = tree.variant(node, 'LIMIT');
  const offsetFirst = kind === 'OffsetCommaLimit';
  const { limit, offset } = tree.fields(payload, 'LIMIT', ['limit', 'offset']);
  if (limit === undefined || limit === null) throw syntax('OFFSET needs a LIMIT before it', tree.placeOf(node));
  if (offset === undefined || offset === null) return { limit: wholeNumber(tree, limit), offset: undefined, offsetFirst };
  const value = offsetFirst ? offset : (tree.fields(offset, 'OFFSET', ['value'], { rows: 'None' })['value'] ?? null);
  return { limit: wholeNumber(tree, limit), offset: wholeNumber(tree, value), offsetFirst };
}

function wholeNumber(tree: ParserTree, node: Json): bigint {
  const value = readExpression(tree, node);
  if (value.node === 'number' && /^\d{1,20}$/.test(value.digits)) return BigInt(value.digits);
  throw refused('LIMIT and OFFSET take whole numbers', value.at);
}
