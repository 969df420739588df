import { LogStoreError, type ShardTenant } from '../../core/sdk.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,59}$/;
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A family's or column's name in backticks. @throws LogStoreError `refused` where it is none. */
export function quoted(name: string): string {
  if (!NAME.test(name)) throw new LogStoreError('refused', `"${name}" cannot name a family or a column.`);
  return `\`${name}\``;
}

/** What belongs to a tenant on a server. */
export interface TenantNames {
  readonly database: string;
  /** The database as GRANT wants it: there `_` stands for any character unless escaped. */
  readonly grantee: string;
  readonly readOnly: string;
  readonly readWrite: string;
}

/**
 * Names derived from the tenant's id alone. MySQL takes user names up to 32 characters, too few for the 32 hex digits
 * of an id and a suffix, so users carry the same number in base 36 (25 digits).
 */
export function namesOf({ tenantId }: Pick<ShardTenant, 'tenantId'>): TenantNames {
  if (!UUID.test(tenantId))
    throw new LogStoreError('refused', `"${tenantId}" is not the id of a tenant (a UUID).`);
  const hex = tenantId.replaceAll('-', '');
  const short = BigInt(`0x${hex}`).toString(36).padStart(25, '0');
  return {
    database: `t_${hex}`,
    grantee: `t\\_${hex}`,
    readOnly: `t${short}_ro`,
    readWrite: `t${short}_rw`,
  };
}
