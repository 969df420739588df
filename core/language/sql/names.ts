import type { Json } from '../../kernel/json.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import { ParsedTree, type Spot } from './parsed-tree.ts';

/** The names of a table's columns; undefined where nothing is known of them. */
export type Columns = readonly string[] | undefined;

/** Tables by name, as SQL may name them. */
export type Tables = ReadonlyMap<string, Columns>;

/** A table or query as one SELECT sees it, under its alias. */
export interface Relation {
  readonly name: string;
  readonly columns: Columns;
}

/** What names mean at one place of a statement. */
export interface Names {
  readonly relations: readonly Relation[];
  /** Names of the SELECT list, where they count. */
  readonly aliases?: ReadonlySet<string>;
  readonly ctes: Tables;
  /** Of the query around. */
  readonly outer?: Names;
}

/** A column of a query's result; without a name where it is an expression that has been given none. */
export interface OutputColumn {
  readonly name: string | undefined;
  readonly node: Json;
}

/** What a query gives; undefined where it takes all columns of what is not known. */
export type Output = readonly OutputColumn[] | undefined;

export type QueryReader = (reading: SqlReading, node: Json | undefined, outer: Names) => Output;

/** One statement being read: its tree, what it may name, and what it has named. */
export class SqlReading extends ParsedTree {
  readonly used = new Map<string, Spot>();
  readonly tables: Tables;
  readonly query: (node: Json | undefined, outer: Names) => Output;
  readonly #advice: (name: string) => string | undefined;

  /** @param advice what to say of a table that is not there, where more can be said than which are */
  constructor(text: string, tables: Tables, readQuery: QueryReader, advice: (name: string) => string | undefined) {
    super(text);
    this.tables = tables;
    this.query = (node, outer) => readQuery(this, node, outer);
    this.#advice = advice;
  }

  /** The columns of a table of FROM. */
  table(name: string, names: Names, node: Json): Columns {
    for (let at: Names | undefined = names; at; at = at.outer) if (at.ctes.has(name)) return at.ctes.get(name);
    if (this.tables.has(name)) {
      if (!this.used.has(name)) this.used.set(name, this.spotOf(node) ?? { line: 1, column: 1 });
      return this.tables.get(name);
    }
    const known = [...this.tables.keys(), ...names.ctes.keys()];
    const advice =
      this.#advice(name) ??
      `There is no table "${name}" here; there are: ${known.join(', ')}.${didYouMean(name, known)}`;
    this.refuse(advice, node);
    return undefined;
  }

  column(table: string | undefined, name: string, names: Names, node: Json): void {
    const trouble = table === undefined ? this.#bare(name, names) : this.#qualified(table, name, names);
    if (trouble !== undefined) this.refuse(trouble, node);
  }

  #bare(name: string, names: Names): string | undefined {
    const seen: string[] = [];
    for (let at: Names | undefined = names; at; at = at.outer) {
      if (at.aliases?.has(name)) return undefined;
      const holding = at.relations.filter(({ columns }) => columns === undefined || columns.includes(name));
      if (holding.length > 0) return undefined;
      seen.push(...at.relations.flatMap(({ columns }) => columns ?? []));
    }
    const known = [...new Set(seen)];
    return `There is no column "${name}" here; there are: ${known.join(', ') || 'none'}.${didYouMean(name, known)}`;
  }

  #qualified(table: string, name: string, names: Names): string | undefined {
    const seen: string[] = [];
    for (let at: Names | undefined = names; at; at = at.outer) {
      const relation = at.relations.find((one) => one.name === table);
      if (relation) {
        const { columns } = relation;
        if (columns === undefined || columns.includes(name)) return undefined;
        return `"${table}" has no column "${name}"; it has: ${columns.join(', ')}.${didYouMean(name, columns)}`;
      }
      seen.push(...at.relations.map((one) => one.name));
    }
    return `"${table}" is no table of this query; it has: ${seen.join(', ') || 'none'}.${didYouMean(table, seen)}`;
  }
}
