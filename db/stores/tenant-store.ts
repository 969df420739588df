import type { Tenant, TenantStore } from '../../core/kernel/stores/tenancy.ts';
import type { WrappedKey } from '../vault.ts';
import type { Session } from './transaction.ts';

export function tenantStore({ models, transaction, vault }: Session): TenantStore {
  return {
    async insert(tenant) {
      await models.Tenant.create({ ...tenant, ...vault.newDataKey(tenant.id) }, { transaction });
    },
    async find(id) {
      const row = await models.Tenant.findByPk(id, { transaction });
      return row === null ? undefined : showTenant(row);
    },
  };
}

export function showTenant(row: Tenant): Tenant {
  return { id: row.id, name: row.name, createdAt: row.createdAt };
}

/** The tenant's data key, as its row has it. */
export async function dataKeyOf({ models, transaction }: Session, tenantId: string): Promise<WrappedKey> {
  const { dataKey, masterKeyId } = await models.Tenant.findByPk(tenantId, {
    transaction,
    rejectOnEmpty: true,
  });
  return { dataKey, masterKeyId };
}
