import type { ApiKey, ApiKeyStore } from '../../core/kernel/stores/tenancy.ts';
import { cut, pageOptions } from './page.ts';
import type { Session } from './transaction.ts';

export function apiKeyStore({ models, transaction }: Session): ApiKeyStore {
  return {
    async insert(key, hash) {
      const { expiresAt = null, revokedAt = null, scopes, ...rest } = key;
      await models.ApiKey.create(
        { ...rest, scopes: [...scopes], expiresAt, revokedAt, hash },
        { transaction },
      );
    },
    async find(tenantId, id) {
      const row = await models.ApiKey.findOne({ where: { tenantId, id }, transaction });
      return row === null ? undefined : showKey(row);
    },
    async list(tenantId, page) {
      const rows = await models.ApiKey.findAll({
        ...pageOptions({ tenantId, revokedAt: null }, page),
        transaction,
      });
      return cut(rows, page, showKey);
    },
    async revoke(tenantId, id) {
      const where = { tenantId, id, revokedAt: null };
      const [count] = await models.ApiKey.update({ revokedAt: new Date() }, { where, transaction });
      return count === 1;
    },
  };
}

type Row = Omit<ApiKey, 'expiresAt' | 'revokedAt'> & {
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
};

export function showKey(row: Row): ApiKey {
  const { tenantId, id, name, role, scopes, prefix, createdAt } = row;
  return {
    tenantId,
    id,
    name,
    role,
    scopes,
    prefix,
    createdAt,
    expiresAt: row.expiresAt ?? undefined,
    revokedAt: row.revokedAt ?? undefined,
  };
}
