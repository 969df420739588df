import type { ContentHash } from '../warehouse.ts';
import type { Page, PageRequest } from './page.ts';
import type { DatasetRef, LoadCounts, Quarantined } from './operational.ts';
import type { PartitionRef } from './warehouse-records.ts';

const SUBJECT = 'dataset:';

/** What the runs of a dataset are about, and are listed by. */
export function datasetSubject(id: string): string {
  return SUBJECT + id;
}

/** The id of the dataset that a run is about, by its subject (`dataset:<id>`). */
export function datasetOf(subject: string): string | undefined {
  return subject.startsWith(SUBJECT) ? subject.slice(SUBJECT.length) : undefined;
}

/** A dataset that a tenant has turned on, by a connection of its definition. */
export interface Dataset extends DatasetRef {
  /** Undefined where the connection was deleted: the dataset is off, and keeps what it has. */
  readonly connectionId: string | undefined;
  /** The last night that was closed. */
  readonly exportedThrough: string | undefined;
  readonly createdAt: Date;
}

/** An entry of the ledger. */
export interface DatasetLoad extends LoadCounts {
  /** Digits; a later one is greater. */
  readonly id: string;
  readonly kind: 'file' | 'message' | 'change';
  readonly source: string;
  readonly object: string;
  readonly etag: string;
  readonly state: 'loaded' | 'refused';
  /** Why it was refused. */
  readonly error: string | undefined;
  readonly runId: string | undefined;
  readonly loadedAt: Date;
  /** Its rows are in the warehouse. */
  readonly exported: boolean;
}

export interface QuarantinedRow extends Quarantined {
  readonly id: string;
  readonly loadId: string;
  readonly source: string;
  readonly object: string;
  readonly at: Date;
}

export const PARTITION_STATES = ['current', 'dirty', 'failed'] as const;

/** A partition as the control plane knows it; '' is that of a table without partitions. */
export interface DatasetPartition extends PartitionRef {
  /** `dirty`: it is to be built. `failed`: a build has tried, and what was there before has stayed. */
  readonly state: (typeof PARTITION_STATES)[number];
  /** Undefined where nothing is there, yet or any more. */
  readonly holds: (ContentHash & { readonly bytes: number; readonly builtAt: Date }) | undefined;
  /** Why it could not be built. */
  readonly error: string | undefined;
}

/** Datasets of the control plane, as one transaction of a tenant sees them. */
export interface DatasetStore {
  /** Turns a dataset on, or on again. Throws CONFLICT where another connection has. */
  turnOn(dataset: DatasetRef, connectionId: string): Promise<Dataset>;
  find(tenantId: string, id: string): Promise<Dataset | undefined>;
  byConnection(tenantId: string, connectionId: string): Promise<Dataset | undefined>;
  list(tenantId: string): Promise<readonly Dataset[]>;
  /** The ledger, newest first. */
  loads(
    dataset: DatasetRef,
    filter: { readonly state?: DatasetLoad['state']; readonly source?: string },
    page: PageRequest,
  ): Promise<Page<DatasetLoad>>;
  /** Rows that were not taken, newest first. */
  quarantine(
    dataset: DatasetRef,
    filter: { readonly source?: string; readonly object?: string },
    page: PageRequest,
  ): Promise<Page<QuarantinedRow>>;
  /** How many rows are in quarantine. */
  quarantined(dataset: DatasetRef): Promise<number>;
  /** By table and partition. `after` of the page is what `next` of the one before was. */
  partitions(
    dataset: DatasetRef,
    filter: { readonly table?: string; readonly state?: DatasetPartition['state'] },
    page: PageRequest,
  ): Promise<Page<DatasetPartition>>;
}

/** Datasets of all tenants, for what is done periodically and for webhooks, whose tenant is not known before. */
export interface DatasetDirectory {
  /** Those that are on. */
  datasets(): Promise<readonly Dataset[]>;
  /** On or off. */
  find(dataset: DatasetRef): Promise<Dataset | undefined>;
  /** The one that a connection has turned on, and whose it is. */
  byConnection(connectionId: string): Promise<(Dataset & { readonly tenantName: string }) | undefined>;
}
