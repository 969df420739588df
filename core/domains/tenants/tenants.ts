import { notFound } from '../../kernel/errors.ts';
import { uuid7 } from '../../kernel/ids.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
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
  await stores.alsoIn(tenant.id);
  await stores.tenants.insert(tenant);
  const { secret } = await addKey(stores, {
    tenantId: tenant.id,
    name: 'Owner',
    role: 'owner',
    scopes: ['*'],
    expiresAt: undefined,
  });
  await audit(stores, { tenantId: tenant.id, actor }, 'tenant.create', `tenant:${tenant.id}`, {
    name: tenant.name,
  });
  return { tenant, apiKey: secret };
}

export async function findTenant(stores: Stores, id: string): Promise<Tenant> {
  const tenant = await stores.tenants.find(id);
  if (!tenant) throw notFound('tenant');
  return tenant;
}
