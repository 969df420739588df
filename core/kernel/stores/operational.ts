import type { DatasetTable, WarehouseTable } from '../datasets.ts';
import type { Column } from '../columns.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Page, PageRequest } from './page.ts';

/** One dataset of one tenant. `id` is its definition's. */
export interface DatasetRef {
  readonly tenantId: string;
  readonly id: string;
}

/** A dataset's part of the database: a schema of its own, with the tables that its definition declares. */
export interface OperationalStores {
  /**
   * The store, its schema made or extended to what the tables ask for (new tables, new nullable columns, new indexes).
   * @throws OperationalError `incompatible` where what is there cannot become what is declared
   */
  open(dataset: DatasetRef, tables: readonly DatasetTable[]): Promise<OperationalStore>;
}

export interface OperationalStore {
  /**
   * Takes a load in: its rows, what came of them and the ledger's entry commit together, or nothing does. Of each key
   * the greatest `(version, content)` stands, whatever came first; contents are compared column by column as declared,
   * text by its bytes, null above all. Rows whose reference is not there are held.
   *
   * Loads, changes and retention of tables that are connected by references are merged one after the other: ids of
   * loads and their `loaded_at` are in the order of the commits. Those of other tables do not wait for them. Who waits
   * for a table (db/datasets/lock.ts) sees every load of it with an earlier `loaded_at`, and none follows with one.
   * @returns `known` where the ledger has this object and etag already
   */
  load(load: NewLoad, rows: LoadRows): Promise<LoadCounts | 'known'>;
  /** Notes in the ledger that a file is refused as a whole, so that it is looked at again only under another definition. */
  refuse(load: NewLoad, reason: string): Promise<void>;
  /** Which of these files the ledger has, as loaded, or as refused under this definition. */
  known(source: string, files: readonly FileVersion[], definitionHash: string): Promise<readonly FileVersion[]>;

  /** Rows of a table by key, those whose columns equal `filter`. @throws OperationalError `invalid` */
  rows(table: string, filter: JsonObject, page: PageRequest): Promise<Page<StoredRow>>;
  row(table: string, key: JsonObject): Promise<StoredRow | undefined>;
  /**
   * Changes columns of one row: a load of its own, exported like any other.
   * @param expected the load that the row must still be of
   * @throws OperationalError `missing`, `changed`, `invalid`
   */
  patch(table: string, key: JsonObject, values: JsonObject, expected?: string): Promise<StoredRow>;
  /** Deletes a row and those that go with it. An older version of any of them does not bring it back. */
  delete(table: string, key: JsonObject, expected?: string): Promise<void>;

  /** Rows that wait for the one they refer to, and those of each table: how many there are. */
  counts(): Promise<Readonly<Record<string, { readonly rows: number; readonly held: number }>>>;

  /**
   * What an export takes of a table: accepted versions of its loads, the newest of each key, as CSV in the columns of
   * `columns` (see WarehouseSession.writeRows). `partition_date` is `night`; `_deleted` is true for a key that is gone.
   * It is the same whatever was loaded, changed or retired since, until the export is committed. In no order.
   */
  exported(table: WarehouseTable, columns: readonly Column[], exportId: number, night: string): AsyncIterable<Uint8Array>;
  /**
   * Removes one piece of what has had its time: rows past their retention whose loads (and those of all that goes with
   * them) were exported, accepted versions that were exported, held rows that waited longer than the retention.
   */
  retire(now: Date, limit: number): Promise<{ readonly rows: number; readonly done: boolean }>;
}

export interface FileVersion {
  readonly object: string;
  readonly etag: string;
}

/** A file, a message of a webhook or a change by the API. */
export interface NewLoad extends FileVersion {
  readonly kind: 'file' | 'message' | 'change';
  readonly source: string;
  readonly definitionHash: string;
  readonly runId?: string;
  /** Of messages whose signature vouches for it, ms since the epoch. */
  readonly eventTime?: number;
}

export interface LoadRows {
  /** Of the source, in the order of the lines of `text`. */
  readonly columns: readonly Column[];
  /**
   * Rows in PostgreSQL's text format of COPY: the line, then a field a column. Where it throws, nothing is taken in, and
   * `load` throws the same. Each value has been checked: it is one of its column's type. Dates and times are finite, of
   * years 1 to 9999, and times in UTC (an offset is passed over); no text, and no text in JSON, holds U+0000 or half of
   * a surrogate pair. What is `invalid` for the database all the same breaks the load off. A row is put into quarantine
   * by the store where what is indexed of it is too long for an index.
   */
  readonly text: AsyncIterable<string | Uint8Array>;
  /** What was not taken, known once `text` has ended. */
  readonly quarantined: () => QuarantinedRows;
}

/** Rows that are not taken: all of them are counted (LoadCounts), the first ones kept. */
export interface QuarantinedRows {
  readonly count: number;
  readonly rows: readonly Quarantined[];
}

/** A row that is not taken, with the first reason that was found. */
export interface Quarantined {
  /** Where it begins in its file, from 1. */
  readonly line: number;
  readonly column?: string;
  readonly value?: string;
  readonly reason: string;
}

/** `rows` = `loaded` + `held` + `quarantined` + `deduplicated`. */
export interface LoadCounts {
  readonly rows: number;
  readonly loaded: number;
  readonly held: number;
  readonly quarantined: number;
  /** Repeated in the file, known already, or older than what is known (a history keeps it all the same). */
  readonly deduplicated: number;
}

export interface StoredRow {
  readonly key: JsonObject;
  /** Own columns, then `_version`; integers beyond 2^53 and decimals as text, times RFC 3339. */
  readonly values: Readonly<Record<string, Json>>;
  /** Id of the load it came with: what `If-Match` names. */
  readonly load: string;
}

export type OperationalFault = 'unavailable' | 'incompatible' | 'missing' | 'changed' | 'invalid';

export class OperationalError extends Error {
  override readonly name = 'OperationalError';
  readonly fault: OperationalFault;
  /** Column that a value does not fit. */
  readonly column: string | undefined;

  constructor(fault: OperationalFault, message: string, options?: { cause?: unknown; column?: string }) {
    super(message, options);
    this.fault = fault;
    this.column = options?.column;
  }
}
