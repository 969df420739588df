import { mkdir, realpath, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import {
  keyProblem,
  ObjectStoreError,
  prefixProblem,
  type ObjectInfo,
  type Objects,
} from '../../core/sdk.ts';
import type { Address } from './address.ts';
import { chunksOf, Etags, newEtag } from './etags.ts';
import { codeOf, isMissing, toFault } from './faults.ts';
import { hasNoLink, isWhole, openFile, pathOf, settlesIn, type OpenFile } from './files.ts';
import { place, sweepIncoming, takeFile, throughIncoming, writeFile, type Arrived } from './incoming.ts';
import { keysOf } from './walk.ts';

interface PutOptions {
  readonly ifAbsent?: boolean;
}

export class FolderObjects implements Objects {
  readonly location: string;
  readonly #address: Address;
  readonly #etags = new Etags();
  #swept: Promise<void> | undefined;

  constructor(address: Address) {
    this.#address = address;
    this.location = `the folder ${address.folder}`;
  }

  addressOf(prefix: string): string {
    return path.join(this.#address.folder, ...prefix.split('/'));
  }

  prepare(prefix: string): Promise<void> {
    return this.#guard(`Making a folder for "${prefix}"`, async () => {
      checkedPrefix(prefix);
      await this.#root();
      await mkdir(this.addressOf(prefix), { recursive: true });
    });
  }

  list(prefix: string, { after, limit }: { after?: string; limit: number }): Promise<readonly ObjectInfo[]> {
    return this.#guard(`Listing "${prefix}"`, async () => {
      checkedPrefix(prefix);
      const root = await this.#root();
      const found: ObjectInfo[] = [];
      if (limit <= 0) return found;
      for await (const key of keysOf(root, prefix, after)) {
        // Files of other names may stand there; no key is theirs.
        const info = keyProblem(key) === undefined ? await this.#look(root, key) : undefined;
        if (info && found.push(info) >= limit) break;
      }
      return found;
    });
  }

  settling(prefix: string): Promise<number | undefined> {
    return this.#guard(`Looking at what begins with "${prefix}"`, async () => {
      checkedPrefix(prefix);
      const root = await this.#root();
      let first: number | undefined;
      for await (const key of keysOf(root, prefix, undefined)) {
        if (keyProblem(key) !== undefined) continue;
        const file = await openFile(root, key);
        await file?.handle.close();
        const wait = file ? settlesIn(file.stat, this.#address.settle) : 0;
        if (wait > 0) first = Math.min(first ?? wait, wait);
      }
      return first;
    });
  }

  head(key: string): Promise<ObjectInfo | undefined> {
    return this.#guard(`Looking at "${key}"`, async () => this.#look(await this.#root(), checked(key)));
  }

  async *read(
    key: string,
    { etag, signal }: { etag?: string; signal?: AbortSignal } = {},
  ): AsyncGenerator<Uint8Array> {
    const file = await this.#guard(`Reading "${key}"`, () => this.#openWhole(key));
    try {
      // First what is known already, so that a reader does not begin in vain; what counts is what was read.
      if (etag !== undefined && (await this.#etags.of(file.handle, file.stat)) !== etag) throw changed(key);
      const hash = newEtag();
      for await (const chunk of chunksOf(file.handle, signal)) {
        if (etag !== undefined) hash.update(chunk);
        yield chunk;
      }
      if (etag !== undefined && hash.digest('hex') !== etag) throw changed(key);
    } catch (error) {
      throw toFault(error, `Reading "${key}" in ${this.location}`);
    } finally {
      await file.handle.close();
    }
  }

  put(
    key: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options?: PutOptions,
  ): Promise<ObjectInfo> {
    return this.#take(key, (file) => writeFile(file, content), options);
  }

  putFile(key: string, path: string, options?: PutOptions): Promise<ObjectInfo> {
    return this.#take(key, (file) => takeFile(path, file), options);
  }

  delete(key: string): Promise<void> {
    return this.#guard(`Deleting "${key}"`, async () => {
      const file = pathOf(await this.#root(), checked(key));
      if (!(await hasNoLink(path.dirname(file)))) return;
      await unlink(file).catch((error) => {
        // A folder is no object, either.
        if (!isMissing(error) && codeOf(error) !== 'EISDIR') throw error;
      });
    });
  }

  async withFiles<T>(keys: readonly string[], use: (paths: readonly string[]) => Promise<T>): Promise<T> {
    const paths: string[] = [];
    for (const key of keys) {
      const { handle, path } = await this.#guard(`Reading "${key}"`, () => this.#openWhole(key));
      await handle.close();
      paths.push(path);
    }
    return use(paths);
  }

  async close(): Promise<void> {
    await this.#swept;
  }

  /** The folder itself may be a link; what is in it may not. Made by nobody here: it could be a disk that is not mounted. */
  async #root(): Promise<string> {
    const { folder } = this.#address;
    const root = await realpath(folder).catch((error) => {
      throw new ObjectStoreError('unavailable', `There is no folder ${folder}: ${error.message}.`, {
        cause: error,
      });
    });
    if ((await stat(root)).isDirectory()) return root;
    throw new ObjectStoreError('unavailable', `${folder} is no folder.`);
  }

  async #look(root: string, key: string): Promise<ObjectInfo | undefined> {
    const file = await openFile(root, key);
    if (!file) return undefined;
    try {
      if (!isWhole(file.stat, this.#address.settle)) return undefined;
      const etag = await this.#etags.of(file.handle, file.stat);
      return etag === undefined ? undefined : { key, size: Number(file.stat.size), etag };
    } finally {
      await file.handle.close();
    }
  }

  async #openWhole(key: string): Promise<OpenFile> {
    const file = await openFile(await this.#root(), checked(key));
    if (file && isWhole(file.stat, this.#address.settle)) return file;
    await file?.handle.close();
    throw new ObjectStoreError('not_found', `There is no object "${key}" in ${this.location}.`);
  }

  #take(
    key: string,
    fill: (file: string) => Promise<Arrived>,
    options: PutOptions = {},
  ): Promise<ObjectInfo> {
    return this.#guard(`Writing "${key}"`, async () => {
      checked(key);
      const root = await this.#root();
      this.#swept ??= sweepIncoming(root);
      await this.#swept;
      return throughIncoming(root, async (file) => {
        const { size, etag } = await fill(file);
        await place(root, file, key, options.ifAbsent ?? false);
        return { key, size, etag };
      });
    });
  }

  async #guard<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toFault(error, `${what} in ${this.location}`);
    }
  }
}

function checked(key: string): string {
  const problem = keyProblem(key);
  if (problem === undefined) return key;
  throw new ObjectStoreError(
    'invalid_key',
    `"${key}" is no key of an object: ${problem}. Write it as a/b/c.csv.`,
  );
}

function checkedPrefix(prefix: string): void {
  const problem = prefixProblem(prefix);
  if (problem !== undefined)
    throw new ObjectStoreError('invalid_key', `No key begins with "${prefix}": ${problem}.`);
}

function changed(key: string): ObjectStoreError {
  return new ObjectStoreError('changed', `"${key}" was replaced since it was looked at. Look at it again.`);
}
