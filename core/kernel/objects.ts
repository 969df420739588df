/** An object as its store lists it. Keys keep to `keyProblem`, and are compared by their UTF-8 bytes. */
export interface ObjectInfo {
  readonly key: string;
  readonly size: number;
  /** Another one for other content under the same key, and the same one when the same content comes again. */
  readonly etag: string;
}

/** A bucket, or a part of one. Methods throw ObjectStoreError for what a caller must tell apart. */
export interface Objects {
  /** Where it is, for messages: never with credentials. */
  readonly location: string;
  /** Where others put what is to be an object whose key begins with `prefix`: an absolute path, or a URL. */
  addressOf(prefix: string): string;
  /** Sees to it that others can put something there: makes the folder, where folders are made. */
  prepare(prefix: string): Promise<void>;
  /** Objects whose key begins with `prefix`, by key; those behind `after`, at most `limit`. Half-written ones are not there. */
  list(
    prefix: string,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<readonly ObjectInfo[]>;
  /**
   * In how many ms the first of those whose key begins with `prefix`, and which are there and not whole yet, counts as
   * whole where nobody writes to it any more; undefined where there is none.
   */
  settling(prefix: string): Promise<number | undefined>;
  head(key: string): Promise<ObjectInfo | undefined>;
  /**
   * The content; with `etag`, of that version. A reader must not keep what it read before the end was reached: only
   * then it is certain that nothing changed on the way (`changed`).
   */
  read(
    key: string,
    options?: { readonly etag?: string; readonly signal?: AbortSignal },
  ): AsyncIterable<Uint8Array>;
  /**
   * Writes an object: there as a whole once it resolves, and not at all before. `ifAbsent` leaves one that is there
   * alone, and throws `exists`.
   */
  put(
    key: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { readonly ifAbsent?: boolean },
  ): Promise<ObjectInfo>;
  /** Absent is fine. */
  delete(key: string): Promise<void>;
  /**
   * Objects as files that a local engine can read, in the order of the keys, for as long as `use` takes. What the
   * engine makes in place of an object is put with `putFile`.
   */
  withFiles<T>(keys: readonly string[], use: (paths: readonly string[]) => Promise<T>): Promise<T>;
  /** Takes a local file over as an object (moved, or copied and removed); as `put`. */
  putFile(key: string, path: string, options?: { readonly ifAbsent?: boolean }): Promise<ObjectInfo>;
  close(): Promise<void>;
}

export type ObjectStoreFault = 'unavailable' | 'not_found' | 'changed' | 'exists' | 'denied' | 'invalid_key';

export class ObjectStoreError extends Error {
  override readonly name = 'ObjectStoreError';
  readonly fault: ObjectStoreFault;

  constructor(fault: ObjectStoreFault, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.fault = fault;
  }
}

/** A kind of store for objects. */
export interface ObjectStore {
  readonly type: 'objectStore';
  readonly name: string;
  readonly summary: string;
  /** Of the URLs it opens: `file:`, `s3:`. */
  readonly protocols: readonly string[];
  /** A URL as an operator writes it. */
  readonly example: string;
  /** Reads the URL and nothing else. @throws Error naming what is wrong with it */
  open(url: string): Objects;
}

/** S3's limit of a key, and a file system's of a name, in bytes. */
const MAX_KEY = 1024;
const MAX_NAME = 255;

/**
 * Why a key is none, or undefined. Stores agree on the keys that a folder can hold and S3 as well: names between
 * slashes, none of them empty or beginning with a dot (those are files on their way), no backslash, no control
 * character, at most 1024 bytes, and 255 a name.
 */
export function keyProblem(key: string): string | undefined {
  if (/\p{Surrogate}/u.test(key)) return 'it is no Unicode text';
  if (Buffer.byteLength(key) > MAX_KEY) return `it is longer than ${MAX_KEY} bytes`;
  if (/[\\\p{Cc}]/u.test(key)) return 'it holds a backslash or a control character';
  for (const name of key.split('/')) {
    if (name === '') return 'it has an empty name, or a slash at its begin or end';
    if (name.startsWith('.')) return `the name "${name}" begins with a dot`;
    if (Buffer.byteLength(name) > MAX_NAME) return `a name in it is longer than ${MAX_NAME} bytes`;
  }
  return undefined;
}

/** The same of what keys begin with: the begin of a key, or the empty text. */
export function prefixProblem(prefix: string): string | undefined {
  return prefix === '' ? undefined : keyProblem(prefix.endsWith('/') ? `${prefix}x` : prefix);
}
