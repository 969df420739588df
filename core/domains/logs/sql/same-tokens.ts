import { refused } from './fault.ts';
import type { Token } from './lexer.ts';
import type { Body, Cte, Expression, FromItem, Item, Join, Name, OrderItem, Query, Relation, Select } from './syntax-tree.ts';

/**
 * The proof that a tree says what was written: it is spelled out again and must give the tokens of the query, one by
 * one. What the parser dropped or made up (it takes `LIMIT ALL` for no limit) is found here, whatever it is.
 * Throws SqlFault at the first token that differs.
 */
export function checkSameTokens(query: Query, tokens: readonly Token[]): void {
  const speller = new Speller(tokens);
  speller.query(query);
  speller.end();
}

class Speller {
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  end(): void {
    if (this.#index < this.#tokens.length) throw this.#unaccepted();
  }

  query({ ctes, body, orderBy, limit, offset, offsetFirst }: Query): void {
    this.#list(ctes, (cte) => this.#cte(cte), 'WITH');
    this.#body(body);
    this.#list(orderBy, (item) => this.#orderItem(item), 'ORDER', 'BY');
    if (limit === undefined) return;
    this.#words('LIMIT');
    const [first, second] = offsetFirst ? [offset, limit] : [limit, offset];
    this.#number(first);
    if (second === undefined) return;
    if (offsetFirst) this.#symbol(',');
    else this.#words('OFFSET');
    this.#number(second);
  }

  #cte({ name, columns, query }: Cte): void {
    this.#name(name.text);
    this.#columnNames(columns);
    this.#words('AS');
    this.#inParentheses(() => this.query(query));
  }

  #columnNames(columns: readonly Name[]): void {
    if (columns.length > 0) this.#inParentheses(() => this.#list(columns, ({ text }) => this.#name(text)));
  }

  #body(body: Body): void {
    if (body.node === 'select') return this.#select(body);
    if (body.node === 'parentheses') return this.#inParentheses(() => this.query(body.query));
    this.#body(body.left);
    this.#words('UNION');
    if (body.all) this.#words('ALL');
    else this.#optional('DISTINCT');
    this.#body(body.right);
  }

  #select({ distinct, items, from, where, groupBy, having }: Select): void {
    this.#words('SELECT');
    if (distinct) this.#words('DISTINCT');
    else this.#optional('ALL');
    this.#list(items, (item) => this.#item(item));
    this.#list(from, (item) => this.#fromItem(item), 'FROM');
    if (where) this.#clause('WHERE', where);
    this.#list(groupBy, (expression) => this.expression(expression), 'GROUP', 'BY');
    if (having) this.#clause('HAVING', having);
  }

  #item(item: Item): void {
    if (item.node === 'item') {
      this.expression(item.expression);
      const explicit = this.#optional('AS');
      const next = this.#tokens[this.#index];
      if (explicit || (isNameLike(next) && !isEnd(next) && next.value === item.label)) this.#name(item.label);
      return;
    }
    if (item.table) {
      this.#name(item.table.text);
      this.#symbol('.');
    }
    this.#symbol('*');
  }

  #fromItem({ first, joins }: FromItem): void {
    this.#relation(first);
    for (const join of joins) this.#join(join);
  }

  #join({ kind, relation, on, using }: Join): void {
    if (kind === 'left') {
      this.#words('LEFT');
      this.#optional('OUTER');
    } else if (kind === 'cross') this.#words('CROSS');
    else this.#optional('INNER');
    this.#words('JOIN');
    this.#relation(relation);
    if (on) this.#clause('ON', on);
    if (using.length === 0) return;
    this.#words('USING');
    this.#columnNames(using);
  }

  #relation(relation: Relation): void {
    if (relation.node === 'table') this.#name(relation.name.text);
    else this.#inParentheses(() => this.query(relation.query));
    if (!relation.alias) return;
    this.#optional('AS');
    this.#name(relation.alias.text);
    if (relation.node === 'derived') this.#columnNames(relation.columns);
  }

  #orderItem({ expression, descending }: OrderItem): void {
    this.expression(expression);
    if (descending) this.#words('DESC');
    else this.#optional('ASC');
  }

  expression(expression: Expression): void {
    switch (expression.node) {
      case 'name':
        if (expression.table !== undefined) {
          this.#name(expression.table);
          this.#symbol('.');
        }
        return this.#name(expression.column);
      case 'number':
        return this.#take((token) => token.kind === 'number' && token.value === expression.digits);
      case 'text':
        return this.#take((token) => token.kind === 'text' && token.value === expression.value);
      case 'boolean':
        return this.#words(expression.value ? 'TRUE' : 'FALSE');
      case 'null':
        return this.#words('NULL');
      case 'parentheses':
        return this.#inParentheses(() => this.expression(expression.inner));
      case 'sign':
        this.#symbol(expression.negative ? '-' : '+');
        return this.expression(expression.operand);
      case 'not':
        return this.#clause('NOT', expression.operand);
      case 'binary':
        this.expression(expression.left);
        if (expression.op === 'AND' || expression.op === 'OR') this.#words(expression.op);
        else this.#symbol(expression.op, ...(expression.op === '<>' ? ['!='] : []));
        return this.expression(expression.right);
      case 'is':
        this.expression(expression.operand);
        return this.#words('IS', ...(expression.negated ? ['NOT'] : []), expression.test);
      case 'in':
        this.#operator(expression, 'IN');
        return this.#inParentheses(() => this.#list(expression.list, (item) => this.expression(item)));
      case 'inQuery':
        this.#operator(expression, 'IN');
        return this.#inParentheses(() => this.query(expression.query));
      case 'between':
        this.#operator(expression, 'BETWEEN');
        this.expression(expression.low);
        return this.#clause('AND', expression.high);
      case 'like':
        this.#operator(expression, 'LIKE');
        this.expression(expression.pattern);
        return this.#escape(expression.escape);
      case 'case':
        return this.#case(expression);
      case 'call':
        return this.#call(expression);
      case 'query':
        return this.#inParentheses(() => this.query(expression.query));
      case 'exists':
        this.#words('EXISTS');
        return this.#inParentheses(() => this.query(expression.query));
    }
  }

  #operator({ operand, negated }: { operand: Expression; negated: boolean }, word: string): void {
    this.expression(operand);
    this.#words(...(negated ? ['NOT'] : []), word);
  }

  #escape(escape: string | undefined): void {
    if (escape === undefined) return;
    this.#words('ESCAPE');
    this.#take((token) => token.kind === 'text' && token.value === escape);
  }

  #case({ operand, branches, otherwise }: Extract<Expression, { node: 'case' }>): void {
    this.#words('CASE');
    if (operand) this.expression(operand);
    for (const { when, result } of branches) {
      this.#clause('WHEN', when);
      this.#clause('THEN', result);
    }
    if (otherwise) this.#clause('ELSE', otherwise);
    this.#words('END');
  }

  #call({ name, distinct, star, args }: Extract<Expression, { node: 'call' }>): void {
    this.#words(name);
    this.#inParentheses(() => {
      if (distinct) this.#words('DISTINCT');
      if (star) this.#symbol('*');
      else this.#list(args, (argument) => this.expression(argument));
    });
  }

  #clause(word: string, expression: Expression): void {
    this.#words(word);
    this.expression(expression);
  }

  #list<T>(items: readonly T[], each: (item: T) => void, ...before: readonly string[]): void {
    if (items.length > 0) this.#words(...before);
    for (const [index, item] of items.entries()) {
      if (index > 0) this.#symbol(',');
      each(item);
    }
  }

  #inParentheses(inside: () => void): void {
    this.#symbol('(');
    inside();
    this.#symbol(')');
  }

  #number(value: bigint | undefined): void {
    this.#take((token) => token.kind === 'number' && token.value.replace(/^0+(?=.)/, '') === String(value));
  }

  #name(text: string): void {
    this.#take((token) => isNameLike(token) && token.value === text);
  }

  #symbol(...values: readonly string[]): void {
    this.#take((token) => token.kind === 'symbol' && values.includes(token.value));
  }

  #words(...words: readonly string[]): void {
    for (const word of words) this.#take((token) => isWord(token, word));
  }

  #optional(word: string): boolean {
    const found = isWord(this.#tokens[this.#index], word);
    if (found) this.#index += 1;
    return found;
  }

  #take(fits: (token: Token) => boolean): void {
    const token = this.#tokens[this.#index];
    if (!token || !fits(token)) throw this.#unaccepted();
    this.#index += 1;
  }

  #unaccepted(): Error {
    const token = this.#tokens[this.#index];
    if (!token) return refused('the query ends where more was expected', this.#tokens.at(-1)?.end);
    return refused(`${JSON.stringify(token.value)} is not accepted here`, token.start);
  }
}

/** Words that end an element of a SELECT's list, so none of them is its alias. */
const ENDS: ReadonlySet<string> = new Set(['FROM', 'WHERE', 'GROUP', 'HAVING', 'ORDER', 'LIMIT', 'UNION']);

const isEnd = (token: Token): boolean => token.kind === 'word' && ENDS.has(token.value.toUpperCase());
const isNameLike = (token: Token | undefined): token is Token => token?.kind === 'word' || token?.kind === 'name';
const isWord = (token: Token | undefined, word: string): boolean =>
  token?.kind === 'word' && token.value.toUpperCase() === word;
