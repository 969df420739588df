import type { Change, Stores, UnitOfWork } from '../../core/kernel/stores/stores.ts';
import { defineModels } from '../models/index.ts';
import type { Database } from '../open.ts';
import type { Vault } from '../vault.ts';
import { apiKeyStore } from './api-key-store.ts';
import { auditStore } from './audit-store.ts';
import { authorizationStore } from './authorization-store.ts';
import { automationStore } from './automation-store.ts';
import { announce } from './change-feed.ts';
import { connectionRecords } from './connection-records.ts';
import { datasetStore } from './dataset-store.ts';
import { definitionStore } from './definition-store.ts';
import { environmentStore } from './environment-store.ts';
import { formStore } from './form-store.ts';
import { idempotencyStore } from './idempotency-store.ts';
import { logFamilyStore } from './log-family-store.ts';
import { logRouteStore } from './log-route-store.ts';
import { logShardStore } from './log-shard-store.ts';
import { logTenantStore } from './log-tenant-store.ts';
import { repoStore } from './repo-store.ts';
import { responseStore } from './response-store.ts';
import { runRecords } from './run-records.ts';
import { tenantStore } from './tenant-store.ts';
import { sessionOf, type Session } from './transaction.ts';
import { usageStore } from './usage-store.ts';
import { userStore } from './user-store.ts';

/**
 * Transactions of the control plane, each seeing its tenants only.
 * @param tell hears of this process's own changes as soon as they are committed, before whoever made them goes on: a
 *   notification comes later
 */
export function unitOfWork(
  db: Pick<Database, 'sequelize' | 'modelsInTenants'>,
  vault: Vault,
  tell: (change: Change) => void,
): UnitOfWork {
  const models = defineModels(db.sequelize);
  return {
    async within(tenantIds, use) {
      const changes: Change[] = [];
      const result = await db.modelsInTenants(tenantIds, (transaction, unawaited) =>
        use(storesOf(sessionOf(transaction, unawaited, models, vault), changes)),
      );
      changes.forEach(tell);
      return result;
    },
  };
}

// Appends to the tenants that the transaction sees already.
const ALSO_IN = `
  SELECT set_config('sluice.tenants', current_setting('sluice.tenants') || ',' || $1::uuid, true)`;

function storesOf(session: Session, changes: Change[]): Stores {
  const { client } = session;
  return {
    tenants: tenantStore(session),
    keys: apiKeyStore(session),
    audit: auditStore(session),
    idempotency: idempotencyStore(session),
    definitions: definitionStore(client),
    connections: connectionRecords(session),
    authorizations: authorizationStore(session),
    forms: formStore(session),
    responses: responseStore(client),
    automations: automationStore(session),
    runs: runRecords(client),
    users: userStore(session),
    repos: repoStore(session),
    environments: environmentStore(session),
    datasets: datasetStore(session),
    logShards: logShardStore(session),
    logTenants: logTenantStore(session),
    logFamilies: logFamilyStore(session),
    logRoutes: logRouteStore(session),
    usage: usageStore(client),
    async changed(change) {
      await announce(client, change);
      changes.push(change);
    },
    async alsoIn(tenantId) {
      await client.query(ALSO_IN, [tenantId]);
    },
  };
}
