import type { Column } from './columns.ts';
import type { Json } from './json.ts';
import type { Objects } from './objects.ts';

/** A partition of a table as one immutable object holds it. */
export interface PartitionObject {
  readonly key: string;
  /** The partition's value, `YYYY-MM-DD`; undefined for a table without partitions. */
  readonly partition?: string;
}

/** A table as a statement sees it: its columns, and the objects that are current for it. No objects is an empty table. */
export interface WarehouseInput {
  readonly columns: readonly Column[];
  readonly objects: readonly PartitionObject[];
}

export type WarehouseInputs = Readonly<Record<string, WarehouseInput>>;

/** What a partition holds, whatever the order of its rows: see content-hash.ts. */
export interface ContentHash {
  readonly rows: number;
  /** Sums of the upper and of the lower 64 bits of md5 over each row's text, as decimal text. */
  readonly high: string;
  readonly low: string;
}

export interface WrittenPartition extends ContentHash {
  readonly partition: string | undefined;
  readonly key: string;
  readonly bytes: number;
}

/** A statement of ours or of a model: checked before, with its values bound. */
export interface WarehouseStatement {
  readonly sql: string;
  readonly values?: readonly Json[];
}

/** A warehouse opened over objects. Nothing is kept between two calls but the objects. Methods throw WarehouseError. */
export interface WarehouseSession {
  /** Of its kind: which of a model's files of SQL are for it. */
  readonly name: string;
  /**
   * The columns that a statement gives, in their order, each of the type that takes its values without loss. Any of them
   * may be null. One of a type that no column has is `refused`.
   */
  describe(
    inputs: WarehouseInputs,
    statement: WarehouseStatement,
    signal?: AbortSignal,
  ): Promise<readonly Column[]>;
  /**
   * Writes the rows of a statement as new objects, one a partition and each in the given order, and says what they
   * hold: all of them or none. The statement gives the declared columns by name, each of a type that fits without loss.
   * Without `partitionBy` there is one object, also for no rows.
   * @param target.keyOf names the object of a partition; nothing may be there yet
   */
  write(
    inputs: WarehouseInputs,
    statement: WarehouseStatement,
    target: {
      readonly columns: readonly Column[];
      readonly partitionBy?: string;
      readonly sortBy: readonly string[];
      readonly keyOf: (partition: string | undefined) => string;
    },
    signal?: AbortSignal,
  ): Promise<readonly WrittenPartition[]>;
  /**
   * The same of rows that come as CSV, as PostgreSQL's COPY writes it: RFC 4180 in UTF-8, no header, an unquoted empty
   * field is null and a quoted one is the empty text. Nothing is rounded, trimmed or guessed: integers and decimals as
   * they are printed, at most `scale` digits behind the point; booleans `t` and `f`; dates `YYYY-MM-DD`; timestamps
   * `YYYY-MM-DD HH:MM:SS[.ffffff]`, in UTC (`Z` or `+00` may say so). Anything else is `invalid`.
   */
  writeRows(
    csv: AsyncIterable<Uint8Array>,
    target: { readonly columns: readonly Column[]; readonly sortBy: readonly string[]; readonly key: string },
    signal?: AbortSignal,
  ): Promise<WrittenPartition>;
  /**
   * Rows as JSON: integers beyond 2^53 and decimals as text, times RFC 3339 in UTC to microseconds, doubles that are no
   * number as null. More than `maxRows` are `too_large`; `timeoutMs` counts from the call.
   */
  query(
    inputs: WarehouseInputs,
    statement: WarehouseStatement,
    limits: { readonly maxRows: number; readonly timeoutMs: number },
    signal?: AbortSignal,
  ): Promise<WarehouseRows>;
  /** Calls off what still runs. */
  close(): Promise<void>;
}

export interface WarehouseRows {
  readonly columns: readonly string[];
  /** Values by position. */
  readonly rows: readonly (readonly Json[])[];
}

/**
 * `refused`: the statement is wrong, or gives other columns than declared. `invalid`: a value does not fit its column.
 * `exhausted`: no memory or disk left for it.
 */
export type WarehouseFault =
  | 'unavailable'
  | 'refused'
  | 'invalid'
  | 'too_large'
  | 'exhausted'
  | 'timeout'
  | 'cancelled';

export class WarehouseError extends Error {
  override readonly name = 'WarehouseError';
  readonly fault: WarehouseFault;

  constructor(fault: WarehouseFault, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.fault = fault;
  }
}

/** A kind of warehouse. */
export interface Warehouse {
  readonly type: 'warehouse';
  readonly name: string;
  readonly summary: string;
  /** A URL as an operator writes it; what an engine can be told (memory, threads, a role) is in its parameters. */
  readonly example: string;
  readonly protocols: readonly string[];
  /**
   * Reads the URL and nothing else.
   * @param on.scratch a folder of this host for files that are on their way; what dead processes left there is removed
   * @throws Error naming what is wrong with the URL
   */
  open(url: string, on: { readonly objects: Objects; readonly scratch: string }): WarehouseSession;
}
