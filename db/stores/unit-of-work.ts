import type { Stores, UnitOfWork } from '../../core/kernel/stores/stores.ts';
import { defineModels } from '../models/index.ts';
import type { Database } from '../open.ts';
import type { Vault } from '../vault.ts';
import { apiKeyStore } from './api-key-store.ts';
import { auditStore } from './audit-store.ts';
import { authorizationStore } from './authorization-store.ts';
import { automationStore } from './automation-store.ts';
import { announce } from './change-feed.ts';
import { connectionRecords } from './connection-records.ts';
import { definitionStore } from './definition-store.ts';
import { formStore } from './form-store.ts';
import { idempotencyStore } from './idempotency-store.ts';
import { responseStore } from './response-store.ts';
import { runRecords } from './run-records.ts';
import { tenantStore } from './tenant-store.ts';
import { sessionOf, type Session } from './transaction.ts';

/** Transactions of the control plane, each seeing its tenants only. */
export function unitOfWork(db: Pick<Database, 'sequelize' | 'modelsInTenants'>, vault: Vault): UnitOfWork {
  const models = defineModels(db.sequelize);
  return {
    within: (tenantIds, use) =>
      db.modelsInTenants(tenantIds, (transaction) => use(storesOf(sessionOf(transaction, models, vault)))),
  };
}

// Appends to the tenants that the transaction sees already.
const ALSO_IN = `
  SELECT set_config('sluice.tenants', current_setting('sluice.tenants') || ',' || $1::uuid, true)`;

function storesOf(session: Session): Stores {
  const { client } = session;
  return {
    tenants: tenantStore(session),
    keys: apiKeyStore(session),
    audit: auditStore(session),
    idempotency: idempotencyStore(client),
    definitions: definitionStore(client),
    connections: connectionRecords(session),
    authorizations: authorizationStore(session),
    forms: formStore(session),
    responses: responseStore(client),
    automations: automationStore(session),
    runs: runRecords(client),
    changed: (change) => announce(client, change),
    async alsoIn(tenantId) {
      await client.query(ALSO_IN, [tenantId]);
    },
  };
}
