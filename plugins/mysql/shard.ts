import type { LogShard } from '../../core/sdk.ts';
import { writer } from './accounts.ts';
import { append } from './append.ts';
import { purgeKeys } from './idempotency.ts';
import { bind } from './literal.ts';
import { namesOf, quoted } from './names.ts';
import { clearOutbox, readOutbox } from './outbox.ts';
import { query } from './query.ts';
import { Server } from './server.ts';
import { CONNECT_TIMEOUT, type Session } from './session.ts';
import { ensureTable } from './tables.ts';
import { dropTenant, openTenant, storageOf } from './tenants.ts';

/** Ms that a writer waits for one of the tenant's connections. */
const PATIENCE = { ms: 10_000 };

/** Ms between two looks for keys that are over, a tenant and process. */
const PURGE_EVERY = 600_000;

/** A MySQL-protocol server as a log shard. */
export function openShard(url: string, name: string): LogShard {
  const server = new Server(url, name);
  const purged = new Map<string, number>();
  const purgeWhenDue = async (session: Session, tenantId: string): Promise<void> => {
    const now = Date.now();
    if (now - (purged.get(tenantId) ?? 0) < PURGE_EVERY) return;
    purged.set(tenantId, now);
    // What it leaves behind, the next one finds: the rows are in, and that is what the caller asked for.
    await purgeKeys(session).catch(() => undefined);
  };
  return {
    dialect: 'mysql',
    capabilities: { textNul: true },
    homeOf: (tenant) => namesOf(tenant).database,
    ping: () => server.administer(async (session) => void (await session.run('DO 0', CONNECT_TIMEOUT))),
    openTenant: (tenant) => openTenant(server, tenant),
    ensureTable: (tenant, family, columns, epoch) => ensureTable(server, tenant, family, columns, epoch),
    async append(tenant, batches, guard) {
      const { maxPacket } = await server.facts();
      return server.use(writer(tenant), PATIENCE, async (session) => {
        const outcome = await append(session, maxPacket, batches, guard);
        if (guard.keys.length > 0) await purgeWhenDue(session, tenant.tenantId);
        return outcome;
      });
    },
    outbox: (tenant, limit) => server.use(writer(tenant), PATIENCE, (session) => readOutbox(session, limit)),
    clearOutbox: (tenant, notes) => server.use(writer(tenant), PATIENCE, (session) => clearOutbox(session, notes)),
    query: (tenant, statement, limits, signal) => query(server, tenant, statement, limits, signal),
    async purge(tenant, family, { sql, values }, limit) {
      const rows = `DELETE FROM ${quoted(family)} WHERE ${bind(sql, values)} ORDER BY id LIMIT ${BigInt(limit)}`;
      return (await server.use(writer(tenant), PATIENCE, (session) => session.run(rows))).affected;
    },
    storage: (tenant) => storageOf(server, tenant),
    dropTenant(tenant) {
      purged.delete(tenant.tenantId);
      return dropTenant(server, tenant);
    },
    async close() {
      server.close();
    },
  };
}
