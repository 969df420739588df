import type { ContentHash } from '../warehouse.ts';
import type { DatasetRef } from './operational.ts';

/** A table of the warehouse or a model's, and one of its partitions: a date, or '' for a table without partitions. */
export interface PartitionRef {
  readonly table: string;
  readonly partition: string;
}

/** Which object is current for a partition, and what it holds. */
export interface CurrentPartition extends PartitionRef, ContentHash {
  readonly key: string;
  readonly bytes: number;
}

/**
 * A night: the loads that it exports are fixed when it is opened. The loads of a day are the night's of that day; those
 * of a day whose night was closed are the next one's.
 */
export interface Export {
  readonly id: number;
  /** `YYYY-MM-DD`. */
  readonly night: string;
  readonly state: 'open' | 'committed';
  readonly loads: number;
}

/** A partition to be built, because of an export or of what it depends on. */
export interface Mark extends PartitionRef {
  readonly id: number;
}

/** What a build has made of a partition: an object, nothing (no rows), or why not. */
export interface StagedPartition extends PartitionRef {
  readonly made?: Omit<CurrentPartition, keyof PartitionRef>;
  /** Of a partition that a test keeps out. */
  readonly error?: string;
}

/** Of the control plane: what the warehouse of a dataset holds, what is to be built, and what was built and waits. */
export interface WarehouseRecords {
  /** What is current of all tables, or of these. */
  current(dataset: DatasetRef, tables?: readonly string[]): Promise<readonly CurrentPartition[]>;

  /**
   * The export that is open, else a new one for the next night that is due: nights are closed one after the other up to
   * `through`; `today`, which is not over, takes what there is and stays open for more.
   * @returns undefined where nothing is left to export
   */
  openExport(
    dataset: DatasetRef,
    what: { readonly through: string; readonly today: string; readonly timezone: string; readonly catchUp: boolean },
    runId: string,
  ): Promise<Export | undefined>;
  /** Objects that an open export has made so far, by table. */
  exportedTables(dataset: DatasetRef, exportId: number): Promise<ReadonlyMap<string, ExportedTable>>;
  noteExported(dataset: DatasetRef, exportId: number, table: string, exported: ExportedTable): Promise<void>;
  /** In one transaction: the tables' new partitions become current, the marks are made, the export is committed. */
  commitExport(dataset: DatasetRef, exportId: number, marks: readonly PartitionRef[]): Promise<void>;

  marks(dataset: DatasetRef): Promise<readonly Mark[]>;
  /** What this run has built so far. */
  staged(dataset: DatasetRef, runId: string): Promise<readonly StagedPartition[]>;
  /**
   * Notes what a run has made of partitions of a model. It becomes current when the run ends, in that transaction, which
   * also clears the marks that the run has read.
   */
  stage(dataset: DatasetRef, runId: string, partitions: readonly StagedPartition[], marksRead: readonly number[]): Promise<void>;

  /** Keys of objects that nothing has named for a day. */
  garbage(dataset: DatasetRef, keys: readonly string[], before: Date): Promise<readonly string[]>;
}

/** What an export has made of a table: the rows it brought, and the partition they become part of. */
export interface ExportedTable {
  /** Rows of the export alone: what `changed_<table>` is read from. */
  readonly changes: { readonly key: string; readonly rows: number };
  readonly partition: CurrentPartition;
}
