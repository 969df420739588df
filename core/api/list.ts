import { SluiceError } from '../kernel/errors.ts';
import { isUuid } from '../kernel/ids.ts';
import type { Page, PageRequest } from '../kernel/stores/page.ts';

/**
 * Reads `limit` and `cursor`. A cursor is the id of the last item in base64url: opaque, and cheap to check.
 * @param isId what an id looks like
 */
export function pageRequest(
  query: { limit?: number; cursor?: string },
  isId: (text: string) => boolean = isUuid,
): PageRequest {
  const limit = query.limit ?? 50;
  if (query.cursor === undefined) return { limit };
  const after = Buffer.from(query.cursor, 'base64url').toString('utf8');
  if (!isId(after)) throw noCursor();
  return { limit, after };
}

function noCursor(): SluiceError {
  const message = 'This is not a cursor. Take `nextCursor` of the page before, as it is.';
  return new SluiceError('VALIDATION_FAILED', message, { errors: [{ path: '/query/cursor', message }] });
}

export function pageBody<Item>(page: Page<Item>, show: (item: Item) => unknown): object {
  return {
    items: page.items.map(show),
    nextCursor: page.next === undefined ? null : Buffer.from(page.next).toString('base64url'),
  };
}
