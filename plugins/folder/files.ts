import { constants, type BigIntStats } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, isMissing } from './faults.ts';

export interface OpenFile {
  readonly handle: FileHandle;
  readonly stat: BigIntStats;
  readonly path: string;
}

/**
 * Opens the file of a key. Links are not followed, neither in its place nor on the way there, so that nothing outside
 * the folder is ever an object; and a pipe does not block.
 * @param root without links
 * @returns undefined where there is no such file
 */
export async function openFile(root: string, key: string): Promise<OpenFile | undefined> {
  const file = pathOf(root, key);
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error) => {
      // ELOOP is a link, ENXIO a socket.
      if (isMissing(error) || ['ELOOP', 'ENXIO'].includes(codeOf(error) ?? '')) return undefined;
      throw error;
    },
  );
  if (!handle) return undefined;
  let found: OpenFile | undefined;
  try {
    const stat = await handle.stat({ bigint: true });
    if (stat.isFile() && (await hasNoLink(file))) found = { handle, stat, path: file };
    return found;
  } finally {
    if (!found) await handle.close();
  }
}

export function pathOf(root: string, key: string): string {
  return path.join(root, ...key.split('/'));
}

export async function hasNoLink(place: string): Promise<boolean> {
  try {
    return (await realpath(place)) === place;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/**
 * Whether nobody is writing the file any more. A write sets both of a file's times to the same moment; renaming it,
 * or setting its time as copying programs do once they are through, makes them differ. Where they are the same, the
 * file counts as whole when it was left alone for `settle` ms.
 */
export function isWhole(stat: BigIntStats, settle: number): boolean {
  return settlesIn(stat, settle) === 0;
}

/** Ms until the file counts as whole where it is left alone, 0 where it does. */
export function settlesIn({ mtimeNs, ctimeNs, mtimeMs }: BigIntStats, settle: number): number {
  return mtimeNs === ctimeNs ? Math.max(0, settle - (Date.now() - Number(mtimeMs))) : 0;
}
