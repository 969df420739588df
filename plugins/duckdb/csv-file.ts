import { open } from 'node:fs/promises';
import { WarehouseError } from '../../core/sdk.ts';

const QUOTE = '"'.charCodeAt(0);
const LINE_FEED = '\n'.charCodeAt(0);

/**
 * Writes a CSV that comes in pieces. The engine leaves out a last row that does not end, without a word, so what was
 * cut off is refused here: a CSV ends outside of quotes, and with a line feed.
 */
export async function writeCsv(
  file: string,
  csv: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const handle = await open(file, 'wx');
  let quotes = 0;
  let last = LINE_FEED;
  try {
    for await (const chunk of csv) {
      signal.throwIfAborted();
      for (let at = chunk.indexOf(QUOTE); at >= 0; at = chunk.indexOf(QUOTE, at + 1)) quotes += 1;
      last = chunk.at(-1) ?? last;
      // Behind what was written before, and all of it.
      await handle.appendFile(chunk);
    }
  } finally {
    await handle.close();
  }
  if (quotes % 2 === 0 && last === LINE_FEED) return;
  throw new WarehouseError('invalid', 'The CSV ends in the middle of a row.');
}
