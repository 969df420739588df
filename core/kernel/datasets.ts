import type { Column } from './columns.ts';

/** Where CSV files land: a file belongs to the source if its key begins so. */
export interface LandingPrefix {
  /** The text around each `{{ date }}` of the prefix: `['orders/dt=', '/']`. One part is a prefix without a date. */
  readonly parts: readonly string[];
}

/** Files with declared columns. More bad rows than `maxBad` refuse a file whole; undefined takes any number. */
export interface CsvSource {
  readonly kind: 'csv';
  readonly name: string;
  readonly prefix: LandingPrefix;
  readonly columns: readonly Column[];
  /** `fail`: one bad row refuses the file. */
  readonly badRows: 'quarantine' | 'fail';
  readonly maxBad?: { readonly rows: number } | { readonly percent: number };
}

/**
 * What orders the versions of a row: a column of its own, the time that the signature of a message vouches for, or the
 * key of the object it came in.
 */
export type RowVersion =
  | { readonly by: 'column'; readonly column: string }
  | { readonly by: 'eventTime' }
  | { readonly by: 'object' };

/** A column that refers to the key of another table. Its row goes with the one it refers to, and is held until that is there. */
export interface TableReference {
  readonly column: string;
  readonly table: string;
  readonly delete: 'cascade';
  readonly missing: 'hold';
}

export interface TableRetention {
  readonly afterMs: number;
  /** The timestamp or date that the age is counted from. */
  readonly by: string;
  /** Only rows whose load was exported go. */
  readonly exportedOnly: boolean;
}

/** A table of the operational store. */
export interface DatasetTable {
  readonly name: string;
  /** Name of its source. */
  readonly from: string;
  readonly columns: readonly Column[];
  readonly key: readonly string[];
  readonly version: RowVersion;
  /** `_version` as it stands beside the columns. */
  readonly versionColumn: Column;
  /** Every accepted version is kept in `<name>_history`. */
  readonly history: boolean;
  readonly write: readonly ('patch' | 'delete')[];
  readonly references: readonly TableReference[];
  /** Columns of each index. */
  readonly indexes: readonly (readonly string[])[];
  readonly retention?: TableRetention;
}

/** A table of the warehouse: a copy of an operational one, a partition a night. */
export interface WarehouseTable {
  readonly name: string;
  /** The operational table, or with `history` the versions of its rows. */
  readonly from: string;
  readonly history: boolean;
  /** A night's partition holds what the export of that night brought, or all rows as known at the end of its day. */
  readonly load: 'incremental' | 'snapshot';
  /** `partition_date`, the table's own, `_version`. */
  readonly columns: readonly Column[];
  /** What a row is the newest version of; with `partition_date` the key of the table. */
  readonly rowKey: readonly string[];
  /** Within a partition. */
  readonly sortBy: readonly string[];
}

/** A file of SQL: the portable one, and those written for one kind of warehouse (`<model>.duckdb.sql`), by its name. */
export interface SqlFile {
  readonly file: string;
  readonly sql: string;
  readonly forWarehouse: Readonly<Record<string, string>>;
}

/** What a query may ask of a model. `where` is a checked SQL condition over the model's columns. */
export interface Metric {
  readonly name: string;
  readonly aggregate: 'sum' | 'count' | 'min' | 'max';
  /** Undefined counts rows. */
  readonly column?: string;
  readonly where?: string;
  /** Digits behind the point of the decimal text that an integer of minor units is shown as. */
  readonly scale?: number;
}

/** A test of a model, run over the partitions that a build has made. One that fails keeps them out. */
export type ModelTest =
  | { readonly test: 'unique'; readonly columns: readonly string[] }
  | { readonly test: 'notNull'; readonly columns: readonly string[] }
  /** Each value of `column` that is not null is one of `field` of `to`. */
  | { readonly test: 'relationships'; readonly column: string; readonly to: string; readonly field: string }
  | {
      readonly test: 'acceptedValues';
      readonly column: string;
      readonly values: readonly (string | number | boolean)[];
    }
  /**
   * The aggregate equals what the SQL of `equals` gives as `value`; of a model with partitions in each of them, which
   * the SQL gives beside it. No row there, or none here, is 0.
   */
  | { readonly test: 'reconcile'; readonly metric: Omit<Metric, 'name' | 'scale'>; readonly equals: SqlFile }
  /** The newest value of `column` is at most so much older than the end of the day that is built. */
  | { readonly test: 'freshness'; readonly column: string; readonly withinMs: number };

/** A table that SQL makes of others. */
export interface DatasetModel {
  readonly name: string;
  readonly sql: SqlFile;
  /** Selects the partitions that an export has touched. */
  readonly dirty?: SqlFile;
  /** Tables of the warehouse and models, all that its SQL names. */
  readonly dependsOn: readonly string[];
  /** In the order of the SELECT list. Undefined: as the warehouse describes them. */
  readonly columns?: readonly Column[];
  readonly partition?: string;
  readonly load: 'replacePartition' | 'full';
  readonly sortBy: readonly string[];
  readonly dimensions: readonly string[];
  readonly metrics: readonly Metric[];
  readonly tests: readonly ModelTest[];
}

/** When the night's run begins, in the dataset's time zone, and which day it is about: `lagDays` before it. */
export interface DatasetSchedule {
  readonly cron: string;
  readonly lagDays: number;
  readonly catchUp: boolean;
}
