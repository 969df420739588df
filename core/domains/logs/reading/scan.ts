import type { Json } from '../../../kernel/json.ts';
import { conditionOf, columnOf, joinedBy } from '../filter/condition.ts';
import { ID, TIME, type LogFilter } from '../filter/filter.ts';
import { faultOf } from '../faults.ts';
import type { PlannedOrder, PlannedQuery, Typed } from '../sql/plan.ts';
import type { FamilyHome } from './family-home.ts';
import { compared, selectFrom, TABLE, within, type TimeRange } from './select.ts';
import { extentOf, msOf, storedOf, Windows } from './windows.ts';

/** A place in the order of a scan: that of an event, which may be gone. By id the time does not matter. */
export interface Position {
  readonly time: string;
  readonly id: number;
}

/** By time of receipt, newest or oldest first (events of one moment by id), or by id. */
export type ScanOrder = 'newest' | 'oldest' | 'id';

export interface Scan {
  readonly filter: LogFilter;
  readonly range: TimeRange;
  readonly order: ScanOrder;
  /** Begins behind this place. */
  readonly after?: Position | undefined;
  /** Takes no event of a higher id. */
  readonly highestId?: number;
  /** Rows a chunk, at most. */
  readonly size: number;
  /** How far the first statement of a filtered scan looks: ids, or ms. For tests. */
  readonly firstWidth?: number;
}

/** Rows of id, _time and the family's columns in order; and the place up to which all were given. */
export interface Chunk {
  readonly rows: readonly (readonly Json[])[];
  readonly reached: Position;
  readonly done: boolean;
}

const CHUNK_BYTES = 4 * 1024 * 1024;
const PART_MS = 5000;
const WIDTHS: Readonly<Record<ScanOrder, number>> = { newest: 3_600_000, oldest: 3_600_000, id: 20_000 };

/**
 * Reads events chunk by chunk, each by a statement of its own that begins behind the last row of the one before. Neither id nor
 * time of an event ever changes, so each event that was committed before the first chunk was read comes exactly once, whoever
 * writes meanwhile; of those committed later some come.
 * @throws LogStoreError; SluiceError query_too_complex
 */
export async function* scan(
  home: FamilyHome,
  given: Scan,
  signal: AbortSignal,
): AsyncGenerator<Chunk, void, undefined> {
  const backwards = given.order === 'newest';
  let place = given.after;
  let windows: Windows | undefined;
  if (given.filter.node !== 'all') {
    const way = await wayOf(home, given, signal);
    if (!way) return;
    place ??= way.start;
    windows = new Windows(way.end, given.firstWidth ?? WIDTHS[given.order]);
  }
  for (let size = given.size; ;) {
    const edge = windows && place && windows.edge(coordinate(given.order, place), backwards);
    const started = performance.now();
    let found: Chunk['rows'];
    try {
      const limits = limitsOf(home, size, edge !== undefined);
      ({ rows: found } = await home.ask(chunkQuery(home, given, place, edge, size), signal, limits));
    } catch (error) {
      const fault = faultOf(error);
      if (fault === 'too_large' && size > 1) size = Math.max(1, size >> 2);
      else if (fault !== 'timeout' || !windows?.narrow()) throw error;
      continue;
    }
    const rows = upTo(given, found);
    const full = found.length >= size;
    const done = rows.length < found.length || (!full && edge === undefined);
    place = full || edge === undefined ? (lastOf(rows) ?? place ?? START) : passed(given.order, edge);
    yield { rows, reached: place, done };
    if (done) return;
    windows?.learn(performance.now() - started, full);
    size = Math.min(given.size, size * 2);
  }
}

const START: Position = { time: '', id: 0 };

/** A single row has the whole of the limits: it is never too large for them. */
function limitsOf({ limits }: FamilyHome, size: number, part: boolean): FamilyHome['limits'] {
  return {
    timeoutMs: part ? Math.min(limits.timeoutMs, PART_MS) : limits.timeoutMs,
    maxRows: size,
    maxBytes: size === 1 ? limits.maxBytes : Math.min(limits.maxBytes, CHUNK_BYTES),
  };
}

/** Where a filtered scan begins and where it ends, as coordinates. */
async function wayOf(
  home: FamilyHome,
  { order, range, highestId }: Scan,
  signal: AbortSignal,
): Promise<{ start: Position; end: number } | undefined> {
  const extent = await extentOf(home, signal);
  if (!extent) return undefined;
  const { ids, times } = extent;
  if (order === 'id') return { start: { time: '', id: ids[0] - 1 }, end: highestId ?? ids[1] };
  const first = Math.max(msOf(times[0]), range.from === undefined ? -Infinity : msOf(range.from));
  const last = Math.min(msOf(times[1]), range.to === undefined ? Infinity : msOf(range.to));
  return order === 'newest'
    ? { start: { time: storedOf(last + 1), id: 0 }, end: first }
    : { start: { time: storedOf(first), id: 0 }, end: last };
}

const coordinate = (order: ScanOrder, { time, id }: Position): number => (order === 'id' ? id : msOf(time));

/** The place behind everything up to an edge. */
function passed(order: ScanOrder, edge: number): Position {
  if (order === 'id') return { time: '', id: edge };
  return { time: storedOf(edge), id: order === 'newest' ? 0 : Number.MAX_SAFE_INTEGER };
}

function upTo({ order, highestId = Infinity }: Scan, rows: Chunk['rows']): Chunk['rows'] {
  if (order !== 'id' || Number(rows.at(-1)?.[0] ?? 0) <= highestId) return rows;
  return rows.filter(([id]) => Number(id) <= highestId);
}

/** Where a row of a chunk is. */
export function positionOf(row: Chunk['rows'][number]): Position {
  return { id: Number(row[0]), time: row[1] as string };
}

function lastOf(rows: Chunk['rows']): Position | undefined {
  const last = rows.at(-1);
  return last && positionOf(last);
}

function chunkQuery(
  home: FamilyHome,
  scan: Scan,
  place: Position | undefined,
  edge: number | undefined,
  size: number,
): PlannedQuery {
  const { filter, range, order, highestId } = scan;
  const columns = [ID, TIME, ...home.shape.columns];
  return selectFrom(home.shape, {
    items: columns.map((column) => columnOf(column, TABLE)),
    where: [
      ...within(range),
      // By id the rows are cut off there: a second bound makes a server without statistics sort all that is left.
      ...(highestId === undefined || order === 'id' ? [] : [compared(ID, '<=', highestId)]),
      ...(place ? behind(order, place) : []),
      edge === undefined ? undefined : before(order, edge),
      conditionOf(filter, TABLE),
    ],
    order: (order === 'id' ? [ID] : [TIME, ID]).map((field): PlannedOrder => ({
      by: 'expression',
      expression: columnOf(field, TABLE),
      descending: order === 'newest',
      neverNull: true,
    })),
    limit: size,
  });
}

/** The first condition alone says where an index is entered; the second what is left out at that moment. */
function behind(order: ScanOrder, { time, id }: Position): readonly Typed[] {
  if (order === 'id') return [compared(ID, '>', id)];
  const [beyond, sign] = order === 'newest' ? (['<=', '<'] as const) : (['>=', '>'] as const);
  return [compared(TIME, beyond, time), joinedBy('OR', [compared(TIME, sign, time), compared(ID, sign, id)])];
}

function before(order: ScanOrder, edge: number): Typed {
  if (order === 'id') return compared(ID, '<=', edge);
  return compared(TIME, order === 'newest' ? '>=' : '<=', storedOf(edge));
}
