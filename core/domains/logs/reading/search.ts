import type { Clock } from '../../../kernel/clock.ts';
import { readCursor, writeCursor } from './cursor.ts';
import type { FamilyHome } from './family-home.ts';
import { readLooking, type Looking } from './request.ts';
import { itemText } from './row-text.ts';
import { positionOf, scan, type Position } from './scan.ts';

export interface Search extends Looking {
  readonly limit?: number;
  readonly cursor?: string;
}

/** Ms after which a page is given as far as it got. */
const LONG = 10_000;

/**
 * A page of events, newest first, as JSON text `{"items":[..],"nextCursor":..}`. Each event that was there when the first page
 * was read is on one page, whoever writes meanwhile. A page may have fewer items than asked for, even none, with more to come:
 * where few events match it ends after a while and is gone on with behind its cursor.
 * @throws SluiceError VALIDATION_FAILED, query_too_complex; LogStoreError
 */
export async function search(
  home: FamilyHome,
  clock: Clock,
  asked: Search,
  signal: AbortSignal,
): Promise<string> {
  const { limit = 50, cursor, q, from, to } = asked;
  const { filter, range } = readLooking(asked, home.shape.columns);
  const searched = { family: home.shape.name, q, from, to };
  const after = cursor === undefined ? undefined : readCursor(searched, cursor);
  const until = clock.now() + LONG;
  const text = itemText(home.shape.columns);
  const items: string[] = [];
  let length = 0;
  let next: Position | undefined;
  pages: for await (const { rows, reached, done } of scan(
    home,
    // One more than is shown tells whether there is more.
    { filter, range, order: 'newest', after, size: limit + 1 },
    signal,
  )) {
    for (const row of rows) {
      if (items.length === limit || length > home.limits.maxBytes) break pages;
      const item = text(row);
      items.push(item);
      length += item.length;
      next = positionOf(row);
    }
    next = done ? undefined : reached;
    if (clock.now() > until) break;
  }
  return `{"items":[${items.join(',')}],"nextCursor":${next ? JSON.stringify(writeCursor(searched, next)) : 'null'}}`;
}
