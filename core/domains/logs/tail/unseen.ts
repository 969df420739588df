import type { LogStatement } from '../../../kernel/logs.ts';
import type { IdRange } from '../ids.ts';
import { joined, sql, statementOf, type Fragment } from '../sql/fragment.ts';

/** A family's table, as a statement for its shard names it. */
export interface Table {
  readonly dialect: 'mysql' | 'postgres';
  readonly home: string;
  readonly family: string;
}

/** Most ranges that one statement asks for. */
const MOST_RANGES = 24;

/**
 * Events with ids that were not seen, lowest ids first: `rows` of them at least, where there are as many. One statement, so
 * that what it finds is of one moment. Each range is asked for by itself: an OR of ranges has plans that read the whole table.
 * Where there are many ranges it takes some seen ones along, which the caller knows.
 */
export function unseenStatement(
  table: Table,
  unseen: readonly IdRange[],
  rows: number,
): { readonly statement: LogStatement; readonly limit: number } {
  const { ranges, seen } = covering(unseen, MOST_RANGES);
  const limit = rows + seen;
  const tail = `ORDER BY id LIMIT ${limit}`;
  // _time is hidden from * on some servers.
  const parts = ranges.map(
    (range) => sql`(SELECT t.*, t._time FROM ${nameOf(table)} t WHERE ${within(range)} ${tail})`,
  );
  const all = parts.length === 1 ? parts[0]! : sql`${joined(parts, ' UNION ALL ')} ${tail}`;
  return { statement: render(table, all), limit };
}

/** The ids there are from `first` on, as ranges: first and last. */
export function presentStatement(table: Table, first: number): LogStatement {
  const numbered = sql`SELECT id, id - ROW_NUMBER() OVER (ORDER BY id) AS island FROM ${nameOf(table)} WHERE id >= ${{ bind: first }}`;
  return render(table, sql`SELECT MIN(id), MAX(id) FROM (${numbered}) numbered GROUP BY island ORDER BY 1`);
}

/** At most so many ranges that hold the given ones, and how many other ids they hold. The smallest gaps are filled. */
export function covering(
  ranges: readonly IdRange[],
  most: number,
): { readonly ranges: readonly IdRange[]; readonly seen: number } {
  const gaps = ranges.slice(1).map(({ first }, i) => ({ at: i + 1, size: first - ranges[i]!.end }));
  const filled = gaps.sort((a, b) => a.size - b.size).slice(0, Math.max(0, ranges.length - most));
  const joins = new Set(filled.map(({ at }) => at));
  const covers: IdRange[] = [];
  for (const [i, range] of ranges.entries()) {
    const before = joins.has(i) ? covers.pop() : undefined;
    covers.push({ first: before?.first ?? range.first, end: range.end });
  }
  return { ranges: covers, seen: filled.reduce((sum, { size }) => sum + size, 0) };
}

function within({ first, end }: IdRange): Fragment {
  const above = sql`id >= ${{ bind: first }}`;
  return end === Infinity ? above : sql`${above} AND id < ${{ bind: end }}`;
}

function nameOf({ dialect, home, family }: Table): string {
  const quote = dialect === 'mysql' ? '`' : '"';
  return `${quote}${home}${quote}.${quote}${family}${quote}`;
}

function render({ dialect }: Table, fragment: Fragment): LogStatement {
  return statementOf(fragment, dialect === 'postgres');
}
