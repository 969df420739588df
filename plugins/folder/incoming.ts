import { randomUUID } from 'node:crypto';
import { copyFile, link, lstat, mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { ObjectStoreError } from '../../core/sdk.ts';
import { chunksOf, newEtag } from './etags.ts';
import { codeOf, isMissing } from './faults.ts';
import { hasNoLink, pathOf } from './files.ts';

/** Where objects are until they are whole. Its name begins with a dot, so it is never listed. */
const FOLDER = '.incoming';
const DAY = 86_400_000;

export interface Arrived {
  readonly size: number;
  readonly etag: string;
}

/** A name in the folder for what is on its way. `use` moves the file to its place, or it is removed. */
export async function throughIncoming<T>(root: string, use: (file: string) => Promise<T>): Promise<T> {
  const folder = path.join(root, FOLDER);
  await mkdir(folder).catch((error) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
  const file = path.join(folder, randomUUID());
  try {
    return await use(file);
  } finally {
    await rm(file, { force: true });
  }
}

/** Removes what killed processes left on its way more than a day ago. */
export async function sweepIncoming(root: string): Promise<void> {
  const folder = path.join(root, FOLDER);
  const names = await readdir(folder).catch((error) => {
    if (isMissing(error)) return [];
    throw error;
  });
  for (const name of names) {
    const file = path.join(folder, name);
    const stat = await lstat(file).catch(() => undefined);
    if (stat && Date.now() - stat.mtimeMs > DAY) await rm(file, { force: true });
  }
}

/** Writes content to a new file, down to the disk. */
export async function writeFile(
  file: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<Arrived> {
  const handle = await open(file, 'wx');
  try {
    const hash = newEtag();
    let size = 0;
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      hash.update(chunk);
      size += chunk.byteLength;
      await writeAll(handle, chunk);
    }
    await seal(handle);
    return { size, etag: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

/** Moves a file here, from another disk by copying it, and down to the disk. */
export async function takeFile(source: string, file: string): Promise<Arrived> {
  await rename(source, file).catch(async (error) => {
    if (codeOf(error) !== 'EXDEV') throw error;
    await copyFile(source, file);
    await rm(source);
  });
  const handle = await open(file, 'r+');
  try {
    const hash = newEtag();
    let size = 0;
    for await (const chunk of chunksOf(handle)) {
      hash.update(chunk);
      size += chunk.byteLength;
    }
    await seal(handle);
    return { size, etag: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

/** Down to the disk; and its time is set back a second, so that it differs from the other one: see `isWhole`. */
async function seal(handle: FileHandle): Promise<void> {
  const now = Date.now() / 1000;
  await handle.utimes(now, now - 1);
  await handle.sync();
}

/** A write may take less than it was given. */
async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.byteLength;) {
    done += (await handle.write(chunk, done, chunk.byteLength - done)).bytesWritten;
  }
}

/** Gives a file its place. Both ways are one step for whoever looks; the entry is on the disk when this resolves. */
export async function place(root: string, file: string, key: string, ifAbsent: boolean): Promise<void> {
  const target = pathOf(root, key);
  await makeFolders(root, path.dirname(target), key);
  if (ifAbsent) {
    await link(file, target).catch((error) => {
      if (codeOf(error) !== 'EEXIST') throw error;
      throw new ObjectStoreError('exists', `There is an object "${key}" already.`, { cause: error });
    });
  } else {
    await rename(file, target);
  }
  await syncFolder(path.dirname(target));
}

/** The folders of a key; each new one's entry is on the disk, too. */
async function makeFolders(root: string, folder: string, key: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true }).catch((error) => {
    // That is what it calls a file in the way.
    if (codeOf(error) !== 'EEXIST') throw error;
    throw new ObjectStoreError('invalid_key', `"${key}" cannot be: the begin of it is an object.`, {
      cause: error,
    });
  });
  if (!(await hasNoLink(folder))) {
    throw new ObjectStoreError(
      'denied',
      `"${key}" cannot be written: a link is on the way to it in ${root}.`,
    );
  }
  if (first === undefined) return;
  const top = path.dirname(first);
  for (let made = path.dirname(folder); made.length >= top.length; made = path.dirname(made))
    await syncFolder(made);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
