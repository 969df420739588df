import { ID, TIME } from '../filter/filter.ts';
import type { Typed } from '../sql/plan.ts';
import type { FamilyHome } from './family-home.ts';
import { columnOf } from '../filter/condition.ts';
import { aggregate, selectFrom, TABLE } from './select.ts';

/** Where a family's events lie; undefined where it has none. */
export interface Extent {
  readonly ids: readonly [lowest: number, highest: number];
  /** As stored. */
  readonly times: readonly [first: string, last: string];
}

/** Each end is the end of an index: this takes no time however large the family is. */
export async function extentOf(home: FamilyHome, signal: AbortSignal): Promise<Extent | undefined> {
  const [id, time] = [columnOf(ID, TABLE), columnOf(TIME, TABLE)];
  const ends = (column: Typed): Typed[] => [
    aggregate('MIN', column, column.type),
    aggregate('MAX', column, column.type),
  ];
  const { rows } = await home.ask(
    selectFrom(home.shape, { items: [...ends(id), ...ends(time)], where: [] }),
    signal,
  );
  const [lowest, highest, first, last] = rows[0] ?? [];
  if (lowest === undefined || lowest === null) return undefined;
  return { ids: [Number(lowest), Number(highest)], times: [first as string, last as string] };
}

/** Ms that a part of the way may take before parts get shorter, and below which they get longer. */
const SLOW = 2000;
const QUICK = 250;
const FACTOR = 4;

/**
 * How far one statement looks where a filter may pass few rows: a part of the way, by ids or by ms of time. Parts grow while
 * they are empty and quick, so that no statement takes long and a gap of years is crossed in a few.
 */
export class Windows {
  readonly #end: number;
  #width: number;

  /**
   * @param end where the way ends; before its beginning where the way goes backwards
   * @param width of the first part
   */
  constructor(end: number, width: number) {
    this.#end = end;
    this.#width = width;
  }

  /** The end of the part that begins at a place; undefined where that is the last. */
  edge(place: number, backwards: boolean): number | undefined {
    const edge = backwards ? place - this.#width : place + this.#width;
    return (backwards ? edge <= this.#end : edge >= this.#end) ? undefined : edge;
  }

  learn(ms: number, full: boolean): void {
    if (ms > SLOW) this.narrow();
    else if (ms < QUICK && !full) this.#width *= FACTOR;
  }

  /** @returns whether the next part can be shorter */
  narrow(): boolean {
    if (this.#width <= 1) return false;
    this.#width = Math.max(1, Math.floor(this.#width / FACTOR ** 2));
    return true;
  }
}

/** Stored times as ms since the epoch, and back. */
export const msOf = (stored: string): number => Date.parse(`${stored.slice(0, 23).replace(' ', 'T')}Z`);
export const storedOf = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 23).replace('T', ' ')}000`;
