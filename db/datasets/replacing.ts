import { list } from './column-sql.ts';
import { namesOf, storedColumns, type Layout } from './layout.ts';
import { newer, type Versioned } from './versions.ts';

/** The end of an INSERT that lets the newer of two rows stand. */
export function replacing({ table }: Layout, columns: readonly string[], fresh: Versioned, present: Versioned): string {
  const set = namesOf(storedColumns(table)).filter((name) => !columns.includes(name));
  return `ON CONFLICT (${list(columns)}) DO UPDATE SET ${set.map((name) => `${list([name])} = ${list([name], 'EXCLUDED')}`).join(', ')}
    WHERE ${newer(table, fresh, present)}`;
}
