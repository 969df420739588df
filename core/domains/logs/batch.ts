import type { AppendBatch, LogColumn, LogValue } from '../../kernel/logs.ts';
import type { IdRange } from './ids.ts';

/** Rows of one request, on their way to one family. */
export interface Portion {
  readonly family: string;
  readonly columns: readonly LogColumn[];
  readonly rows: readonly (readonly LogValue[])[];
}

/** Portions of one family with the same columns, to be written by one statement. */
export interface Group extends Portion {
  readonly rows: (readonly LogValue[])[];
}

/** Puts together what belongs to one statement; rows keep their order. */
export function grouped(portions: readonly Portion[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { family, columns, rows } of portions) {
    if (rows.length === 0) continue;
    const name = `${family} ${namesOf(columns)}`;
    const group = groups.get(name);
    if (group) for (const row of rows) group.rows.push(row);
    else groups.set(name, { family, columns, rows: [...rows] });
  }
  return [...groups.values()];
}

const names = new WeakMap<readonly LogColumn[], string>();

/** Joined once a list: like requests have the very same one (see `rowsOf`). */
function namesOf(columns: readonly LogColumn[]): string {
  let joined = names.get(columns);
  if (joined === undefined) {
    joined = columns.map(({ name }) => name).join(' ');
    names.set(columns, joined);
  }
  return joined;
}

/** A group with its ids. Several ranges make several batches. */
export function batchesOf(
  { family, columns, rows }: Group,
  ranges: readonly IdRange[],
  time: number,
): AppendBatch[] {
  let from = 0;
  return ranges.map(({ first, end }) => {
    const part = ranges.length === 1 ? rows : rows.slice(from, from + end - first);
    from += end - first;
    return { family, columns, firstId: first, rows: part, time };
  });
}
