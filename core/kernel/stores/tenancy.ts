import type { JsonObject } from '../json.ts';
import type { Page, PageRequest } from './page.ts';

export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
}

export interface TenantStore {
  /** Adds the tenant with a data key of its own, wrapped with the master key. */
  insert(tenant: Tenant): Promise<void>;
  find(id: string): Promise<Tenant | undefined>;
}

export const ROLES = ['owner', 'admin', 'member', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** An API key as it is kept: the key itself is known by its SHA-256 only. */
export interface ApiKey {
  readonly tenantId: string;
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly scopes: readonly string[];
  readonly prefix: string;
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  readonly createdAt: Date;
}

export interface ApiKeyStore {
  insert(key: ApiKey, hash: Buffer): Promise<void>;
  find(tenantId: string, id: string): Promise<ApiKey | undefined>;
  /** Keys not revoked. */
  list(tenantId: string, page: PageRequest): Promise<Page<ApiKey>>;
  /** False where there is no such key, or it was revoked before. */
  revoke(tenantId: string, id: string): Promise<boolean>;
}

/** A change that somebody answers for. `subject` is `<noun>:<id>`. */
export interface AuditEvent {
  readonly tenantId: string;
  readonly id: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: JsonObject | undefined;
  readonly createdAt: Date;
}

export interface AuditStore {
  insert(event: AuditEvent): Promise<void>;
  list(tenantId: string, filter: AuditFilter, page: PageRequest): Promise<Page<AuditEvent>>;
}

export interface AuditFilter {
  readonly subject?: string;
  readonly action?: string;
}
