import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
  type GetObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { keyProblem, ObjectStoreError, prefixProblem, type ObjectInfo, type Objects } from '../../core/sdk.ts';
import type { Address } from './address.ts';
import { isTaken, statusOf, toFault, wasRepeated } from './faults.ts';
import { upload, type Target } from './upload.ts';

/** Most keys of one answer: S3's own limit. */
const PAGE = 1000;
/** How long a connection may take, and how long nothing may come over one that a request is on. */
const CONNECT_MS = 5000;
const SILENCE_MS = 60_000;
/** Objects that are fetched at a time. */
const AT_ONCE = 4;

/** Other servers have no host name for each bucket, most of them no regions, and check what a request has to have checked. */
const NOT_AWS = {
  forcePathStyle: true,
  requestChecksumCalculation: 'WHEN_REQUIRED',
  responseChecksumValidation: 'WHEN_REQUIRED',
} as const;

interface PutOptions {
  readonly ifAbsent?: boolean;
}

/** Objects of a bucket. S3 keeps what `Objects` asks for: whole or not there, seen by all once written, listed by the bytes of keys. */
export class S3Objects implements Objects {
  readonly location: string;
  readonly #address: Address;
  readonly #client: S3Client;

  constructor(address: Address) {
    const { bucket, prefix, region, endpoint } = address;
    this.#address = address;
    this.location = `the bucket ${bucket}${prefix === '' ? '' : ` under ${prefix}`}`;
    // Of Node's next version, which says nothing to whoever runs a version that is locked.
    process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
    this.#client = new S3Client({
      // The client waits for as long as it takes where nothing is said.
      requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
      ...(region === undefined ? {} : { region }),
      ...(endpoint === undefined ? {} : { ...NOT_AWS, endpoint, region: region ?? (process.env['AWS_REGION'] || 'us-east-1') }),
    });
  }

  addressOf(prefix: string): string {
    const { bucket, prefix: base } = this.#address;
    return `s3://${bucket}/${base}${prefix.replace(/\/$/, '')}`;
  }

  prepare(prefix: string): Promise<void> {
    return this.#guard(prefix === '' ? 'Looking' : `Looking at what begins with "${prefix}"`, async () => {
      checkedPrefix(prefix);
      await this.#seeBucket();
    });
  }

  list(prefix: string, { after, limit }: { after?: string; limit: number }): Promise<readonly ObjectInfo[]> {
    return this.#guard(`Listing "${prefix}"`, async () => {
      checkedPrefix(prefix);
      const { bucket, prefix: base } = this.#address;
      const found: ObjectInfo[] = [];
      let token: string | undefined;
      while (found.length < limit) {
        const page = await this.#client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: base + prefix,
            MaxKeys: Math.min(PAGE, limit - found.length),
            ...(token === undefined ? {} : { ContinuationToken: token }),
            ...(after === undefined ? {} : { StartAfter: base + after }),
          }),
        );
        for (const { Key = '', Size, ETag } of page.Contents ?? []) {
          const key = Key.slice(base.length);
          // Others may put objects there whose keys are none: the folders of consoles end with a slash.
          if (keyProblem(key) === undefined) found.push(infoOf(key, Size, ETag));
        }
        token = page.NextContinuationToken;
        if (token === undefined) break;
      }
      return found;
    });
  }

  settling(prefix: string): Promise<number | undefined> {
    return this.#guard(`Looking at what begins with "${prefix}"`, async () => {
      checkedPrefix(prefix);
      await this.#seeBucket();
      // An object is there once all of it is.
      return undefined;
    });
  }

  head(key: string): Promise<ObjectInfo | undefined> {
    return this.#guard(`Looking at "${key}"`, async () => {
      const target = this.#target(key);
      try {
        const { ContentLength, ETag } = await this.#client.send(new HeadObjectCommand(target));
        return infoOf(key, ContentLength, ETag);
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
        // The object is missing, or the bucket.
        await this.#seeBucket();
        return undefined;
      }
    });
  }

  async *read(key: string, { etag, signal }: { etag?: string; signal?: AbortSignal } = {}): AsyncGenerator<Uint8Array> {
    const { Body } = await this.#get(key, etag, signal);
    try {
      for await (const chunk of Body as Readable) {
        signal?.throwIfAborted();
        yield chunk as Uint8Array;
      }
    } catch (error) {
      // The client cuts the connection of a signal that aborts; what is thrown then says no more than that.
      signal?.throwIfAborted();
      throw toFault(error, `Reading "${key}" in ${this.location}`);
    } finally {
      (Body as Readable).destroy();
    }
  }

  put(key: string, content: Uint8Array | AsyncIterable<Uint8Array>, { ifAbsent = false }: PutOptions = {}): Promise<ObjectInfo> {
    return this.#guard(`Writing "${key}"`, async () => {
      const target = this.#target(key);
      try {
        const { size, etag } = await upload(this.#client, target, content, ifAbsent);
        return infoOf(key, size, etag);
      } catch (error) {
        if (!ifAbsent || !isTaken(error)) throw error;
        if (wasRepeated(error)) {
          throw new ObjectStoreError('unavailable', `Whether "${key}" was written is not known, in ${this.location}.`, { cause: error });
        }
        throw new ObjectStoreError('exists', `"${key}" is there already, in ${this.location}.`, { cause: error });
      }
    });
  }

  async putFile(key: string, file: string, options?: PutOptions): Promise<ObjectInfo> {
    const put = await this.put(key, createReadStream(file), options);
    await rm(file, { force: true });
    return put;
  }

  delete(key: string): Promise<void> {
    return this.#guard(`Deleting "${key}"`, async () => {
      await this.#client.send(new DeleteObjectCommand(this.#target(key)));
    });
  }

  async withFiles<T>(keys: readonly string[], use: (paths: readonly string[]) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(path.join(tmpdir(), 'sluice-objects-'));
    try {
      const paths = keys.map((key, place) => path.join(folder, `${place}${path.extname(key)}`));
      await this.#fetch(keys.map((key, place) => [key, paths[place]!] as const));
      return await use(paths);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  /** Ends when nothing is fetched any more, also where one cannot be had. */
  async #fetch(wanted: readonly (readonly [key: string, file: string])[]): Promise<void> {
    const open = wanted[Symbol.iterator]();
    const stop = new AbortController();
    const troubles: unknown[] = [];
    const fetchSome = async (): Promise<void> => {
      try {
        for (const [key, file] of open) await pipeline(this.read(key, { signal: stop.signal }), createWriteStream(file));
      } catch (error) {
        troubles.push(error);
        stop.abort();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, fetchSome));
    if (troubles.length > 0) throw troubles[0];
  }

  #get(key: string, etag: string | undefined, signal: AbortSignal | undefined): Promise<GetObjectCommandOutput> {
    return this.#guard(`Reading "${key}"`, () => {
      const wanted = { ...this.#target(key), ...(etag === undefined ? {} : { IfMatch: `"${etag}"` }) };
      return this.#client.send(new GetObjectCommand(wanted), signal && { abortSignal: signal });
    });
  }

  /** By a request whose answer says what is wrong: one to HEAD has no body. */
  async #seeBucket(): Promise<void> {
    await this.#client.send(new ListObjectsV2Command({ Bucket: this.#address.bucket, Prefix: this.#address.prefix, MaxKeys: 1 }));
  }

  #target(key: string): Target {
    const problem = keyProblem(key);
    if (problem !== undefined) throw new ObjectStoreError('invalid_key', `"${key}" is no key: ${problem}.`);
    return { Bucket: this.#address.bucket, Key: this.#address.prefix + key };
  }

  async #guard<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toFault(error, `${what} in ${this.location}`);
    }
  }
}

function infoOf(key: string, size: number | undefined, etag: string | undefined): ObjectInfo {
  return { key, size: size ?? 0, etag: (etag ?? '').replace(/^(?:W\/)?"|"$/g, '') };
}

function checkedPrefix(prefix: string): void {
  const problem = prefixProblem(prefix);
  if (problem !== undefined) throw new ObjectStoreError('invalid_key', `"${prefix}" cannot begin a key: ${problem}.`);
}
