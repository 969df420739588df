import { SluiceError } from '../../../kernel/errors.ts';
import type { LogColumn } from '../../../kernel/logs.ts';
import type { LogFilter } from '../filter/filter.ts';
import { parseFilter } from '../filter/parse.ts';
import { STORED, ValueFault } from '../values.ts';
import type { TimeRange } from './select.ts';

/** What is looked for, as it was sent. */
export interface Looking {
  readonly q?: string;
  /** RFC 3339; `to` itself is left out. */
  readonly from?: string;
  readonly to?: string;
}

/** @throws SluiceError VALIDATION_FAILED */
export function readLooking(
  { q = '', from, to }: Looking,
  columns: readonly LogColumn[],
): { filter: LogFilter; range: TimeRange } {
  const range = { from: moment('from', from), to: moment('to', to) };
  if (range.from !== undefined && range.to !== undefined && range.from > range.to) {
    throw wrong(
      'from',
      `"${from}" is after "to", which is "${to}". Events from "from" on, and before "to", are meant.`,
    );
  }
  return { filter: parseFilter(q, columns), range };
}

function moment(key: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const stored = STORED.timestamp(text);
  if (!(stored instanceof ValueFault)) return String(stored);
  // A + of a URL's query is a blank.
  const hint = / \d\d:\d\d$/.test(text) ? ' Write the + of an offset as %2B.' : '';
  throw wrong(key, `${stored.message}${hint}`);
}

/** A key of the query that cannot be used. */
export function wrong(key: string, message: string): SluiceError {
  return new SluiceError('VALIDATION_FAILED', `/query/${key}: ${message}`, {
    errors: [{ path: `/query/${key}`, message }],
  });
}
