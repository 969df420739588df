import type { JsonObject } from '../../core/kernel/json.ts';
import type { AuditStore } from '../../core/kernel/stores/tenancy.ts';
import { cut, pageOptions } from './page.ts';
import type { Session } from './transaction.ts';

export function auditStore({ models, transaction }: Session): AuditStore {
  return {
    async insert({ detail, ...event }) {
      await models.AuditEvent.create({ ...event, ...(detail && { detail }) }, { transaction });
    },
    async list(tenantId, filter, page) {
      const rows = await models.AuditEvent.findAll({
        ...pageOptions({ tenantId, ...filter }, page),
        transaction,
      });
      return cut(rows, page, (row) => ({
        tenantId,
        id: row.id,
        actor: row.actor,
        action: row.action,
        subject: row.subject,
        detail: (row.detail ?? undefined) as JsonObject | undefined,
        createdAt: row.createdAt,
      }));
    },
  };
}
