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

/** What a partition holds, whatever the order of its rows: see `contentHash` in docs/datasets.md. */
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

/** A warehouse opened over objects. Nothing is kept between two calls but the objects. */
export interface WarehouseSession {
  /**
   * Writes the rows of a statement as new objects, one a partition and each in the given order, and says what they hold.
   * @param target.keyOf names the object of a partition
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
  /** The same of rows that come as CSV (RFC 4180, no header, empty unquoted is null). */
  writeRows(
    csv: AsyncIterable<Uint8Array>,
    target: { readonly columns: readonly Column[]; readonly sortBy: readonly string[]; readonly key: string },
    signal?: AbortSignal,
  ): Promise<WrittenPartition>;
  /** Rows as JSON: integers beyond 2^53 and decimals as text, times RFC 3339. Throws where there are more than `maxRows`. */
  query(
    inputs: WarehouseInputs,
    statement: WarehouseStatement,
    limits: { readonly maxRows: number; readonly timeoutMs: number },
    signal?: AbortSignal,
  ): Promise<{ readonly columns: readonly string[]; readonly rows: readonly (readonly Json[])[] }>;
  close(): Promise<void>;
}

/** A kind of warehouse. */
export interface Warehouse {
  readonly type: 'warehouse';
  readonly name: string;
  readonly summary: string;
  /** A URL as an operator writes it. */
  readonly example: string;
  readonly protocols: readonly string[];
  /** @param scratch a folder of its own, for files that are on their way */
  open(url: string, on: { readonly objects: Objects; readonly scratch: string; readonly threads?: number }): WarehouseSession;
}
