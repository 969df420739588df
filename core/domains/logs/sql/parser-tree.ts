import { isJsonObject, type Json, type JsonObject } from '../../../kernel/json.ts';
import { refused, tooComplex } from './fault.ts';
import { MOST_CONDITIONS, MOST_LEVELS } from './limits.ts';
import type { NormalForm } from './normal-form.ts';
import type { Name, Query } from './syntax-tree.ts';
import { RESERVED } from './words.ts';
import type { Token } from './lexer.ts';

/** What a key that we do not take is called in a message. */
const CALLED: Readonly<Record<string, string>> = {
  locks: 'FOR UPDATE or FOR SHARE',
  fetch: 'FETCH',
  over: 'OVER (a window function)',
  with_hints: 'a table hint',
  index_hints: 'an index hint',
  partitions: 'PARTITION',
  lateral: 'LATERAL',
  recursive: 'WITH RECURSIVE',
  nulls_first: 'NULLS FIRST or NULLS LAST',
  filter: 'FILTER',
  clauses: 'a clause inside a function call',
  any: 'LIKE ANY',
  into: 'INTO',
  qualify: 'QUALIFY',
  named_window: 'WINDOW',
};


export type QueryReader = (tree: ParserTree, node: Json) => Query;

/** Access to the tree that the parser made of a normal form. Whatever is not asked for by name is refused. */
export class ParserTree {
  readonly form: NormalForm;
  readonly #readQuery: QueryReader;
  /** Each node is searched once, however deep it lies. */
  readonly #columns = new WeakMap<object, number>();
  #levels = 0;
  #conditions = 0;

  /** @param readQuery reads the queries inside expressions and FROM */
  constructor(form: NormalForm, readQuery: QueryReader) {
    this.form = form;
    this.#readQuery = readQuery;
  }

  /**
   * Reads a node that may hold others of its kind.
   * @param logic it is an AND or OR, of which servers make lists
   * @throws SqlFault query_too_complex
   */
  deeper<T>(logic: boolean, read: () => T): T {
    if (logic && this.#conditions === MOST_CONDITIONS) {
      throw tooComplex(`the query joins more than ${MOST_CONDITIONS} conditions: write IN for a chain of OR, or ask in two queries`);
    }
    if (!logic && this.#levels === MOST_LEVELS) {
      throw tooComplex(`the query nests more than ${MOST_LEVELS} operations into each other: compute in two steps, or ask in two queries`);
    }
    const before = [this.#levels, this.#conditions] as const;
    if (logic) this.#conditions += 1;
    else this.#levels += 1;
    const result = read();
    [this.#levels, this.#conditions] = before;
    return result;
  }

  query(node: Json | undefined): Query {
    return this.#readQuery(this, node ?? null);
  }

  /**
   * A node's keys. All that the node has and `keys` does not list must be empty or, for a key of `fixed`, have that value:
   * a clause that the parser knows and we do not is refused instead of dropped.
   */
  fields(node: Json | undefined, what: string, keys: readonly string[], fixed: JsonObject = {}): JsonObject {
    if (!isJsonObject(node ?? null)) throw refused(`${what} is not accepted in this form`, this.placeOf(node));
    const object = node as JsonObject;
    for (const [key, value] of Object.entries(object)) {
      if (keys.includes(key) || isEmpty(value) || (key in fixed && value === fixed[key])) continue;
      const called = CALLED[key] ?? key.replaceAll('_', ' ');
      throw refused(`${called} is not accepted in ${what}`, this.placeOf(value) ?? this.placeOf(node));
    }
    return object;
  }

  /** An enum's variant and what it holds. */
  variant(node: Json | undefined, what: string): readonly [string, Json] {
    if (typeof node === 'string') return [node, null];
    const entries = isJsonObject(node ?? null) ? Object.entries(node as JsonObject) : [];
    if (entries.length !== 1) throw refused(`${what} is not accepted in this form`, this.placeOf(node));
    return entries[0]!;
  }

  list(node: Json | undefined, what: string): readonly Json[] {
    if (!Array.isArray(node)) throw refused(`${what} is not accepted in this form`, this.placeOf(node));
    return node as readonly Json[];
  }

  /** A name, bare or in backticks. */
  name(node: Json | undefined, what: string): Name {
    const { value, quote_style } = this.fields(node, what, ['value', 'quote_style', 'span']);
    const token = this.tokenOf(node);
    if (quote_style === '`' && token?.kind === 'name') return { text: token.value, at: token.start };
    if (quote_style === "'") throw refused('a text cannot be a name: put it in backticks', token?.start);
    if (!isEmpty(quote_style ?? null) || token?.kind !== 'word' || token.value !== value) {
      throw refused(`${what} is not accepted in this form`, token?.start);
    }
    if (RESERVED.has(token.value.toUpperCase()) && !this.#afterDot(token)) {
      throw refused(`${token.value} is a reserved word: as a name it needs backticks`, token.start);
    }
    return { text: token.value, at: token.start };
  }

  /** The only part of a name that is to have no more: of a table or function. */
  singleName(node: Json | undefined, what: string): Name {
    const parts = this.list(node, what);
    if (parts.length > 1) {
      throw refused(`${what} is named by one word: other databases cannot be reached`, this.placeOf(node));
    }
    const [kind, ident] = this.variant(parts[0], what);
    if (kind !== 'Identifier') throw refused(`${what} is not accepted in this form`, this.placeOf(node));
    return this.name(ident, what);
  }

  #afterDot(token: Token): boolean {
    const index = this.form.tokens.indexOf(token);
    return this.form.tokens[index - 1]?.value === '.';
  }

  /** The first token of what a node stands for. */
  tokenOf(node: Json | undefined): Token | undefined {
    const column = firstColumn(node ?? null, this.#columns);
    return column === NOWHERE ? undefined : this.form.tokenAt(column);
  }

  placeOf(node: Json | undefined): number | undefined {
    return this.tokenOf(node)?.start;
  }

  /** As placeOf, where a place is needed. */
  at(node: Json | undefined): number {
    return this.placeOf(node) ?? 0;
  }
}

/** Absent, switched off, or a list of nothing. */
export function isEmpty(value: Json): boolean {
  return value === null || value === false || (Array.isArray(value) && value.length === 0);
}

/** The smallest start column of all spans in a node. The parser gives (0, 0) where it does not know. */
function firstColumn(node: Json, known: WeakMap<object, number>): number {
  if (typeof node !== 'object' || node === null) return NOWHERE;
  const before = known.get(node);
  if (before !== undefined) return before;
  let first = NOWHERE;
  for (const [key, inner] of Object.entries(node)) {
    const column = key === 'span' ? startOf(inner) : undefined;
    first = Math.min(first, column ?? firstColumn(inner, known));
  }
  known.set(node, first);
  return first;
}

const NOWHERE = Number.POSITIVE_INFINITY;

function startOf(span: Json): number | undefined {
  const start = isJsonObject(span) ? span['start'] : undefined;
  const column = start !== undefined && isJsonObject(start) ? start['column'] : undefined;
  return typeof column === 'number' && column > 0 ? column : undefined;
}
