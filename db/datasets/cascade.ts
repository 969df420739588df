import { list, quoted } from './column-sql.ts';
import { namesOf, storedColumns, type Layout } from './layout.ts';

/** Rows of a table that go, as a query of a WITH clause. */
export interface Going {
  readonly layout: Layout;
  /** Its name. */
  readonly name: string;
  readonly sql: string;
}

/**
 * The rows that go when some of a table do: these, and by their references those of other tables, each behind those it
 * refers to.
 * @param start selects all stored columns of the rows that go first
 */
export function cascadeOf(layouts: ReadonlyMap<string, Layout>, table: string, start: string): readonly Going[] {
  const going = new Map<string, Going>();
  for (const [name, layout] of layouts) {
    const sql = name === table ? start : follow(layout, going);
    if (sql !== undefined) going.set(name, { layout, name: quoted(`_going_${name}`), sql });
  }
  return [...going.values()];
}

function follow({ table, rows, parents }: Layout, going: ReadonlyMap<string, Going>): string | undefined {
  const stored = list(namesOf(storedColumns(table)), 't');
  const ways = parents.flatMap(({ column, table: to, key }) => {
    const parent = going.get(to);
    return parent
      ? [`SELECT ${stored} FROM ${rows} AS t JOIN ${parent.name} AS p ON p.${quoted(key)} = t.${quoted(column)}`]
      : [];
  });
  // A row that goes with two others goes once.
  return ways.length > 0 ? ways.join(' UNION ') : undefined;
}

export function withClause(going: readonly Going[]): string {
  return going.map(({ name, sql }) => `${name} AS MATERIALIZED (${sql})`).join(', ');
}
