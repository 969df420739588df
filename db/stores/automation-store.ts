import type { Automation, AutomationStore } from '../../core/kernel/stores/forms.ts';
import type { Automation as AutomationRow } from '../models/automation.ts';
import type { Session } from './transaction.ts';

export function automationStore({ models, transaction }: Session): AutomationStore {
  const all = async (where: {
    tenantId: string;
    source?: string;
    sourceId?: string;
    connectionId?: string;
  }) => {
    const rows = await models.Automation.findAll({ where, order: [['id', 'ASC']], transaction });
    return rows.map(showAutomation);
  };
  return {
    async insert(automation) {
      await models.Automation.create(columns(automation), { transaction, silent: true });
    },
    async find(tenantId, id) {
      const row = await models.Automation.findOne({ where: { tenantId, id }, transaction });
      return row === null ? undefined : showAutomation(row);
    },
    bySource: (tenantId, source, sourceId) => all({ tenantId, source, sourceId }),
    byConnection: (tenantId, connectionId) => all({ tenantId, connectionId }),
    async update(automation) {
      const { tenantId, id } = automation;
      const row = await models.Automation.findOne({
        where: { tenantId, id },
        transaction,
        rejectOnEmpty: true,
      });
      row.set(columns(automation));
      return showAutomation(await row.save({ transaction }));
    },
    async delete(tenantId, id) {
      await models.Automation.destroy({ where: { tenantId, id }, transaction });
    },
  };
}

function columns({ connectionId, condition, ...automation }: Automation) {
  return { ...automation, connectionId: connectionId ?? null, condition: condition ?? null };
}

function showAutomation(row: AutomationRow): Automation {
  const { tenantId, id, source, sourceId, definition, action, input, enabled, createdAt, updatedAt } = row;
  return {
    tenantId,
    id,
    source,
    sourceId,
    definition,
    action,
    input,
    enabled,
    createdAt,
    updatedAt,
    connectionId: row.connectionId ?? undefined,
    condition: row.condition ?? undefined,
  };
}
