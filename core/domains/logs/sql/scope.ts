import { didYouMean } from '../../../kernel/suggest.ts';
import { refused, SqlFault } from './fault.ts';
import type { PlannedRelation, RelationColumn, Typed } from './plan.ts';
import type { Name } from './syntax-tree.ts';

/** A relation under the name that the query gives it. */
export interface NamedRelation {
  readonly name: string;
  readonly relation: PlannedRelation;
}

/** A column that a bare name or `*` can mean. */
interface VisibleColumn {
  readonly relation: PlannedRelation;
  readonly column: RelationColumn;
}

/**
 * The tables that the names of one SELECT can mean, with the scope around it for correlated subqueries. Columns are
 * compared whatever their case, tables exactly, as MySQL on Linux does.
 */
export class Scope {
  readonly parent: Scope | undefined;
  readonly #tables: NamedRelation[] = [];
  #visible: VisibleColumn[] = [];

  constructor(parent?: Scope) {
    this.parent = parent;
  }

  get tables(): readonly NamedRelation[] {
    return this.#tables;
  }

  add(named: NamedRelation, at: number): void {
    this.#register(named, at);
    this.#visible.push(...named.relation.columns.map((column) => ({ relation: named.relation, column })));
  }

  /** All tables of another scope, behind those of this one. */
  append(other: Scope, at: number): void {
    for (const named of other.#tables) this.#register(named, at);
    this.#visible.push(...other.#visible);
  }

  #register(named: NamedRelation, at: number): void {
    if (this.#tables.some(({ name }) => name === named.name)) {
      throw refused(`the name ${named.name} is taken by another table of this query: give one an alias`, at);
    }
    this.#tables.push(named);
  }

  /**
   * Makes one column of two of the same name, as USING does: the left one's value is shown, in front of all others.
   * @returns the two columns of each name
   */
  merge(names: readonly Name[], joined: PlannedRelation): readonly (readonly [Typed, Typed])[] {
    const pairs = names.map((name) => ({ ...this.#pair(name, joined), ...name }));
    const kept = this.#visible.filter((column) => pairs.some(({ left }) => left === column));
    const gone = pairs.flatMap(({ left, right }) => [left, right]);
    this.#visible = [...kept, ...this.#visible.filter((column) => !gone.includes(column))];
    return pairs.map(({ left, right, text, at }) => [asTyped(left, text, at), asTyped(right, text, at)]);
  }

  #pair({ text, at }: Name, joined: PlannedRelation): { left: VisibleColumn; right: VisibleColumn } {
    const found = this.#visible.filter(({ column }) => same(column.name, text));
    const [left, second] = found.filter(({ relation }) => relation !== joined);
    const right = found.find(({ relation }) => relation === joined);
    if (second) throw ambiguous(text, at);
    if (!left || !right) throw this.#unknown(text, at);
    return { left, right };
  }

  /** The column that a name means here or, for a subquery, around it. Throws UNKNOWN_COLUMN. */
  column(table: string | undefined, column: string, at: number): Typed {
    const found = this.find(table, column, at);
    if (found) return found;
    if (column.toLowerCase() === '_time') throw refused('_time is hidden and cannot be queried', at);
    throw table === undefined ? this.#unknown(column, at) : this.#unknownIn(table, column, at);
  }

  find(table: string | undefined, column: string, at: number): Typed | undefined {
    return this.findHere(table, column, at) ?? this.parent?.find(table, column, at);
  }

  findHere(table: string | undefined, column: string, at: number): Typed | undefined {
    if (table === undefined) {
      const found = this.#visible.filter((candidate) => same(candidate.column.name, column));
      if (found.length > 1) throw ambiguous(column, at);
      return found[0] && asTyped(found[0], column, at);
    }
    const relation = this.#tables.find(({ name }) => name === table)?.relation;
    const found = relation?.columns.find(({ name }) => same(name, column));
    return relation && found && asTyped({ relation, column: found }, column, at);
  }

  /** What `*` or `table.*` stands for. */
  all(table: Name | undefined, at: number): readonly Typed[] {
    if (!table) {
      if (this.#tables.length === 0) throw refused('* needs a table: there is no FROM', at);
      return this.#visible.map((column) => asTyped(column, column.column.name, at));
    }
    const relation = this.#tables.find(({ name }) => name === table.text)?.relation;
    if (!relation) throw this.#unknownTable(table.text, table.at);
    return relation.columns.map((column) => asTyped({ relation, column }, column.name, at));
  }

  holds(relation: number): boolean {
    return this.#tables.some((named) => named.relation.id === relation);
  }

  #unknown(column: string, at: number): SqlFault {
    const names = [...new Set(this.#visible.map((visible) => visible.column.name))];
    const has = names.length > 0 ? `; these are there: ${some(names)}.` : ': there is no FROM.';
    return new SqlFault('UNKNOWN_COLUMN', `there is no column ${column}${has}${didYouMean(column, names)}`, at);
  }

  #unknownIn(table: string, column: string, at: number): SqlFault {
    const relation = this.#relationAround(table);
    if (!relation) return this.#unknownTable(table, at);
    const names = relation.columns.map(({ name }) => name);
    const message = `${table} has no column ${column}; it has ${some(names)}.${didYouMean(column, names)}`;
    return new SqlFault('UNKNOWN_COLUMN', message, at);
  }

  #relationAround(table: string): PlannedRelation | undefined {
    const here = this.#tables.find(({ name }) => name === table)?.relation;
    return here ?? (this.parent ? this.parent.#relationAround(table) : undefined);
  }

  #unknownTable(table: string, at: number): SqlFault {
    const names = this.#tables.map(({ name }) => name);
    const message = `${table} is no table of this query; it has ${some(names) || 'none'}.${didYouMean(table, names)}`;
    return new SqlFault('UNKNOWN_COLUMN', message, at);
  }
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

function some(names: readonly string[]): string {
  return names.length > 20 ? `${names.slice(0, 20).join(', ')}, ...` : names.join(', ');
}

function asTyped({ relation, column }: VisibleColumn, written: string, at: number): Typed {
  return { node: 'column', relation: relation.id, column, written, type: column.type, at };
}

function ambiguous(column: string, at: number): SqlFault {
  return refused(`${column} is a column of more than one table: write table.${column}`, at);
}
