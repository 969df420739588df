import type { ClientBase } from 'pg';

/** A table as the database has it. */
export interface FoundTable {
  readonly columns: ReadonlyMap<string, FoundColumn>;
  readonly primaryKey: readonly string[];
  /** `column` -> `table`. */
  readonly references: ReadonlyMap<string, string>;
  readonly indexes: ReadonlySet<string>;
}

export interface FoundColumn {
  readonly name: string;
  /** As `format_type` prints it. */
  readonly type: string;
  readonly notNull: boolean;
  readonly comment: string | null;
}

interface Row {
  readonly name: string;
  readonly columns: readonly FoundColumn[];
  readonly primaryKey: readonly string[] | null;
  readonly references: Readonly<Record<string, string>> | null;
  readonly indexes: readonly string[] | null;
}

const FIND = `
  SELECT c.relname AS name,
    (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
        'notNull', a.attnotnull, 'comment', col_description(c.oid, a.attnum)))
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
    (SELECT json_agg(a.attname ORDER BY k.place)
      FROM pg_constraint p, unnest(p.conkey) WITH ORDINALITY AS k (number, place), pg_attribute a
      WHERE p.conrelid = c.oid AND p.contype = 'p' AND a.attrelid = c.oid AND a.attnum = k.number) AS "primaryKey",
    (SELECT json_object_agg(a.attname, t.relname)
      FROM pg_constraint f JOIN pg_class t ON t.oid = f.confrelid
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.conkey[1]
      WHERE f.conrelid = c.oid AND f.contype = 'f') AS references,
    (SELECT json_agg(i.relname) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid) AS indexes
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = $1 AND c.relkind = 'r'`;

/** The tables of a schema by name; none where there is no such schema. */
export async function tablesIn(client: ClientBase, schema: string): Promise<ReadonlyMap<string, FoundTable>> {
  const { rows } = await client.query<Row>(FIND, [schema]);
  return new Map(
    rows.map(({ name, columns, primaryKey, references, indexes }) => [
      name,
      {
        columns: new Map(columns.map((column) => [column.name, column])),
        primaryKey: primaryKey ?? [],
        references: new Map(Object.entries(references ?? {})),
        indexes: new Set(indexes ?? []),
      },
    ]),
  );
}
