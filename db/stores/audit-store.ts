import type { JsonObject } from '../../core/kernel/json.ts';
import type { AuditStore } from '../../core/kernel/stores/tenancy.ts';
import { cut, pageOptions } from './page.ts';
import type { Session } from './transaction.ts';

// In a statement of its own: every change writes one, and a model takes ten times as long to put it together.
const INSERT = `
  INSERT INTO audit_events (tenant_id, id, actor, action, subject, detail, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`;

export function auditStore({ models, transaction, client, unawaited }: Session): AuditStore {
  return {
    async insert({ tenantId, id, actor, action, subject, detail, createdAt }) {
      const values = [tenantId, id, actor, action, subject, detail === undefined ? null : JSON.stringify(detail), createdAt];
      unawaited(client.query({ name: 'audit-insert', text: INSERT, values }));
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
