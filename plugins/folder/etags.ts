import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

const CHUNK = 256 * 1024;
const REMEMBERED = 50_000;

/** The kernel's clock moves in steps of a few ms: a write within one step leaves no trace in a file's times. */
const STEP = 1000;

/** A file's content. Nothing is said of changes on the way. */
export async function* chunksOf(handle: FileHandle, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let position = 0; ;) {
    signal?.throwIfAborted();
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

export const newEtag = (): ReturnType<typeof createHash> => createHash('sha256');

/**
 * SHA-256 of files. Times and inodes would be cheaper, but differ when the same file is dropped again, and S3's etag
 * does not. So content is read, once for each state of a file: what was read is remembered by device, inode, size and
 * both times, of which no program can set the second.
 */
export class Etags {
  readonly #known = new Map<string, string>();

  /** The etag of the file's content, or undefined where it changes meanwhile. `before` is what it was found as. */
  async of(handle: FileHandle, before: BigIntStats): Promise<string | undefined> {
    const state = stateOf(before);
    const known = this.#known.get(state);
    if (known !== undefined) return known;
    const hash = newEtag();
    for await (const chunk of chunksOf(handle)) hash.update(chunk);
    if (stateOf(await handle.stat({ bigint: true })) !== state) return undefined;
    const etag = hash.digest('hex');
    if (Date.now() - Number(before.ctimeMs) > STEP) this.#remember(state, etag);
    return etag;
  }

  #remember(state: string, etag: string): void {
    this.#known.set(state, etag);
    // The map keeps the order of insertion: the first one is the oldest.
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= REMEMBERED) return;
      this.#known.delete(oldest);
    }
  }
}

export function stateOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}
