import type { ShardTenant } from '../../core/sdk.ts';
import type { Account } from './connections.ts';
import { namesOf } from './names.ts';

/** A tenant's user has at most four connections. One of the reader's is kept for cancelling its queries. */
const CONNECTIONS = 4;

export function writer(tenant: ShardTenant): Account {
  const { database, readWrite } = namesOf(tenant);
  const login = { user: readWrite, password: tenant.password, database };
  return { ...login, key: readWrite, limit: CONNECTIONS, purpose: 'write' };
}

export function reader(tenant: ShardTenant): Account {
  const { database, readOnly } = namesOf(tenant);
  const login = { user: readOnly, password: tenant.password, database };
  return { ...login, key: readOnly, limit: CONNECTIONS - 1, purpose: 'read' };
}

/** The reader again: a user may end statements of its own, and needs no right for it. */
export function canceller(tenant: ShardTenant): Account {
  const account = reader(tenant);
  return { ...account, key: `${account.key} cancel`, limit: 1, purpose: 'cancel' };
}
