import type { Clock } from '../../kernel/clock.ts';

/** What lies between two attempts, a result written and a run claimed, is spared for so long. */
const ATTEMPT_MS = 2000;

/** A part of some work: counts, and whether none is left. */
type Piece = Readonly<Record<string, number | boolean>> & { readonly done: boolean };

/**
 * Does pieces of work one after the other, as one attempt of a step, and adds up what they counted. Each of them is on
 * record when it is done, so that an attempt that is cut off costs the piece at hand.
 */
export async function asAttempt<T extends Piece>(clock: Clock, signal: AbortSignal, does: () => Promise<T>): Promise<T> {
  const until = clock.now() + ATTEMPT_MS;
  let sum = await does();
  while (!sum.done && clock.now() < until) {
    signal.throwIfAborted();
    sum = added(sum, await does());
  }
  return sum;
}

function added<T extends Piece>(before: T, piece: T): T {
  const sums = Object.entries(piece).map(([name, value]) => {
    const counted = before[name];
    return [name, typeof value === 'number' && typeof counted === 'number' ? counted + value : value];
  });
  return Object.fromEntries(sums) as T; // the same names
}
