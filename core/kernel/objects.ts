/** An object as its store lists it. Keys are `/`-separated text without `.` and `..`, compared by their bytes. */
export interface ObjectInfo {
  readonly key: string;
  readonly size: number;
  /** Another one for other content under the same key. */
  readonly etag: string;
}

/** A bucket, or a part of one. Methods throw ObjectStoreError for what a caller must tell apart. */
export interface Objects {
  /** Objects whose key begins with `prefix`, by key; those behind `after`, at most `limit`. Half-written ones are not there. */
  list(prefix: string, page: { readonly after?: string; readonly limit: number }): Promise<readonly ObjectInfo[]>;
  head(key: string): Promise<ObjectInfo | undefined>;
  /** The content; with `etag`, of that version or none (`changed`). */
  read(key: string, options?: { readonly etag?: string; readonly signal?: AbortSignal }): AsyncIterable<Uint8Array>;
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
   * The object as a file that a local engine can read, for as long as `use` takes. What the engine makes in place of
   * an object is put with `putFile`.
   */
  withFile<T>(key: string, use: (path: string) => Promise<T>): Promise<T>;
  /** Takes a local file over as an object (moved or copied); as `put`. */
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
  open(url: string): Objects;
}
