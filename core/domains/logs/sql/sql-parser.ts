import type { LogStatement } from '../../../kernel/logs.ts';
import type { Catalog } from './catalog.ts';
import type { ShownType } from './decode.ts';
import { asSluiceError, NotAQuery, syntax, tooComplex } from './fault.ts';
import { normalize, type NormalForm } from './normal-form.ts';
import { ParserPool, type ParserPoolOptions } from './parser-pool.ts';
import { ParserTree } from './parser-tree.ts';
import type { PlannedQuery } from './plan.ts';
import { Planning } from './planning.ts';
import { planQuery } from './plan-query.ts';
import { readQuery } from './read-query.ts';
import { checkSameTokens } from './same-tokens.ts';
import { queryStatement, type SqlDialect } from './statement.ts';
import type { Query } from './syntax-tree.ts';
import { shownType } from './types.ts';

/** A checked query, ready to be written for a shard. */
export interface CompiledQuery {
  /**
   * The statement for one kind of server; `home` is the tenant's database (MySQL) or schema (PostgreSQL).
   * @throws SluiceError query_too_complex; SQL_REFUSED for a text with U+0000 on PostgreSQL, which holds none
   */
  statementFor(dialect: SqlDialect, home: string): LogStatement;
  /** Of the answer, in order. Two may have one name, as in `SELECT a.id, b.id`. */
  readonly columns: readonly { readonly name: string; readonly type: ShownType }[];
  /** The families it reads. */
  readonly families: readonly string[];
  /** The shard that holds them; undefined where it reads none, and any shard will do. */
  readonly shard: string | undefined;
}

/** Characters of a query. */
export const MAX_QUERY = 65_536;

/**
 * Compiles SELECTs of MySQL's dialect. What is compiled is written anew for the server: no text of the query reaches it.
 * Holds threads (see ParserPool); close it when done.
 */
export class SqlParser {
  readonly #pool: ParserPool;

  constructor(options: ParserPoolOptions = {}) {
    this.#pool = new ParserPool(options);
  }

  /**
   * @param now what NOW() gives
   * @throws SluiceError SQL_SYNTAX, SQL_REFUSED, UNKNOWN_COLUMN, NOT_FOUND (a family), type_mismatch, query_too_complex,
   *   cross_shard_unsupported; UNAVAILABLE where too many queries wait
   */
  async compile(text: string, catalog: Catalog, now: Date): Promise<CompiledQuery> {
    try {
      const query = await this.#read(text);
      const planning = new Planning(catalog, now);
      const planned = planQuery(planning, query);
      return compiled(planned, planning, text);
    } catch (error) {
      throw explained(error, text);
    }
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #read(text: string): Promise<Query> {
    if (text.length > MAX_QUERY) throw tooComplex(`a query has at most ${MAX_QUERY} characters; this one has ${text.length}`);
    const form = normalize(text);
    const parsed = await this.#pool.parse(form.text);
    if ('refusal' in parsed) throw unreadable(form, parsed.refusal);
    const tree = new ParserTree(form, readQuery);
    const statements = tree.list(parsed.tree, 'a statement');
    if (statements.length !== 1) throw syntax('there is no statement: send one SELECT');
    const [kind, statement] = tree.variant(statements[0], 'a statement');
    if (kind !== 'Query') throw new NotAQuery(`${kind} is not accepted: only queries are`);
    const query = readQuery(tree, statement);
    checkSameTokens(query, form.tokens);
    return query;
  }
}

function compiled(planned: PlannedQuery, planning: Planning, text: string): CompiledQuery {
  return {
    columns: planned.columns.map(({ name, type }) => ({ name, type: shownType(type) })),
    families: planning.used,
    shard: planning.shard(),
    statementFor(dialect, home) {
      try {
        return queryStatement(planned, dialect, home);
      } catch (error) {
        throw explained(error, text);
      }
    },
  };
}

/** A tree may be deeper than our own stack: that too is a query too complex. */
function explained(error: unknown, text: string): unknown {
  const deep = error instanceof RangeError;
  return asSluiceError(deep ? tooComplex('the query nests too deeply: make it shorter') : error, text);
}

const EXPECTED = /^sql parser error: (.*?), found: .*?(?: at Line: 1, Column: (\d+))?$/;

/** The parser's own words name placeholders: what was found is taken from the query. */
function unreadable(form: NormalForm, message: string): Error {
  const [, expected, column] = EXPECTED.exec(message) ?? [];
  const token = column === undefined ? undefined : form.tokenAt(Number(column));
  if (!token) {
    return syntax(`${expected ?? 'the query cannot be read'}, and the query ends here`, form.tokens.at(-1)?.end);
  }
  return syntax(`${expected}, found ${form.source.slice(token.start, token.end).slice(0, 60)}`, token.start);
}
