import type { FamilyHome } from './family-home.ts';
import { readLooking, wrong, type Looking } from './request.ts';
import { csvHeader, csvText, ndjsonText, type RowText } from './row-text.ts';
import { scan, type Chunk } from './scan.ts';
import { extentOf } from './windows.ts';

/** How events are written, and the media type of each. */
export const EXPORT_FORMATS = {
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
} as const;
export type ExportFormat = keyof typeof EXPORT_FORMATS;

export interface Exporting extends Looking {
  readonly format?: string;
}

/** Rows of a chunk. It is gone before the collector looks: more are promoted, and memory grows with the length of the export. */
const ROWS = 1000;

/** @throws SluiceError VALIDATION_FAILED */
export function readFormat(format = 'ndjson'): ExportFormat {
  if (Object.hasOwn(EXPORT_FORMATS, format)) return format as ExportFormat;
  throw wrong(
    'format',
    `"${format.slice(0, 60)}" is not written yet; there are ${Object.keys(EXPORT_FORMATS).join(', ')}.`,
  );
}

/**
 * All events that were there at the beginning and match, as texts to be sent one after the other. They are read in chunks, by id,
 * or by time of receipt where that is limited; the next chunk is read while one is being sent.
 * @throws SluiceError VALIDATION_FAILED, query_too_complex; LogStoreError
 */
export async function* exportText(
  home: FamilyHome,
  asked: Exporting,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const { columns } = home.shape;
  const format = readFormat(asked.format);
  const { filter, range } = readLooking(asked, columns);
  const text: RowText = format === 'csv' ? csvText(columns) : ndjsonText(columns);
  const extent = await extentOf(home, signal);
  // The header goes with the first events, so that what is wrong at the beginning is known before anything is sent.
  let head = format === 'csv' ? csvHeader(columns) : '';
  const order = range.from === undefined && range.to === undefined ? 'id' : 'oldest';
  const chunks = scan(home, { filter, range, order, highestId: extent?.ids[1] ?? 0, size: ROWS }, signal);
  for await (const { rows } of ahead(chunks)) {
    if (rows.length === 0) continue;
    yield head + rows.map(text).join('');
    head = '';
  }
  if (head !== '') yield head;
}

/** Begins with the next chunk while this one is used. */
async function* ahead(
  chunks: AsyncGenerator<Chunk, void, undefined>,
): AsyncGenerator<Chunk, void, undefined> {
  let next = chunks.next();
  try {
    for (;;) {
      const { value, done } = await next;
      if (done || !value) return;
      next = chunks.next();
      // It is waited for later; until then its failure is nobody's.
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    void chunks.return();
  }
}
