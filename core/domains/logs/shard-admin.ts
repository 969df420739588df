import { notFound, SluiceError } from '../../kernel/errors.ts';
import { OPERATOR } from '../../kernel/stores/idempotency.ts';
import type { LogShardRecord, ShardState } from '../../kernel/stores/logs.ts';
import type { Stores } from '../../kernel/stores/stores.ts';

/** A server to be: its name, the plugin that speaks its protocol, an administrator's URL. */
export interface NewShard {
  readonly name: string;
  readonly store: string;
  readonly url: string;
  readonly weight?: number | undefined;
}

/** The operator's use-cases: within the tenant OPERATOR. @throws SluiceError CONFLICT where there is one of that name */
export async function addShard(stores: Stores, shard: NewShard): Promise<LogShardRecord> {
  if (await stores.logShards.find(shard.name)) {
    throw new SluiceError('CONFLICT', `There is a shard "${shard.name}" already.`);
  }
  return putShard(stores, shard);
}

/** Adds a shard, or says where the one of that name is now. */
export async function putShard(stores: Stores, { weight = 1, ...shard }: NewShard): Promise<LogShardRecord> {
  const before = await stores.logShards.find(shard.name);
  if (before?.url === shard.url && before.store === shard.store) return before;
  await stores.logShards.put({ ...shard, weight });
  await stores.changed({ noun: 'logShard', tenantId: OPERATOR, id: shard.name });
  return (await stores.logShards.find(shard.name))!;
}

/** @throws SluiceError NOT_FOUND */
export async function changeShard(
  stores: Stores,
  name: string,
  change: { readonly weight?: number; readonly state?: ShardState },
): Promise<LogShardRecord> {
  if (!(await stores.logShards.change(name, change))) throw notFound('shard');
  await stores.changed({ noun: 'logShard', tenantId: OPERATOR, id: name });
  return (await stores.logShards.find(name))!;
}

/** Sends all new families of a tenant to one shard. @throws SluiceError NOT_FOUND */
export async function pinTenant(stores: Stores, tenantId: string, shard: string): Promise<void> {
  if (!(await stores.logShards.find(shard))) throw notFound('shard');
  await stores.alsoIn(tenantId);
  if (!(await stores.tenants.find(tenantId))) throw notFound('tenant');
  await stores.logTenants.setPin(tenantId, shard);
}
