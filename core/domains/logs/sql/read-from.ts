import type { Json } from '../../../kernel/json.ts';
import { refused, syntax } from './fault.ts';
import type { ParserTree } from './parser-tree.ts';
import { readExpression } from './read-expression.ts';
import type { Expression, FromItem, Join, Name, Relation } from './syntax-tree.ts';

const JOINS: Readonly<Record<string, Join['kind']>> = {
  Join: 'inner',
  Inner: 'inner',
  Left: 'left',
  LeftOuter: 'left',
  CrossJoin: 'cross',
};

/** One element of FROM: a table with those joined to it. */
export function readFrom(tree: ParserTree, node: Json): FromItem {
  const { relation, joins } = tree.fields(node, 'FROM', ['relation', 'joins']);
  return {
    first: readRelation(tree, relation ?? null),
    joins: tree.list(joins, 'FROM').map((join) => readJoin(tree, join)),
  };
}

function readRelation(tree: ParserTree, node: Json): Relation {
  const [kind, payload] = tree.variant(node, 'a table');
  if (kind === 'Derived') return readDerived(tree, payload);
  if (kind === 'NestedJoin') throw refused('a join in parentheses is not accepted: join in one row', tree.placeOf(node));
  if (kind !== 'Table') throw refused(`${kind} is not accepted in FROM`, tree.placeOf(node));
  const { name, alias } = tree.fields(payload, 'a table', ['name', 'alias']);
  const table = tree.singleName(name, 'a table');
  if (alias === undefined || alias === null) return { node: 'table', name: table, alias: undefined };
  const named = readAlias(tree, alias, 'a table');
  if (named.columns.length > 0) throw refused('names of columns belong to a query, not to a table', named.name.at);
  return { node: 'table', name: table, alias: named.name };
}

function readDerived(tree: ParserTree, node: Json): Relation {
  const { subquery, alias } = tree.fields(node, 'a query in FROM', ['subquery', 'alias']);
  const query = tree.query(subquery);
  if (alias === undefined || alias === null) {
    throw syntax('a query in FROM needs a name: (SELECT ...) AS name', query.at);
  }
  const { name, columns } = readAlias(tree, alias, 'a query in FROM');
  return { node: 'derived', query, alias: name, columns };
}

function readJoin(tree: ParserTree, node: Json): Join {
  const { relation, join_operator } = tree.fields(node, 'a join', ['relation', 'join_operator']);
  const joined = readRelation(tree, relation ?? null);
  const [operator, constraint] = tree.variant(join_operator, 'a join');
  const kind = JOINS[operator];
  if (!kind) throw refused(`a join of the kind ${operator} is not accepted: JOIN, LEFT JOIN and CROSS JOIN are`, tree.at(node));
  const { on, using } = readConstraint(tree, constraint, tree.at(node));
  const conditions = (on ? 1 : 0) + using.length;
  if (kind === 'cross' && conditions > 0) throw refused('CROSS JOIN takes neither ON nor USING: write JOIN', tree.at(node));
  if (kind !== 'cross' && conditions === 0) throw refused('this join needs ON or USING; without one, write CROSS JOIN', tree.at(node));
  return { kind, relation: joined, on, using };
}

function readConstraint(tree: ParserTree, node: Json, at: number): { on: Expression | undefined; using: readonly Name[] } {
  const [form, payload] = tree.variant(node, 'a join');
  if (form === 'None') return { on: undefined, using: [] };
  if (form === 'On') return { on: readExpression(tree, payload), using: [] };
  if (form !== 'Using') throw refused(`${form.toUpperCase()} is not accepted in a join: ON and USING are`, at);
  const using = tree.list(payload, 'USING').map((column) => tree.singleName(column, 'a column of USING'));
  return { on: undefined, using };
}

/** The name of a table in this query, with names for its columns. */
export function readAlias(tree: ParserTree, node: Json, what: string): { name: Name; columns: readonly Name[] } {
  const { name, columns } = tree.fields(node, what, ['explicit', 'name', 'columns']);
  const names = tree.list(columns, what).map((column) => {
    const fields = tree.fields(column, what, ['name']);
    return tree.name(fields['name'], 'a column');
  });
  return { name: tree.name(name, 'a table'), columns: names };
}
