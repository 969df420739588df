import { FamilyHome } from '../../../core/domains/logs/reading/family-home.ts';
import type { LogColumn, LogShard, LogValue, QueryLimits } from '../../../core/kernel/logs.ts';
import { uuid7 } from '../../../core/kernel/ids.ts';
import mysqlPlugin from '../../../plugins/mysql/index.ts';
import postgresPlugin from '../../../plugins/postgres/index.ts';
import { createDatabase } from '../../support/database.ts';
import { storeOf } from '../../plugins/log-store.contract.ts';
import { mysqlServers } from '../../support/mysql-servers.ts';

const LIMITS: QueryLimits = { timeoutMs: 20_000, maxRows: 50_000, maxBytes: 16 * 1024 * 1024 };

/** One family, `events`, on a real server of a kind. */
export interface StoredFamily {
  readonly home: FamilyHome;
  readonly shard: LogShard;
  /** The same, asked within other limits. */
  homeWithin(limits: QueryLimits): Promise<FamilyHome>;
  /** Writes rows of all columns, with ids from `firstId` on, received at `time` (ms). */
  append(firstId: number, rows: readonly (readonly LogValue[])[], time: number): Promise<void>;
  close(): Promise<void>;
}

export async function familyOn(
  kind: 'mysql' | 'postgres',
  columns: readonly LogColumn[],
): Promise<StoredFamily> {
  const database = kind === 'postgres' ? await createDatabase() : undefined;
  const url = database?.url ?? (await mysqlServers(1))[0]!;
  const shard = storeOf(kind === 'mysql' ? mysqlPlugin : postgresPlugin).open(url, { name: kind });
  const tenant = { tenantId: uuid7(), password: 'reads-and-writes' };
  await shard.openTenant(tenant);
  await shard.ensureTable(tenant, 'events', columns, 1);
  const family = {
    tenantId: tenant.tenantId,
    name: 'events',
    columns: columns.map((column) => ({ ...column, version: 1 })),
    applied: 1,
    homes: [{ shard: kind, epoch: 1 }],
  };
  const homeWithin = (limits: QueryLimits): Promise<FamilyHome> =>
    FamilyHome.find({ open: async () => shard, tenant: async () => tenant }, family, limits);
  return {
    home: await homeWithin(LIMITS),
    homeWithin,
    shard,
    async append(firstId, rows, time) {
      const sorted = { family: 'events', columns, firstId, rows, time };
      await shard.append(tenant, [sorted], { epochs: { events: 1 }, keys: [] });
    },
    async close() {
      await shard.dropTenant(tenant);
      await shard.close();
      await database?.drop();
    },
  };
}
