import type { LogShard, ShardTenant } from '../../core/sdk.ts';
import { CONNECT_TIMEOUT } from './address.ts';
import { append } from './append.ts';
import { purgeKeys } from './idempotency.ts';
import { asTenant, namesOf, quoted } from './names.ts';
import { clearOutbox, readOutbox } from './outbox.ts';
import { query } from './query.ts';
import { Server } from './server.ts';
import type { Session } from './session.ts';
import { ensureTable } from './tables.ts';
import { dropTenant, openTenant, storageOf } from './tenants.ts';
import { transaction } from './transaction.ts';

/** Ms that a writer waits for one of the tenant's connections. */
const PATIENCE = { ms: 10_000, late: 'unavailable' } as const;

/** Ms between two looks for keys that are over, a tenant and process. */
const PURGE_EVERY = 600_000;

/** A PostgreSQL database as a log shard. */
export function openShard(url: string, name: string): LogShard {
  const server = new Server(url, name);
  const purged = new Map<string, number>();
  const purgeWhenDue = async (session: Session, schema: string): Promise<void> => {
    const now = Date.now();
    if (now - (purged.get(schema) ?? 0) < PURGE_EVERY) return;
    purged.set(schema, now);
    // What it leaves behind, the next one finds: the rows are in, and that is what the caller asked for.
    await purgeKeys(session, schema).catch(() => undefined);
  };
  const asWriter = <T>(tenant: ShardTenant, work: (session: Session) => Promise<T>): Promise<T> => {
    const { schema, readWrite } = namesOf(tenant);
    const begin = `BEGIN; ${asTenant(readWrite, schema)}`;
    return server.use(schema, PATIENCE, (session) => transaction(session, () => work(session), { begin }));
  };
  return {
    dialect: 'postgres',
    capabilities: { textNul: false },
    homeOf: (tenant) => namesOf(tenant).schema,
    ping: () => server.administer(async (session) => void (await session.send('SELECT 1', CONNECT_TIMEOUT))),
    openTenant: (tenant) => openTenant(server, tenant),
    ensureTable: (tenant, family, columns, epoch) => ensureTable(server, tenant, family, columns, epoch),
    append(tenant, batches, guard) {
      const { schema } = namesOf(tenant);
      return server.use(schema, PATIENCE, async (session) => {
        const outcome = await append(session, tenant, batches, guard);
        if (guard.keys.length > 0) await purgeWhenDue(session, schema);
        return outcome;
      });
    },
    outbox: (tenant, limit) => asWriter(tenant, (session) => readOutbox(session, limit)),
    clearOutbox: (tenant, notes) => asWriter(tenant, (session) => clearOutbox(session, notes)),
    query: (tenant, statement, limits, signal) => query(server, tenant, statement, limits, signal),
    purge(tenant, family, { sql, values }, limit) {
      const table = quoted(family);
      const rows = `SELECT id FROM ${table} WHERE ${sql} ORDER BY id LIMIT ${BigInt(limit)}`;
      return asWriter(
        tenant,
        async (session) => (await session.run(`DELETE FROM ${table} WHERE id IN (${rows})`, values)).affected,
      );
    },
    storage: (tenant) => storageOf(server, tenant),
    dropTenant(tenant) {
      purged.delete(namesOf(tenant).schema);
      return dropTenant(server, tenant);
    },
    close: () => server.close(),
  };
}
