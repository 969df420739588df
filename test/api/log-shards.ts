import type { Json } from '../../core/kernel/json.ts';
import type { LogFamily } from '../../core/kernel/stores/logs.ts';
import { createDatabase } from '../support/database.ts';
import { testApi, type TestApi, type TestApiOptions } from './test-api.ts';

/** The API with two PostgreSQL databases for logs, as the embedded default has. */
export interface LogApi extends TestApi {
  /** URLs of the shards, by name. */
  readonly shards: Readonly<Record<string, string>>;
  /** What a tenant's family holds on its shard, in the order of ids; undefined where there is no such family. */
  stored(family: string, tenantId?: string): Promise<readonly Readonly<Record<string, Json>>[] | undefined>;
}

export async function logApi(options: TestApiOptions = {}): Promise<LogApi> {
  const [one, two] = [await createDatabase(), await createDatabase()];
  const shards = { logs1: one.url, logs2: two.url };
  const api = await testApi({ logShards: shards, ...options });
  return {
    ...api,
    shards,
    async stored(name, tenantId = api.tenantId) {
      const family = await familyOf(api, tenantId, name);
      const home = family?.homes[0]?.shard;
      if (!family || home === undefined) return undefined;
      const shard = await api.logs.shards.open(home);
      const statement = { sql: `SELECT * FROM "${family.name}" ORDER BY id`, values: [] };
      const limits = { timeoutMs: 10_000, maxRows: 100_000, maxBytes: 1e8 };
      const { columns, rows } = await shard.query(
        await api.logs.shards.tenant(tenantId, home),
        statement,
        limits,
      );
      return rows.map((row) => {
        const shown = columns
          .map((column, i) => [column, row[i]!] as const)
          .filter(([column]) => column !== '_time');
        return Object.fromEntries(shown);
      });
    },
    async close() {
      await api.close();
      await one.drop();
      await two.drop();
    },
  };
}

async function familyOf(api: TestApi, tenantId: string, name: string): Promise<LogFamily | undefined> {
  return api.logs.families.read(tenantId, name);
}
