import type { LogShardRecord, LogShardStore } from '../../core/kernel/stores/logs.ts';
import type { LogShard } from '../models/log-shard.ts';
import { shardOwner, type Vault } from '../vault.ts';
import type { Session } from './transaction.ts';

const place = ['log_shards.url'];

// Who is new is active with the weight given; who was there keeps both.
const PUT = `
  INSERT INTO log_shards (name, store, url, data_key, master_key_id, weight) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (name) DO UPDATE
    SET store = EXCLUDED.store, url = EXCLUDED.url, data_key = EXCLUDED.data_key, master_key_id = EXCLUDED.master_key_id`;

export function logShardStore({ models, transaction, client, vault }: Session): LogShardStore {
  return {
    async list() {
      const rows = await models.LogShard.findAll({ order: ['name'], transaction });
      return rows.map((row) => show(vault, row));
    },
    async find(name) {
      const row = await models.LogShard.findByPk(name, { transaction });
      return row === null ? undefined : show(vault, row);
    },
    async put({ name, store, url, weight }) {
      const owner = shardOwner(name);
      const key = vault.newDataKey(owner);
      const sealed = vault.seal(owner, key, place, url);
      await client.query(PUT, [name, store, sealed, key.dataKey, key.masterKeyId, weight]);
    },
    async change(name, change) {
      const [count] = await models.LogShard.update(change, { where: { name }, transaction });
      return count === 1;
    },
  };
}

function show(
  vault: Vault,
  { name, store, url, dataKey, masterKeyId, weight, state, createdAt }: LogShard,
): LogShardRecord {
  const plain = vault.unseal(shardOwner(name), { dataKey, masterKeyId }, place, url);
  return { name, store, url: plain, weight: Number(weight), state, createdAt };
}
