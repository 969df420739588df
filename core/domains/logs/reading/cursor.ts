import { createHash } from 'node:crypto';
import type { SluiceError } from '../../../kernel/errors.ts';
import { storedTimestamp } from '../timestamp.ts';
import { wrong, type Looking } from './request.ts';
import type { Position } from './scan.ts';

/** What a cursor goes on with: a search of a family. */
export interface Searched {
  readonly family: string;
  readonly q: Looking['q'] | undefined;
  readonly from: Looking['from'] | undefined;
  readonly to: Looking['to'] | undefined;
}

/** A place in a search, opaque to its reader. It holds for good, and for this search only. */
export function writeCursor(searched: Searched, { time, id }: Position): string {
  return Buffer.from(JSON.stringify([time, id, markOf(searched)])).toString('base64url');
}

/** @throws SluiceError VALIDATION_FAILED */
export function readCursor(searched: Searched, cursor: string): Position {
  const [time, id, mark] = partsOf(cursor);
  // A store refuses what is no time: nothing that somebody made up may get there.
  const isTime = typeof time === 'string' && storedTimestamp(`${time.replace(' ', 'T')}Z`) === time;
  if (!isTime || !Number.isSafeInteger(id) || typeof mark !== 'string') throw noCursor();
  if (mark !== markOf(searched)) {
    throw wrong(
      'cursor',
      'This cursor is of another search. Send it with the family, q, from and to of the page before.',
    );
  }
  return { time, id: Number(id) };
}

function partsOf(cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(parts) && parts.length === 3 ? parts : [];
  } catch {
    return [];
  }
}

function noCursor(): SluiceError {
  return wrong('cursor', 'This is not a cursor. Take `nextCursor` of the page before, as it is.');
}

function markOf({ family, q = '', from = '', to = '' }: Searched): string {
  const text = JSON.stringify([family, q, from, to]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
