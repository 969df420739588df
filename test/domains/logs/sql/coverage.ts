import { init, parse } from '@guanmingchiu/sqlparser-ts';
import type { Catalog } from '../../../../core/domains/logs/sql/catalog.ts';
import { AGGREGATES, FUNCTIONS } from '../../../../core/domains/logs/sql/functions.ts';
import { normalize } from '../../../../core/domains/logs/sql/normal-form.ts';
import { ParserTree } from '../../../../core/domains/logs/sql/parser-tree.ts';
import { planQuery } from '../../../../core/domains/logs/sql/plan-query.ts';
import type { Typed } from '../../../../core/domains/logs/sql/plan.ts';
import { Planning } from '../../../../core/domains/logs/sql/planning.ts';
import { readQuery } from '../../../../core/domains/logs/sql/read-query.ts';
import { COMPARISONS, type Expression, type Join, type Query } from '../../../../core/domains/logs/sql/syntax-tree.ts';
import type { SqlType } from '../../../../core/domains/logs/sql/types.ts';
import type { Json } from '../../../../core/kernel/json.ts';

type Base = SqlType['base'];
/** Any node, with what any of them may have. */
interface SyntaxNode {
  readonly node: string;
  readonly [part: string]: unknown;
}

const isMany = (part: unknown, least: number): boolean => Array.isArray(part) && part.length >= least;

const VALUES: readonly Base[] = ['text', 'int', 'float', 'decimal', 'bool', 'time', 'json'];
const NUMBERS: readonly Base[] = ['int', 'decimal', 'float'];
const TESTS = ['NULL', 'TRUE', 'FALSE', 'UNKNOWN'];

/** Every kind of expression there is: a new one does not compile until it stands here. */
const EXPRESSIONS: Readonly<Record<Expression['node'], true>> = {
  name: true, number: true, text: true, boolean: true, null: true, parentheses: true, sign: true, not: true, binary: true, is: true,
  in: true, inQuery: true, between: true, like: true, case: true, call: true, query: true, exists: true,
};

/**
 * Left out is `(SELECT ...) AS x (a)`, which MariaDB cannot read itself. Otherwise what queries are made of, all of it: nodes, clauses, operators and functions, each with each
 * type that it takes.
 */
export const EXPECTED: readonly string[] = [
  ...Object.keys(EXPRESSIONS),
  ...['select', 'union', 'parentheses', 'item', 'all', 'table', 'derived'],
  ...['DISTINCT', 'WHERE', 'GROUP BY', 'HAVING', 'ORDER BY', 'ASC', 'DESC', 'LIMIT', 'OFFSET', 'LIMIT n, n', 'WITH', 'WITH w (a)', 'comma'],
  ...['UNION', 'UNION ALL', '*', 't.*', 'AND', 'OR', 'CASE x', 'CASE', 'ELSE', 'no ELSE', 'negative', 'ESCAPE', 'column in backticks or bare', 't.column'],
  ...['inner ON', 'inner USING', 'left ON', 'left USING', 'cross'],
  ...TESTS.flatMap((test) => [`IS ${test}`, `IS NOT ${test}`]),
  ...['in', 'inQuery', 'between', 'like'].flatMap((node) => [node, `NOT ${node}`]),
  ...[...FUNCTIONS].map((name) => `${name}()`),
  ...AGGREGATES.map((name) => `${name}(DISTINCT)`),
  'COUNT(*)',
  ...COMPARISONS.flatMap((op) => VALUES.map((base) => `${op} ${base}`)),
  ...['+', '-', '*', '/', '%'].flatMap((op) => NUMBERS.flatMap((left) => NUMBERS.map((right) => `${left} ${op} ${right}`))),
  ...['COUNT', 'MIN', 'MAX'].flatMap((name) => VALUES.map((base) => `${name}(${base})`)),
  ...['SUM', 'AVG'].flatMap((name) => [...NUMBERS, 'bool'].map((base) => `${name}(${base})`)),
  ...['COALESCE', 'NULLIF', 'IF'].flatMap((name) => VALUES.map((base) => `${name} of ${base}`)),
  ...VALUES.flatMap((base) => [`case of ${base}`, `in of ${base}`, `between of ${base}`]),
  ...['literal int', 'literal float', 'literal decimal', 'literal text', 'literal time', 'literal json', 'literal truth', 'literal null', 'literal beyond 2^53'],
];

/** Counts what accepted queries are made of. */
export class Coverage {
  readonly #counts = new Map<string, number>();
  readonly #catalog: Catalog;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  static async start(catalog: Catalog): Promise<Coverage> {
    await init();
    return new Coverage(catalog);
  }

  /** What was seen fewer than `least` times, with how often. */
  missing(least: number): readonly string[] {
    return EXPECTED.filter((what) => (this.#counts.get(what) ?? 0) < least).map((what) => `${what}: ${this.#counts.get(what) ?? 0}`);
  }

  add(text: string): void {
    const form = normalize(text);
    const tree = new ParserTree(form, readQuery);
    // The parser's own types say less than its JSON.
    const parsed = JSON.parse(JSON.stringify(parse(form.text, 'mysql'))) as readonly Record<string, Json>[];
    const query = readQuery(tree, parsed[0]!['Query']!);
    this.#walk(query, (part) => this.#syntax(part));
    this.#walk(planQuery(new Planning(this.#catalog, new Date(0)), query), (part) => this.#typed(part));
  }

  #count(...whats: readonly (string | false | undefined)[]): void {
    for (const what of whats) if (what) this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  #walk(part: unknown, see: (part: object) => void): void {
    if (typeof part !== 'object' || part === null) return;
    if (!Array.isArray(part)) see(part);
    for (const inner of Object.values(part)) this.#walk(inner, see);
  }

  #syntax(part: object): void {
    if ('ctes' in part) this.#query(part as Query);
    if ('using' in part) this.#join(part as Join);
    if ('descending' in part) this.#count(part.descending === true ? 'DESC' : 'ASC');
    if (!('node' in part)) return;
    const node = part as SyntaxNode;
    this.#count(node.node === 'name' && 'column' in node ? (node.table === undefined ? 'column in backticks or bare' : 't.column') : undefined);
    this.#count(node.node, node.negated === true && `NOT ${node.node}`, 'negative' in node && node.negative === true && 'negative');
    switch (node.node) {
      case 'union':
        return this.#count(node.all ? 'UNION ALL' : 'UNION');
      case 'select':
        this.#count(node.distinct === true && 'DISTINCT', node.where !== undefined && 'WHERE', node.having !== undefined && 'HAVING', isMany(node.groupBy, 1) && 'GROUP BY');
        return this.#count(isMany(node.from, 2) && 'comma');
      case 'all':
        return this.#count(node.table === undefined ? '*' : 't.*');
      case 'binary':
        return this.#count((node.op === 'AND' || node.op === 'OR') && node.op);
      case 'is':
        return this.#count(`IS ${node.negated === true ? 'NOT ' : ''}${String(node.test)}`);
      case 'case':
        return this.#count(node.operand ? 'CASE x' : 'CASE', node.otherwise ? 'ELSE' : 'no ELSE');
      case 'like':
        return this.#count(node.escape !== undefined && 'ESCAPE');
      case 'call':
        return this.#count(`${String(node.name)}()`, node.distinct === true && `${String(node.name)}(DISTINCT)`, node.star === true && 'COUNT(*)');
    }
  }

  #query({ ctes, orderBy, limit, offset, offsetFirst }: Query): void {
    this.#count(ctes.length > 0 && 'WITH', ctes.some(({ columns }) => columns.length > 0) && 'WITH w (a)', orderBy.length > 0 && 'ORDER BY');
    this.#count(limit !== undefined && 'LIMIT', offset !== undefined && (offsetFirst ? 'LIMIT n, n' : 'OFFSET'));
  }

  #join({ kind, on, using }: Join): void {
    this.#count(on ? `${kind} ON` : using.length > 0 ? `${kind} USING` : kind);
  }

  #typed(part: object): void {
    if (!('node' in part) || !('type' in part)) return;
    const typed = part as Typed;
    const base = (of: Typed): Base => (of.type.base === 'truth' ? 'bool' : of.type.base);
    switch (typed.node) {
      case 'literal':
        this.#count(`literal ${typed.type.base}`, typed.type.base === 'int' && !Number.isSafeInteger(Number(typed.value)) && 'literal beyond 2^53');
        return;
      case 'compare':
        return this.#count(`${typed.op} ${base(typed.left)}`, base(typed.left) !== base(typed.right) && `${typed.op} ${base(typed.right)}`);
      case 'arithmetic':
        return this.#count(`${base(typed.left)} ${typed.op} ${base(typed.right)}`);
      case 'aggregate':
        return this.#count(typed.argument && `${typed.name}(${base(typed.argument)})`);
      case 'scalar':
      case 'case':
        return this.#count(`${typed.node === 'case' ? 'case' : typed.name} of ${base(typed)}`);
      case 'in':
      case 'between':
        return this.#count(`${typed.node} of ${base(typed.operand)}`);
    }
  }
}
