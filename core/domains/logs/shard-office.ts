import { messageOf, SluiceError } from '../../kernel/errors.ts';
import { OPERATOR } from '../../kernel/stores/idempotency.ts';
import type { LogDirectory, LogShardRecord, ShardLoad } from '../../kernel/stores/logs.ts';
import type { UnitOfWork } from '../../kernel/stores/stores.ts';
import { addShard, changeShard } from './shard-admin.ts';
import type { Shards } from './shards.ts';

/** What names a server of logs: a pattern. */
export const SHARD_NAME = '^[a-z][a-z0-9-]{0,62}$';
export const MOST_WEIGHT = 1_000_000;

/** The plugin that speaks a server's protocol, once the server has answered. @throws SluiceError VALIDATION_FAILED */
export async function answeringStore(
  shards: Pick<Shards, 'storeFor'>,
  { name, url }: { readonly name: string; readonly url: string },
): Promise<string> {
  const store = shards.storeFor(url);
  const probe = store.open(url, { name });
  try {
    await probe.ping();
    return store.name;
  } catch (error) {
    throw refused('/url', `The server cannot be used: ${messageOf(error)}`, error);
  } finally {
    await probe.close();
  }
}

/** A server, and what it holds. Its URL has a password in it. */
export interface ShardOnRecord extends Omit<LogShardRecord, 'url'>, ShardLoad {}

/** The operator's use-cases, each a transaction of its own: for the command line, which has no request. */
export interface ShardOffice {
  /** By name. */
  list(): Promise<readonly ShardOnRecord[]>;
  /** @throws SluiceError VALIDATION_FAILED where the server does not answer, CONFLICT where one has the name */
  add(shard: { readonly name: string; readonly url: string; readonly weight?: number | undefined }): Promise<ShardOnRecord>;
  /** Places no new families on it. @throws SluiceError NOT_FOUND with the names there are */
  drain(name: string): Promise<ShardOnRecord>;
}

export function shardOffice({ work, shards, directory }: {
  readonly work: UnitOfWork;
  readonly shards: Pick<Shards, 'storeFor'>;
  readonly directory: Pick<LogDirectory, 'load'>;
}): ShardOffice {
  return {
    async list() {
      const load = await directory.load();
      const records = await work.within([OPERATOR], (stores) => stores.logShards.list());
      return records.map((record) => shownShard(record, load));
    },
    async add(shard) {
      checkNew(shard);
      const store = await answeringStore(shards, shard);
      return shownShard(await work.within([OPERATOR], (stores) => addShard(stores, { ...shard, store })), new Map());
    },
    async drain(name) {
      const load = await directory.load();
      const record = await work.within([OPERATOR], async (stores) => {
        const names = (await stores.logShards.list()).map((one) => one.name);
        if (!names.includes(name)) throw unknown(name, names);
        return changeShard(stores, name, { state: 'draining' });
      });
      return shownShard(record, load);
    },
  };
}

/** @param load what servers hold, by their names */
export function shownShard(record: LogShardRecord, load: ReadonlyMap<string, ShardLoad>): ShardOnRecord {
  const { name, store, weight, state, createdAt } = record;
  return { name, store, weight, state, ...(load.get(name) ?? { families: 0, bytes: 0 }), createdAt };
}

function checkNew({ name, weight = 1 }: { readonly name: string; readonly weight?: number | undefined }): void {
  if (!new RegExp(SHARD_NAME).test(name)) {
    throw refused('/name', `"${name}" cannot be a shard's name: a small letter, then up to 62 small letters, digits and "-".`);
  }
  if (Number.isInteger(weight) && weight >= 0 && weight <= MOST_WEIGHT) return;
  throw refused('/weight', `${weight} cannot be a shard's weight: a whole number from 0, which takes no new families, to ${MOST_WEIGHT}.`);
}

function unknown(name: string, names: readonly string[]): SluiceError {
  const there = names.length > 0 ? `there are ${names.join(', ')}` : 'there are none yet';
  return new SluiceError('NOT_FOUND', `There is no shard "${name}"; ${there}.`);
}

function refused(path: string, message: string, cause?: unknown): SluiceError {
  return new SluiceError('VALIDATION_FAILED', message, { errors: [{ path, message }], ...(cause === undefined ? {} : { cause }) });
}
