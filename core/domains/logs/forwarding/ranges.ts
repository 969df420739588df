import type { PendingEvents } from '../../../kernel/stores/log-routes.ts';
import type { BatchPolicy } from '../../../language/plan.ts';

/** Ids from the first to the last, both in it. */
export type IdSpan = readonly [first: number, last: number];

/** Ids of one family's events that are forwarded together. */
export interface Batch {
  readonly ranges: readonly IdSpan[];
  readonly count: number;
}

/** Puts what was collected of a family into batches, none over the sink's bounds (of bytes, by their estimate). */
export function batchesOf(pending: readonly PendingEvents[], policy: Pick<BatchPolicy, 'maxEvents' | 'maxBytes'>): Batch[] {
  const batches: { ranges: IdSpan[]; count: number; bytes: number }[] = [];
  for (const { firstId, count, bytes } of pending) {
    const each = bytes / Math.max(1, count);
    for (let from = 0; from < count; ) {
      let batch = batches.at(-1);
      let fit = batch ? roomOf(batch, each, policy) : 0;
      if (!batch || fit === 0) {
        batches.push((batch = { ranges: [], count: 0, bytes: 0 }));
        // An event larger than a batch may be goes by itself.
        fit = Math.max(1, roomOf(batch, each, policy));
      }
      const part = Math.min(fit, count - from);
      batch.ranges.push([firstId + from, firstId + from + part - 1]);
      batch.count += part;
      batch.bytes += part * each;
      from += part;
    }
  }
  return batches.map(({ ranges, count }) => ({ ranges: joined(ranges), count }));
}

function roomOf(
  { count, bytes }: { readonly count: number; readonly bytes: number },
  each: number,
  { maxEvents, maxBytes }: Pick<BatchPolicy, 'maxEvents' | 'maxBytes'>,
): number {
  const byBytes = each > 0 ? Math.floor((maxBytes - bytes) / each) : Infinity;
  return Math.max(0, Math.min(maxEvents - count, byBytes));
}

/** In order, with those made one that lie no more than `gap` ids apart. */
export function joined(ranges: readonly IdSpan[], gap = 0): IdSpan[] {
  const spans: IdSpan[] = [];
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    const before = spans.at(-1);
    if (before && first <= before[1] + 1 + gap) spans[spans.length - 1] = [before[0], Math.max(before[1], last)];
    else spans.push([first, last]);
  }
  return spans;
}
