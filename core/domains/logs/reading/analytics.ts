import type { Clock } from '../../../kernel/clock.ts';
import type { Json } from '../../../kernel/json.ts';
import { columnOf, conditionOf, literalOf } from '../filter/condition.ts';
import { TIME, type Field } from '../filter/filter.ts';
import { decoderOf } from '../sql/decode.ts';
import type { Typed } from '../sql/plan.ts';
import { INT, shownType, TRUTH } from '../sql/types.ts';
import type { FamilyHome } from './family-home.ts';
import { Interval, MOST_INTERVALS } from './interval.ts';
import { readField, readMeasure, readTimeField, type Measure } from './measure.ts';
import { readLooking, type Looking } from './request.ts';
import { compared, selectFrom, TABLE, within, type TimeRange } from './select.ts';
import { storedOf } from './windows.ts';

export interface Analytics extends Looking {
  readonly interval?: string;
  readonly groupBy?: string;
  readonly agg?: string;
  readonly timeField?: string;
  /** Groups that are shown by themselves. */
  readonly top?: number;
}

/** One line of a chart. Without an interval it has one value, the total. */
export interface Series {
  /** Where events are grouped: the value that these have in common; null where they lack the field. */
  readonly key?: Json;
  /** Of all groups that are not among the top. */
  readonly other?: true;
  readonly value: Json;
  /** At each of the `times`; 0 (of count) or null where there are no events. */
  readonly values?: readonly Json[];
}

export interface Chart {
  readonly agg: string;
  readonly interval: string | null;
  readonly timeField: string;
  readonly groupBy: string | null;
  /** Beginnings of the intervals; null where there is no interval. */
  readonly times: readonly string[] | null;
  readonly series: readonly Series[];
}

/** What is charted, checked. */
interface Plan {
  readonly home: FamilyHome;
  readonly measure: Measure;
  readonly interval: Interval | undefined;
  readonly timeField: Field;
  readonly groupBy: Field | undefined;
  readonly range: TimeRange;
  readonly where: readonly (Typed | undefined)[];
}

/**
 * Counts events, or sums up a field of them, by interval and by group.
 * @throws SluiceError VALIDATION_FAILED, query_too_complex; LogStoreError
 */
export async function analytics(
  home: FamilyHome,
  clock: Clock,
  asked: Analytics,
  signal: AbortSignal,
): Promise<Chart> {
  const { columns } = home.shape;
  const { agg = 'count', top = 10 } = asked;
  const { filter, range } = readLooking(asked, columns);
  const timeField = readTimeField(asked.timeField ?? TIME.name, columns);
  const interval = asked.interval === undefined ? undefined : Interval.read(asked.interval);
  const groupBy = asked.groupBy === undefined ? undefined : readField('groupBy', asked.groupBy, columns);
  const measure = readMeasure(agg, columns);
  const timed: Typed | undefined = interval && {
    node: 'is',
    test: 'NULL',
    negated: true,
    operand: columnOf(timeField, TABLE),
    type: TRUTH,
    at: 0,
  };
  const where = [...within(range, timeField), timed, conditionOf(filter, TABLE)];
  const plan = { home, measure, interval, timeField, groupBy, range, where };
  // What cannot be drawn is refused before anything is counted.
  if (interval) timesOf(plan, interval, clock, []);
  const keys = groupBy ? await topKeys(plan, groupBy, top, signal) : [];
  const totals = groupBy && keys.length === 0 ? [] : await cells(plan, keys, undefined, signal);
  const parts = interval ? await cells(plan, keys, interval, signal) : [];
  const numbers = interval ? timesOf(plan, interval, clock, parts) : [];
  return {
    agg,
    interval: interval?.text ?? null,
    timeField: timeField.name,
    groupBy: groupBy?.name ?? null,
    times: interval ? numbers.map((number) => interval.beginningOf(number)) : null,
    series: totals
      .toSorted((a, b) => a.group - b.group)
      .map(({ group, value }): Series => ({
        ...(groupBy && (group < keys.length ? { key: shownKey(groupBy, keys[group]!) } : { other: true })),
        value,
        ...(interval && { values: valuesOf(parts, group, numbers, measure.none) }),
      })),
  };
}

/** A value of one group, in one interval or over all of the time. Groups are numbered as their keys; the others come last. */
interface Cell {
  readonly group: number;
  readonly number: number;
  readonly value: Json;
}

/** The groups with the highest values; of equal ones those that come first by key. */
async function topKeys(
  { home, measure, where }: Plan,
  groupBy: Field,
  top: number,
  signal: AbortSignal,
): Promise<readonly Json[]> {
  const key = columnOf(groupBy, TABLE);
  const query = selectFrom(home.shape, {
    items: [key, measure.expression],
    where,
    groupBy: [key],
    order: [
      { by: 'position', position: 2, descending: true },
      { by: 'position', position: 1, descending: false },
    ],
    limit: top,
  });
  return (await home.ask(query, signal)).rows.map(([value]) => value!);
}

async function cells(
  { home, measure, where, timeField, groupBy }: Plan,
  keys: readonly Json[],
  interval: Interval | undefined,
  signal: AbortSignal,
): Promise<readonly Cell[]> {
  const group = groupBy && keys.length > 0 ? [groupOf(groupBy, keys)] : [];
  const number: Typed[] = interval
    ? [{ node: 'interval', operand: columnOf(timeField, TABLE), seconds: interval.seconds, type: INT, at: 0 }]
    : [];
  const query = selectFrom(home.shape, {
    items: [...group, ...number, measure.expression],
    where,
    groupBy: [...group, ...number],
    limit: (MOST_INTERVALS + 1) * (keys.length + 1),
  });
  const { rows } = await home.ask(query, signal);
  const show = decoderOf(shownType(measure.expression.type));
  return rows.map((row) => {
    const value = row.at(-1)!;
    return {
      group: group.length > 0 ? Number(row[0]) : 0,
      number: interval ? Number(row[group.length]) : 0,
      value: value === null ? measure.none : show(value),
    };
  });
}

/** The number of an event's group, which the store tells by comparing. */
function groupOf(field: Field, keys: readonly Json[]): Typed {
  const operand = columnOf(field, TABLE);
  const branches = keys.map((key, index) => ({
    when:
      key === null
        ? ({ node: 'is', test: 'NULL', negated: false, operand, type: TRUTH, at: 0 } as const)
        : compared(field, '=', boundKey(field, key)),
    result: numbered(index),
  }));
  return { node: 'case', operand: undefined, branches, otherwise: numbered(keys.length), type: INT, at: 0 };
}

const numbered = (index: number): Typed => literalOf({ name: '', type: 'int' }, index);

/** A value as a store answers it, for a statement. */
function boundKey({ type }: Field, key: Json): string | number | boolean {
  if (type === 'bool') return key === true || key === 1;
  return typeof key === 'number' ? key : (key as string);
}

function shownKey({ type }: Field, key: Json): Json {
  return key === null ? null : decoderOf(type)(key);
}

/**
 * The numbers of all intervals, those without events too: from `from`, else the first with events, up to `to`, else now for
 * receipts, else the last with events.
 */
function timesOf(
  { range, timeField }: Plan,
  interval: Interval,
  clock: Clock,
  parts: readonly Cell[],
): readonly number[] {
  const found = parts.map(({ number }) => number);
  const until = range.to === undefined ? undefined : interval.lastBefore(range.to);
  const now = timeField.name === TIME.name ? interval.numberOf(storedOf(clock.now())) : undefined;
  const first = range.from === undefined ? lowest(found) : interval.numberOf(range.from);
  const last = until ?? highest(now === undefined || range.from === undefined ? found : [...found, now]);
  return first === undefined || last === undefined ? [] : interval.series(first, last);
}

const lowest = (numbers: readonly number[]): number | undefined =>
  numbers.reduce<number | undefined>(
    (least, number) => (least === undefined || number < least ? number : least),
    undefined,
  );
const highest = (numbers: readonly number[]): number | undefined =>
  numbers.reduce<number | undefined>(
    (most, number) => (most === undefined || number > most ? number : most),
    undefined,
  );

function valuesOf(
  parts: readonly Cell[],
  group: number,
  numbers: readonly number[],
  none: Json,
): readonly Json[] {
  const own = new Map(
    parts.filter((cell) => cell.group === group).map(({ number, value }) => [number, value]),
  );
  return numbers.map((number) => own.get(number) ?? none);
}
