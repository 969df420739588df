import type { LogTenantStore } from '../../core/kernel/stores/logs.ts';
import { dataKeyOf } from './tenant-store.ts';
import type { Session } from './transaction.ts';

// Two that come first together wait for each other here, and the second finds the first one's password.
const ADD = `
  INSERT INTO log_tenants (tenant_id, shard, password) VALUES ($1, $2, $3) ON CONFLICT (tenant_id, shard) DO NOTHING`;

const place = (shard: string): string[] => ['log_tenants.password', shard];

export function logTenantStore(session: Session): LogTenantStore {
  const { models, transaction, client, vault } = session;
  return {
    async password(tenantId, shard, fresh) {
      const key = await dataKeyOf(session, tenantId);
      const find = () => models.LogTenant.findOne({ where: { tenantId, shard }, transaction });
      let row = await find();
      if (row === null) {
        await client.query(ADD, [tenantId, shard, vault.seal(tenantId, key, place(shard), fresh)]);
        row = await find();
      }
      if (row === null)
        throw new Error(`The tenant ${tenantId} could not be recorded on the shard ${shard}.`);
      return vault.unseal(tenantId, key, place(shard), row.password);
    },
    async shards(tenantId) {
      const rows = await models.LogTenant.findAll({ where: { tenantId }, order: ['shard'], transaction });
      return rows.map(({ shard }) => shard);
    },
    async setBytes(tenantId, shard, bytes) {
      await models.LogTenant.update({ bytes }, { where: { tenantId, shard }, transaction });
    },
    async pin(tenantId) {
      const row = await models.LogPin.findByPk(tenantId, { transaction });
      return row?.shard;
    },
    async setPin(tenantId, shard) {
      await models.LogPin.upsert({ tenantId, shard }, { transaction });
    },
  };
}
