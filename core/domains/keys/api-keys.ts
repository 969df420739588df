import { createHash, randomBytes } from 'node:crypto';
import { notFound, SluiceError } from '../../kernel/errors.ts';
import { uuid7 } from '../../kernel/ids.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import type { ApiKey, Role } from '../../kernel/stores/tenancy.ts';
import { audit, type Actor } from '../audit/record.ts';
import { checkGrantable } from './scopes.ts';

/** What every API key begins with, so that leak scanners and people know one. */
export const KEY_PREFIX = 'slk_';

export interface NewApiKey {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresAt?: string;
}

/** Makes a key that may do no more than its maker. The secret is returned once and kept as its SHA-256 only. */
export async function createApiKey(
  stores: Stores,
  who: Actor & { readonly role: Role; readonly scopes: ReadonlySet<string> },
  wanted: NewApiKey,
): Promise<{ key: ApiKey; secret: string }> {
  checkGrantable(wanted.scopes, who.scopes);
  // `*` under a role would be more than a restricted maker has.
  const scopes = wanted.scopes.includes('*') ? [...who.scopes] : [...new Set(wanted.scopes)];
  const expiresAt = wanted.expiresAt === undefined ? undefined : new Date(wanted.expiresAt);
  if (expiresAt && expiresAt.getTime() <= Date.now()) {
    const message = `${wanted.expiresAt} is past: the key would never work.`;
    throw new SluiceError('VALIDATION_FAILED', message, { errors: [{ path: '/expiresAt', message }] });
  }
  const made = await addKey(stores, {
    tenantId: who.tenantId,
    name: wanted.name,
    role: who.role,
    scopes,
    expiresAt,
  });
  await audit(stores, { tenantId: who.tenantId, actor: who.actor }, 'key.create', `key:${made.key.id}`, {
    name: wanted.name,
    scopes,
  });
  return made;
}

export async function addKey(
  stores: Stores,
  wanted: Pick<ApiKey, 'tenantId' | 'name' | 'role' | 'scopes' | 'expiresAt'>,
): Promise<{ key: ApiKey; secret: string }> {
  const secret = KEY_PREFIX + randomBytes(32).toString('base64url');
  const createdAt = new Date();
  const key: ApiKey = {
    ...wanted,
    id: uuid7(createdAt.getTime()),
    prefix: secret.slice(0, KEY_PREFIX.length + 6),
    revokedAt: undefined,
    createdAt,
  };
  await stores.keys.insert(key, createHash('sha256').update(secret).digest());
  return { key, secret };
}

export async function findApiKey(stores: Stores, tenantId: string, id: string): Promise<ApiKey> {
  const key = await stores.keys.find(tenantId, id);
  if (!key || key.revokedAt) throw notFound('API key');
  return key;
}

/** From the commit on no process accepts it (each within the time a notification takes). */
export async function revokeApiKey(stores: Stores, who: Actor, key: ApiKey): Promise<void> {
  if (!(await stores.keys.revoke(who.tenantId, key.id))) throw notFound('API key');
  await audit(stores, who, 'key.revoke', `key:${key.id}`, { name: key.name });
  await stores.changed({ noun: 'key', tenantId: who.tenantId, id: key.id });
}
