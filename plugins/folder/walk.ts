import { opendir } from 'node:fs/promises';
import path from 'node:path';
import { hasNoLink, pathOf } from './files.ts';
import { isMissing } from './faults.ts';

/** Names of one folder that are held at a time, however many there are. */
const BATCH = 10_000;

/** Keys of files below the folder that begin with `prefix` and come after `after`, in the order of their bytes. */
export async function* keysOf(
  root: string,
  prefix: string,
  after: string | undefined,
): AsyncGenerator<string> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  if (folder !== '' && !(await hasNoLink(pathOf(root, folder.slice(0, -1))))) return;
  yield* below(root, folder, { prefix, after: after ?? '' });
}

interface Range {
  readonly prefix: string;
  readonly after: string;
}

async function* below(root: string, folder: string, range: Range): AsyncGenerator<string> {
  for (let last: string | undefined; ;) {
    const keys = await smallest(path.join(root, folder), folder, range, last);
    for (const key of keys) {
      if (key.endsWith('/')) yield* below(root, key, range);
      else yield key;
    }
    if (keys.length < BATCH) return;
    last = keys.at(-1);
  }
}

/** The first entries of a folder behind `last`, as keys. A folder's ends with a slash, and so sorts as what is in it. */
async function smallest(
  place: string,
  folder: string,
  range: Range,
  last: string | undefined,
): Promise<string[]> {
  let found: string[] = [];
  const trim = (): void => {
    found = found.sort(compareBytes).slice(0, BATCH);
  };
  try {
    for await (const entry of await opendir(place, { bufferSize: 256 })) {
      if (!entry.isFile() && !entry.isDirectory()) continue;
      const key = `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`;
      if (last !== undefined && compareBytes(key, last) <= 0) continue;
      if (mayHold(key, range)) found.push(key);
      if (found.length >= 2 * BATCH) trim();
    }
  } catch (error) {
    // Removed meanwhile.
    if (!isMissing(error)) throw error;
  }
  trim();
  return found;
}

function mayHold(key: string, { prefix, after }: Range): boolean {
  if (!key.endsWith('/')) return key.startsWith(prefix) && compareBytes(key, after) > 0;
  const overlaps = key.startsWith(prefix) || prefix.startsWith(key);
  return overlaps && (compareBytes(key, after) > 0 || after.startsWith(key));
}

/** The order of the UTF-8 bytes. It is that of the code units, but that surrogates come behind all others. */
export function compareBytes(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const [x, y] = [a.charCodeAt(index), b.charCodeAt(index)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
