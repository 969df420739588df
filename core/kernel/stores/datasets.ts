import type { Page, PageRequest } from './page.ts';
import type { DatasetRef, LoadCounts, Quarantined } from './operational.ts';

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
  readonly id: number;
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
  readonly id: number;
  readonly loadId: number;
  readonly source: string;
  readonly object: string;
  readonly at: Date;
}

/** Datasets of the control plane, as one transaction of a tenant sees them. */
export interface DatasetStore {
  /** Turns a dataset on, or on again. Throws CONFLICT where another connection has. */
  turnOn(dataset: DatasetRef, connectionId: string): Promise<Dataset>;
  find(tenantId: string, id: string): Promise<Dataset | undefined>;
  byConnection(tenantId: string, connectionId: string): Promise<Dataset | undefined>;
  list(tenantId: string): Promise<readonly Dataset[]>;
  loads(dataset: DatasetRef, filter: { readonly state?: DatasetLoad['state']; readonly source?: string }, page: PageRequest): Promise<Page<DatasetLoad>>;
  quarantine(dataset: DatasetRef, filter: { readonly source?: string; readonly object?: string }, page: PageRequest): Promise<Page<QuarantinedRow>>;
}

/** Datasets of all tenants, for what is done periodically and for webhooks, whose tenant is not known before. */
export interface DatasetDirectory {
  /** Those that are on. */
  datasets(): Promise<readonly Dataset[]>;
  byConnection(connectionId: string): Promise<Dataset | undefined>;
}
