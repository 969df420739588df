import type { Json } from './json.ts';

/** Types as a schema declares them. `describe` shows string as text; the others by their own name. */
export const LOG_TYPES = ['string', 'int', 'float', 'bool', 'timestamp', 'json'] as const;
export type LogType = (typeof LOG_TYPES)[number];

/** One column of a family's table. `id` and `_time` are every table's and are not listed. All are nullable. */
export interface LogColumn {
  readonly name: string;
  readonly type: LogType;
}

/** A tenant on a shard: its database (MySQL) or schema (PostgreSQL) and the two users of its own. */
export interface ShardTenant {
  readonly tenantId: string;
  /** Password of both users; derived and kept by the control plane, never shown in an answer or log. */
  readonly password: string;
}

/**
 * A value ready for storage, checked before: text for string, json (as JSON text), timestamp (`YYYY-MM-DD HH:MM:SS.ffffff`,
 * UTC) and int beyond 2^53; number for int and float; boolean for bool.
 */
export type LogValue = string | number | boolean | null;

/** Rows for one family, all or nothing. */
export interface AppendBatch {
  readonly family: string;
  readonly columns: readonly LogColumn[];
  /** Ids are `firstId`, `firstId + 1`, ... in the order of the rows; below 2^53. */
  readonly firstId: number;
  /** A row's values in the order of `columns`. */
  readonly rows: readonly (readonly LogValue[])[];
  /** Receipt, ms since the epoch. */
  readonly time: number;
}

/** What commits with batches: the fence that refuses a stale writer, and idempotency keys. */
export interface AppendGuard {
  /** Epoch of each family's slices as the writer knows it; an older one than the shard's is refused. */
  readonly epochs: Readonly<Record<string, number>>;
  readonly keys: readonly { readonly key: string; readonly bodyHash: string }[];
  /** Families whose batches are noted in the tenant's outbox, for somebody to forward them. */
  readonly noted?: readonly string[];
}

/** A batch that was written and is to be forwarded. Notes are not in the order of commits. */
export interface BatchNote {
  /** Tells notes of one tenant on one shard apart. */
  readonly seq: string;
  readonly family: string;
  readonly firstId: number;
  readonly count: number;
  /** About as many as its events take as JSON. */
  readonly bytes: number;
}

/** Of a value that is no text, about as much as its JSON takes; and of a column's name beside it. */
const ABOUT = 8;

/** About as many bytes as a batch's events take as JSON. */
export function aboutBytes({ columns, rows }: AppendBatch): number {
  const names = columns.reduce((sum, { name }) => sum + name.length + 4, 0);
  const values = rows.reduce(
    (sum, row) => row.reduce<number>((size, value) => size + (typeof value === 'string' ? value.length + 2 : ABOUT), sum),
    0,
  );
  return rows.length * names + values;
}

export type AppendOutcome =
  | { readonly outcome: 'appended' }
  /** The writer's epoch of a family is old: read the placement again. */
  | { readonly outcome: 'fenced'; readonly family: string }
  /** A key was used before, with this body's hash. Nothing was written. */
  | { readonly outcome: 'repeated'; readonly key: string; readonly bodyHash: string };

/** A statement that we have emitted: values are bound, never in the text. */
export interface LogStatement {
  readonly sql: string;
  readonly values: readonly LogValue[];
}

export interface QueryLimits {
  readonly timeoutMs: number;
  readonly maxRows: number;
  readonly maxBytes: number;
}

/**
 * Columns by position; the caller knows each column's LogType. As every store answers: int is a number where it is a
 * safe integer, else text; float a number; decimals text; timestamps `YYYY-MM-DD HH:MM:SS.ffffff`; text and json text.
 * bool is 0 or 1 on MySQL and true or false on PostgreSQL.
 */
export interface LogRows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Json[])[];
}

/** One server that holds families of many tenants. Methods throw LogStoreError for what a caller must tell apart. */
export interface LogShard {
  readonly dialect: 'mysql' | 'postgres';
  readonly capabilities: {
    /** Whether text may hold U+0000. */
    readonly textNul: boolean;
  };
  /** What a statement calls the tenant's database or schema. */
  homeOf(tenant: Pick<ShardTenant, 'tenantId'>): string;
  /** Throws LogStoreError `unavailable` within its connect timeout where the server does not answer. */
  ping(): Promise<void>;
  /** Makes the tenant's database and users where they are missing. Safe to repeat and to run at the same time. */
  openTenant(tenant: ShardTenant): Promise<void>;
  /** Makes the table where it is missing, and adds the columns it lacks, in one statement. Safe to run at the same time. */
  ensureTable(tenant: ShardTenant, family: string, columns: readonly LogColumn[], epoch: number): Promise<void>;
  /** Writes batches of one tenant in one transaction, durable when it resolves. */
  append(tenant: ShardTenant, batches: readonly AppendBatch[], guard: AppendGuard): Promise<AppendOutcome>;
  /** The oldest notes of the tenant's outbox, up to `limit`. */
  outbox(tenant: ShardTenant, limit: number): Promise<readonly BatchNote[]>;
  /** Takes notes off the outbox; those that are gone already do not matter. */
  clearOutbox(tenant: ShardTenant, notes: readonly BatchNote[]): Promise<void>;
  /** Runs a query as the tenant's read-only user, in a read-only transaction; cancelled when `signal` aborts. */
  query(tenant: ShardTenant, statement: LogStatement, limits: QueryLimits, signal?: AbortSignal): Promise<LogRows>;
  /** Deletes up to `limit` rows of a family that a statement's condition matches; returns how many. */
  purge(tenant: ShardTenant, family: string, condition: LogStatement, limit: number): Promise<number>;
  /** Bytes that a tenant's tables take, by family. */
  storage(tenant: ShardTenant): Promise<Readonly<Record<string, number>>>;
  dropTenant(tenant: ShardTenant): Promise<void>;
  close(): Promise<void>;
}

/** `uncomputable`: a query that the rows it meets have no answer to, such as a number beyond its type's range. */
export type LogStoreFault =
  | 'unavailable'
  | 'timeout'
  | 'too_large'
  | 'cancelled'
  | 'locked'
  | 'denied'
  | 'uncomputable'
  | 'refused';

/** What a shard says that a caller must tell apart. `message` names the shard's server, never a password. */
export class LogStoreError extends Error {
  override readonly name = 'LogStoreError';
  readonly fault: LogStoreFault;

  constructor(fault: LogStoreFault, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.fault = fault;
  }
}

/** A kind of server that can hold logs. */
export interface LogStore {
  readonly type: 'logStore';
  readonly name: string;
  readonly summary: string;
  /** Of the URLs it opens, for example `mysql:`. */
  readonly protocols: readonly string[];
  /** A URL as an operator writes it. */
  readonly example: string;
  /** Connects when first used. `url` is an administrator's: it makes databases and users. */
  open(url: string, options: { readonly name: string }): LogShard;
}
