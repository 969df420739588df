import { notFound } from '../../kernel/errors.ts';
import { uuid5, uuid7 } from '../../kernel/ids.ts';
import { OPERATOR } from '../../kernel/stores/idempotency.ts';
import type { Directory, Stores, UnitOfWork } from '../../kernel/stores/stores.ts';
import type { Tenant } from '../../kernel/stores/tenancy.ts';
import { audit } from '../audit/record.ts';
import { addKey } from '../keys/api-keys.ts';

/** Makes a tenant with its data key and an owner's API key, which is returned once. */
export async function createTenant(
  stores: Stores,
  actor: string,
  wanted: { readonly name: string },
): Promise<{ tenant: Tenant; apiKey: string }> {
  const createdAt = new Date();
  const tenant = { id: uuid7(createdAt.getTime()), name: wanted.name, createdAt };
  await insertTenant(stores, actor, tenant);
  const { secret } = await addKey(stores, {
    tenantId: tenant.id,
    name: 'Owner',
    role: 'owner',
    scopes: ['*'],
    expiresAt: undefined,
  });
  return { tenant, apiKey: secret };
}

/**
 * The tenant of a name, made without a key where there is none. Processes that start together make one: its id comes from the
 * name, and a table holds an id once.
 */
export async function ensureTenant(
  on: { readonly work: UnitOfWork; readonly directory: Pick<Directory, 'tenantNamed'> },
  name: string,
): Promise<Tenant> {
  const known = await on.directory.tenantNamed(name);
  if (known) return known;
  const tenant = { id: uuid5(BY_NAME, name), name, createdAt: new Date() };
  try {
    await on.work.within([OPERATOR], (stores) => insertTenant(stores, 'root', tenant));
    return tenant;
  } catch (error) {
    const others = await on.directory.tenantNamed(name);
    if (others) return others;
    throw error;
  }
}

/** The namespace of ids that come from a tenant's name; a UUID made for it. */
const BY_NAME = 'b1f4c1de-6a3e-4b0c-9d0f-3f7f0f6f2a51';

async function insertTenant(stores: Stores, actor: string, tenant: Tenant): Promise<void> {
  await stores.alsoIn(tenant.id);
  await stores.tenants.insert(tenant);
  await audit(stores, { tenantId: tenant.id, actor }, 'tenant.create', `tenant:${tenant.id}`, {
    name: tenant.name,
  });
}

export async function findTenant(stores: Stores, id: string): Promise<Tenant> {
  const tenant = await stores.tenants.find(id);
  if (!tenant) throw notFound('tenant');
  return tenant;
}
