import { LogStoreError, type ShardTenant } from '../../core/sdk.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,59}$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A family's or column's name in double quotes. @throws LogStoreError `refused` where it is none. */
export function quoted(name: string): string {
  if (!NAME.test(name)) throw new LogStoreError('refused', `"${name}" cannot name a family or a column.`);
  return `"${name}"`;
}

/** What belongs to a tenant in a database. Roles are the whole cluster's: shards in one cluster share them. */
export interface TenantNames {
  readonly schema: string;
  readonly readOnly: string;
  readonly readWrite: string;
}

export function namesOf({ tenantId }: Pick<ShardTenant, 'tenantId'>): TenantNames {
  if (!UUID.test(tenantId))
    throw new LogStoreError('refused', `"${tenantId}" is not the id of a tenant (a UUID).`);
  const schema = `t_${tenantId.replaceAll('-', '')}`;
  return { schema, readOnly: `${schema}_ro`, readWrite: `${schema}_rw` };
}

/**
 * Settings of a transaction in a tenant's name. The tenant's tables come first: a family may be named like one of the
 * server's catalogues.
 */
export function asTenant(role: string, schema: string): string {
  return `SET LOCAL ROLE "${role}"; SET LOCAL search_path = "${schema}", pg_catalog, pg_temp`;
}

/** Keeps writers of a family and those who change its table or fence in order. Ends with the transaction. */
export function familyLock(schema: string, family: string, mode: 'shared' | 'exclusive'): string {
  quoted(family);
  const call = mode === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
  return `SELECT ${call}(hashtextextended('${schema}.${family}', 0))`;
}
