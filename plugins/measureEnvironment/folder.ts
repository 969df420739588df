import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/** @returns bytes of all files, and what is missing: the folder, or files it must hold */
export async function measureFolder(
  folder: string,
  files: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly missing: readonly string[]; readonly bytes: number }> {
  if (!(await lookAt(folder))?.isDirectory()) return { missing: ['folder', ...files], bytes: 0 };
  const missing: string[] = [];
  for (const name of files) {
    if (!(await lookAt(join(folder, name)))?.isFile()) missing.push(name);
  }
  return { missing, bytes: await bytesIn(folder, signal) };
}

/** Links count as what they are themselves: what they point to is not in the folder. */
async function bytesIn(folder: string, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  let bytes = 0;
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    bytes += entry.isDirectory() ? await bytesIn(path, signal) : ((await lookAt(path))?.size ?? 0);
  }
  return bytes;
}

/** Undefined for what is not there, or no more. */
async function lookAt(path: string) {
  return lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
}
