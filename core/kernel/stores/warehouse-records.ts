import type { ContentHash } from '../warehouse.ts';
import type { DatasetRef } from './operational.ts';

/** The partition of a table without partitions; of a table that has some, in a mark, all of them. */
export const WHOLE = '';

/** A table of the warehouse or a model's, and one of its partitions: a date, or `WHOLE`. */
export interface PartitionRef {
  readonly table: string;
  readonly partition: string;
}

/** An object that a partition was written to, and what it holds. */
export interface PartitionContent extends ContentHash {
  readonly key: string;
  readonly bytes: number;
}

/** Which object is current for a partition. */
export interface CurrentPartition extends PartitionRef, PartitionContent {}

/** Which nights are to be exported. */
export interface NightsDue {
  /** The last one, `YYYY-MM-DD`. From `today` on it stands for all there is. */
  readonly through: string;
  readonly today: string;
  /** Of the days. */
  readonly timezone: string;
  /** Nights that were missed are closed one after the other; otherwise the last one takes what they would have. */
  readonly catchUp: boolean;
  /** Tables of the dataset: what is being loaded into them is waited for. */
  readonly tables: readonly string[];
}

/** A night. Which loads it exports is fixed when it is opened. */
export interface Export {
  readonly id: number;
  /** `YYYY-MM-DD`. */
  readonly night: string;
  /** Its day was over: loads that come later belong to the next one. That of today takes what there is, and more later. */
  readonly closes: boolean;
  readonly loads: number;
}

/** What an export has made of a table. */
export interface ExportedTable {
  /** The rows of the export alone, which `changed_<table>` is read from; undefined where there are none. */
  readonly changes?: { readonly key: string; readonly rows: number };
  /** What the night's partition becomes; undefined where it stays as it is. */
  readonly partition?: PartitionContent;
}

/** A partition of a model that is to be built, because of an export or of what it depends on. */
export interface Mark extends PartitionRef {
  readonly id: number;
}

/** What a run has made of a partition of a model. */
export interface StagedPartition extends PartitionRef {
  /** Undefined where it has no rows, and where it could not be built. Of all partitions of a model: that those were built. */
  readonly made?: PartitionContent;
  /** Why the partition stays as it was. */
  readonly error?: string;
  /** Partitions of other models that have to be built because this one holds something else now. */
  readonly follows: readonly PartitionRef[];
  /** Marks that asked for it. */
  readonly marks: readonly number[];
}

/** Of the control plane: what the warehouse of a dataset holds, what is to be built, and what was built and waits. */
export interface WarehouseRecords {
  /** What is current of all tables, or of these; by table and partition. */
  current(dataset: DatasetRef, tables?: readonly string[]): Promise<readonly CurrentPartition[]>;
  /** Partitions of models that are current and were built by a run, under a definition, before it was replayed. */
  builtBy(dataset: DatasetRef, runId: string, definitionHash: string): Promise<readonly PartitionRef[]>;

  /**
   * The export that is open, else a new one for the next night that is due: a load belongs to the night of the day in
   * which it was committed, or where that was closed to the next one.
   * @returns undefined where nothing is left to export
   */
  openExport(dataset: DatasetRef, due: NightsDue, runId: string): Promise<Export | undefined>;
  /** What an open export has made so far, by table. */
  exportedTables(dataset: DatasetRef, exportId: number): Promise<ReadonlyMap<string, ExportedTable>>;
  /** Of two attempts at one table the first that is noted counts. */
  noteExported(dataset: DatasetRef, exportId: number, table: string, exported: ExportedTable): Promise<void>;
  /** In one transaction, once: new partitions become current, the marks are made, the export is over. */
  commitExport(dataset: DatasetRef, exportId: number, marks: readonly PartitionRef[]): Promise<void>;

  marks(dataset: DatasetRef): Promise<readonly Mark[]>;
  /** What this run has built so far. */
  staged(dataset: DatasetRef, runId: string): Promise<readonly StagedPartition[]>;
  /**
   * Notes what a run that has not ended has made. All of it becomes current when the run ends, well or not, in that
   * transaction, which clears the marks as well; where it was cancelled, nothing does. Of two attempts at one partition the
   * first counts.
   */
  stage(dataset: DatasetRef, runId: string, partitions: readonly StagedPartition[]): Promise<void>;

  /** Those of these objects that nothing names, and that were not replaced after `before`. */
  unnamed(dataset: DatasetRef, keys: readonly string[], before: Date): Promise<readonly string[]>;
  /** Forgets that objects were replaced: they are gone. */
  forget(dataset: DatasetRef, keys: readonly string[]): Promise<void>;
  /**
   * Removes what has had its time of the records themselves: what ended runs and exports have left, and messages that
   * were exported and are older than `messagesBefore`.
   * @returns how many rows went, `limit` where more may be left
   */
  retire(dataset: DatasetRef, messagesBefore: Date, limit: number): Promise<number>;
}
