import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { seal, unseal } from './envelope.ts';
import type { MasterKey, MasterKeys } from './master-key.ts';

/** A tenant's data key as its row has it: sealed with the master key that `masterKeyId` names. */
export interface WrappedKey {
  readonly dataKey: Buffer;
  readonly masterKeyId: string;
}

/** Data keys kept open in memory. Each costs a decryption only, so a tenant that falls out is soon back. */
const OPEN_KEYS = 1000;

/**
 * Envelope encryption. Every tenant has a data key, which seals its secrets and is itself sealed with the master
 * key: rotation of the master key touches one value a tenant. What is sealed is bound to the tenant and to `place`
 * (table and column, and the row's id), so that it opens nowhere else.
 */
export class Vault {
  readonly #masters: ReadonlyMap<string, MasterKey>;
  readonly #current: MasterKey;
  /** Least recently used first. */
  readonly #open = new Map<string, Buffer>();

  constructor(masters: MasterKeys) {
    this.#current = masters[0];
    this.#masters = new Map(masters.map((master) => [master.id, master]));
  }

  /** Id of the master key that wraps from now on. */
  get masterKeyId(): string {
    return this.#current.id;
  }

  /** A new data key of a tenant, or of whoever else `tenantId` names. */
  newDataKey(tenantId: string): WrappedKey {
    return this.wrapDataKey(tenantId, randomBytes(32));
  }

  wrapDataKey(tenantId: string, plain: Buffer): WrappedKey {
    return { dataKey: seal(this.#current.key, wrapping(tenantId), plain), masterKeyId: this.#current.id };
  }

  /** @throws Error where the master key is not among ours. */
  unwrapDataKey(tenantId: string, wrapped: WrappedKey): Buffer {
    const cached = `${tenantId} ${wrapped.dataKey.toString('base64')}`;
    const plain =
      this.#open.get(cached) ?? unseal(this.#master(wrapped).key, wrapping(tenantId), wrapped.dataKey);
    this.#open.delete(cached);
    this.#open.set(cached, plain);
    const oldest = this.#open.keys().next();
    if (this.#open.size > OPEN_KEYS && !oldest.done) this.#open.delete(oldest.value);
    return plain;
  }

  /** @param place for example `['connections.secrets', connectionId]`. */
  seal(tenantId: string, wrapped: WrappedKey, place: readonly string[], text: string): Buffer {
    return seal(this.unwrapDataKey(tenantId, wrapped), [tenantId, ...place], Buffer.from(text));
  }

  /** What `seal` was given. @throws Error where it was sealed for another tenant or place. */
  unseal(tenantId: string, wrapped: WrappedKey, place: readonly string[], sealed: Buffer): string {
    return unseal(this.unwrapDataKey(tenantId, wrapped), [tenantId, ...place], sealed).toString();
  }

  #master({ masterKeyId }: WrappedKey): MasterKey {
    const master = this.#masters.get(masterKeyId);
    if (master) return master;
    throw new Error(
      `A data key was wrapped with the master key ${masterKeyId}, which is not among those given ` +
        `(${[...this.#masters.keys()].join(', ')}). Add it to SLUICE_MASTER_KEY after the current one.`,
    );
  }
}

/** Where data keys stand, and whose each is: `$owner` of a row is what its key is bound to. */
const WRAPPED = [
  { table: 'tenants', key: 'id::text', owner: 'id::text' },
  { table: 'log_shards', key: 'name', owner: `'${shardOwner('')}' || name` },
];

/** A shard's URL has a data key of its own, bound to this. */
export function shardOwner(name: string): string {
  return `log_shards/${name}`;
}

/**
 * Wraps every data key, of tenants and of log shards, with the current master key. All running processes must know both
 * keys by then; the old one may go when it is done. Safe to run again, and beside itself.
 * @param engine a pool that sees all tenants.
 * @returns how many keys it changed.
 */
export async function rotateDataKeys(engine: pg.Pool, vault: Vault): Promise<number> {
  let changed = 0;
  for (const { table, key, owner } of WRAPPED) {
    const stale = await engine.query<{ id: string; owner: string; data_key: Buffer; master_key_id: string }>(
      `SELECT ${key} AS id, ${owner} AS owner, data_key, master_key_id FROM ${table} WHERE master_key_id <> $1`,
      [vault.masterKeyId],
    );
    for (const { id, owner, data_key: dataKey, master_key_id: masterKeyId } of stale.rows) {
      const next = vault.wrapDataKey(owner, vault.unwrapDataKey(owner, { dataKey, masterKeyId }));
      const { rowCount } = await engine.query(
        `UPDATE ${table} SET data_key = $1, master_key_id = $2 WHERE ${key} = $3 AND data_key = $4`,
        [next.dataKey, next.masterKeyId, id, dataKey],
      );
      changed += rowCount ?? 0;
    }
  }
  return changed;
}

function wrapping(tenantId: string): string[] {
  return ['tenants.data_key', tenantId];
}
