import type { LogColumn } from '../logs.ts';
import type { LogForwarding } from './log-routes.ts';

export const SHARD_STATES = ['active', 'draining', 'down'] as const;
/** `draining` takes no new families; `down` is not asked at all. */
export type ShardState = (typeof SHARD_STATES)[number];

/** A server that holds logs. */
export interface LogShardRecord {
  readonly name: string;
  /** The plugin that speaks its protocol. */
  readonly store: string;
  /** An administrator's: never to be shown or logged. */
  readonly url: string;
  /** Families are spread in proportion; 0 takes none but of tenants pinned to it. */
  readonly weight: number;
  readonly state: ShardState;
  readonly createdAt: Date;
}

/** The servers, which are the operator's: seen within the tenant OPERATOR only. */
export interface LogShardStore {
  list(): Promise<readonly LogShardRecord[]>;
  find(name: string): Promise<LogShardRecord | undefined>;
  /** Adds it, or gives the one of its name another store and URL. */
  put(shard: Omit<LogShardRecord, 'createdAt' | 'state'>): Promise<void>;
  change(name: string, change: { readonly weight?: number; readonly state?: ShardState }): Promise<boolean>;
}

export interface LogTenantStore {
  /** The password of the tenant's users on the shard: the one on record, else this one, recorded now. */
  password(tenantId: string, shard: string, fresh: string): Promise<string>;
  /** The shards that hold the tenant. */
  shards(tenantId: string): Promise<readonly string[]>;
  setBytes(tenantId: string, shard: string, bytes: number): Promise<void>;
  /** The shard that takes all new families of the tenant. */
  pin(tenantId: string): Promise<string | undefined>;
  setPin(tenantId: string, shard: string): Promise<void>;
}

/** A column of a family, and the schema version that brought it. */
export interface LogFamilyColumn extends LogColumn {
  readonly version: number;
}

/** Where slices of a family are, and since which epoch. */
export interface LogHome {
  readonly shard: string;
  readonly epoch: number;
}

export interface LogFamily {
  readonly tenantId: string;
  readonly name: string;
  /** In the order in which they came. */
  readonly columns: readonly LogFamilyColumn[];
  readonly version: number;
  /** The schema version its table has for certain: later columns may be missing there. */
  readonly applied: number;
  /** One, as long as a family is not split. */
  readonly homes: readonly LogHome[];
  readonly retentionDays: number | undefined;
  /** Processes that tail it. */
  readonly tailedBy: readonly string[];
  /** Some enabled route is for it: its batches are noted with their rows. */
  readonly forwarded: boolean;
  readonly createdAt: Date;
}

export interface LogFamilyStore {
  /** By name. */
  list(tenantId: string): Promise<readonly LogFamily[]>;
  /** Whatever the case of the name. */
  find(tenantId: string, name: string): Promise<LogFamily | undefined>;
  /** The same, and nobody else changes it until the transaction ends. */
  lock(tenantId: string, name: string): Promise<LogFamily | undefined>;
  /** Makes a family without columns, all its slices on one shard. Does nothing where it is there, in whatever case. */
  insert(tenantId: string, name: string, shard: string): Promise<void>;
  /** Adds columns under a new schema version; returns the family as it is then. */
  addColumns(family: LogFamily, columns: readonly LogColumn[]): Promise<LogFamily>;
  /** Records that the table has the columns of this version. */
  setApplied(tenantId: string, name: string, version: number): Promise<void>;
  setRetention(tenantId: string, name: string, days: number | undefined): Promise<void>;
  /** Takes `count` ids that were never given out; returns the first. Undefined where they would reach 2^53. */
  takeIds(tenantId: string, name: string, count: number): Promise<number | undefined>;
  /** Gives back the ids from `from` to below `end`, where none was taken since. */
  returnIds(tenantId: string, name: string, from: number, end: number): Promise<void>;
  /**
   * Records that a process tails the family, for so many seconds from now; undefined where there is none.
   * @returns the id below which none is going to be used any more, and whether the process is new to the family
   */
  tail(
    tenantId: string,
    name: string,
    process: string,
    seconds: number,
  ): Promise<{ readonly floor: number; readonly isNew: boolean } | undefined>;
}

/** What a shard holds, over all tenants. */
export interface ShardLoad {
  readonly families: number;
  readonly bytes: number;
}

/** What is asked across tenants. */
export interface LogDirectory {
  readonly forwarding: LogForwarding;
  load(): Promise<ReadonlyMap<string, ShardLoad>>;
  /** Families that have a retention of their own; or all of them, where there is one for the others. */
  retained(all: boolean): Promise<readonly { readonly tenantId: string; readonly name: string }[]>;
  /** Tenants and the shards that hold them. */
  tenants(): Promise<readonly { readonly tenantId: string; readonly shard: string }[]>;
  /**
   * Says whose body a tenant's idempotency key stands for, for 24 hours: this one, unless it was claimed before. Shards
   * keep keys of their own; this tells one body from another where a tenant is on several.
   */
  claimKey(tenantId: string, key: string, bodyHash: string): Promise<string>;
}
