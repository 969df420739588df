import type { EnvironmentStore } from './compute.ts';
import type { Authorization, AuthorizationStore, ConnectionRecords } from './connections.ts';
import type { DatasetStore } from './datasets.ts';
import type { DefinitionStore, DefinitionVersion } from './definitions.ts';
import type { AutomationStore, Form, FormStore, ResponseStore } from './forms.ts';
import type { IdempotencyStore } from './idempotency.ts';
import type { LogRouteStore } from './log-routes.ts';
import type { LogFamilyStore, LogShardStore, LogTenantStore } from './logs.ts';
import type { RepoStore } from './repos.ts';
import type { RunRecords } from './runs.ts';
import type { Page, PageRequest } from './page.ts';
import type { ApiKey, ApiKeyStore, AuditStore, Tenant, TenantStore } from './tenancy.ts';
import type { UsageStore } from './usage.ts';
import type { UserStore } from './users.ts';

/** All tables of the control plane, as one transaction sees them. */
export interface Stores {
  readonly tenants: TenantStore;
  readonly keys: ApiKeyStore;
  readonly audit: AuditStore;
  readonly idempotency: IdempotencyStore;
  readonly definitions: DefinitionStore;
  readonly connections: ConnectionRecords;
  readonly authorizations: AuthorizationStore;
  readonly forms: FormStore;
  readonly responses: ResponseStore;
  readonly automations: AutomationStore;
  readonly runs: RunRecords;
  readonly users: UserStore;
  readonly repos: RepoStore;
  readonly environments: EnvironmentStore;
  readonly datasets: DatasetStore;
  readonly logShards: LogShardStore;
  readonly logTenants: LogTenantStore;
  readonly logFamilies: LogFamilyStore;
  readonly logRoutes: LogRouteStore;
  readonly usage: UsageStore;
  /** Tells all processes, when the transaction commits, that something they may have cached has changed. */
  changed(change: Change): Promise<void>;
  /** Widens the transaction to a tenant that it is about to make. */
  alsoIn(tenantId: string): Promise<void>;
}

/** A use-case's transactions. Row-level security lets each see the named tenants only; what `use` throws rolls back. */
export interface UnitOfWork {
  within<T>(tenantIds: readonly string[], use: (stores: Stores) => Promise<T>): Promise<T>;
}

/** What is asked before a tenant is known, and by the operator: it sees all tenants, and changes next to nothing. */
export interface Directory {
  keyByHash(hash: Buffer): Promise<ApiKey | undefined>;
  publishedForm(id: string): Promise<Form | undefined>;
  /** Takes the consent away: a state parameter serves once. Undefined where it is unknown or too old. */
  takeAuthorization(stateHash: Buffer): Promise<Authorization | undefined>;
  tenant(id: string): Promise<Tenant | undefined>;
  /** Names are not unique: the oldest of this name. */
  tenantNamed(name: string): Promise<Tenant | undefined>;
  tenants(page: PageRequest): Promise<Page<Tenant>>;
  definition(hash: string): Promise<DefinitionVersion | undefined>;
  addDefinitions(versions: readonly DefinitionVersion[]): Promise<void>;
  /** Forgets idempotency keys older than 24 hours; returns how many. */
  purgeIdempotencyKeys(): Promise<number>;
  /** Throws where the database does not answer. */
  ping(): Promise<void>;
}

/** `logEvents`: a family that somebody tails has new ones. `logRoute`: other families of the tenant are forwarded. */
export const CHANGE_NOUNS = ['form', 'connection', 'key', 'logFamily', 'logRoute', 'logShard', 'logEvents'] as const;

export interface Change {
  readonly noun: (typeof CHANGE_NOUNS)[number];
  readonly tenantId: string;
  /** Its id, or its name where that is what it is known by. */
  readonly id: string;
}

/** News of other processes' changes. */
export interface ChangeFeed {
  /** False while the news may be incomplete: then nothing cached may be trusted. */
  readonly live: boolean;
  /** Calls back for each change, and with undefined when all that is cached is to be forgotten. */
  subscribe(listener: (change: Change | undefined) => void): () => void;
}
