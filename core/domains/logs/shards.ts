import { randomBytes } from 'node:crypto';
import { SluiceError } from '../../kernel/errors.ts';
import type { LogShard, LogStore, ShardTenant } from '../../kernel/logs.ts';
import { OPERATOR } from '../../kernel/stores/idempotency.ts';
import type { LogShardRecord } from '../../kernel/stores/logs.ts';
import type { ChangeFeed, UnitOfWork } from '../../kernel/stores/stores.ts';
import { shardAway } from './faults.ts';

const MOST_TENANTS = 10_000;

export interface ShardsDeps {
  readonly work: UnitOfWork;
  readonly changes: ChangeFeed;
  /** The kinds of servers there are plugins for. */
  readonly stores: readonly LogStore[];
}

/** The servers of logs, opened when first needed, and the tenants' passwords on them. */
export class Shards {
  readonly #deps: ShardsDeps;
  readonly #open = new Map<string, { readonly url: string; readonly shard: LogShard }>();
  readonly #tenants = new Map<string, ShardTenant>();
  readonly #unsubscribe: () => void;
  #records: Promise<ReadonlyMap<string, LogShardRecord>> | undefined;

  constructor(deps: ShardsDeps) {
    this.#deps = deps;
    this.#unsubscribe = deps.changes.subscribe((change) => {
      if (!change || change.noun === 'logShard') this.#records = undefined;
    });
  }

  async all(): Promise<readonly LogShardRecord[]> {
    return [...(await this.#known()).values()];
  }

  /** @throws SluiceError UNAVAILABLE where it is down */
  async open(name: string): Promise<LogShard> {
    const record = (await this.#known()).get(name);
    if (!record) throw new Error(`The shard "${name}" is not on record.`);
    if (record.state === 'down') throw shardAway(name);
    const before = this.#open.get(name);
    if (before?.url === record.url) return before.shard;
    void before?.shard.close();
    const shard = this.#storeOf(record).open(record.url, { name });
    this.#open.set(name, { url: record.url, shard });
    return shard;
  }

  /** A tenant as the shard knows it. Its password is made when it is first asked for. */
  async tenant(tenantId: string, shard: string): Promise<ShardTenant> {
    const name = `${tenantId} ${shard}`;
    const known = this.#tenants.get(name);
    if (known) return known;
    const fresh = randomBytes(24).toString('base64url');
    const password = await this.#deps.work.within([tenantId], (stores) =>
      stores.logTenants.password(tenantId, shard, fresh),
    );
    const tenant = { tenantId, password };
    if (this.#tenants.size >= MOST_TENANTS) this.#tenants.clear();
    this.#tenants.set(name, tenant);
    return tenant;
  }

  /** The store that speaks a URL's protocol. @throws SluiceError VALIDATION_FAILED */
  storeFor(url: string): LogStore {
    const protocol = URL.canParse(url) ? new URL(url).protocol : '';
    const found = this.#deps.stores.find((store) => store.protocols.includes(protocol));
    if (found) return found;
    // The URL is not repeated: it holds a password.
    const accepted = this.#deps.stores.flatMap((store) => store.protocols.map((name) => `${name}//`));
    const message = `The URL must begin with ${accepted.join(' or ')}.`;
    throw new SluiceError('VALIDATION_FAILED', message, { errors: [{ path: '/url', message }] });
  }

  async close(): Promise<void> {
    this.#unsubscribe();
    await Promise.all([...this.#open.values()].map(({ shard }) => shard.close()));
    this.#open.clear();
  }

  #known(): Promise<ReadonlyMap<string, LogShardRecord>> {
    if (this.#records && this.#deps.changes.live) return this.#records;
    const reading = this.#deps.work
      .within([OPERATOR], (stores) => stores.logShards.list())
      .then((records) => new Map(records.map((record) => [record.name, record])));
    this.#records = reading;
    reading.catch(() => {
      if (this.#records === reading) this.#records = undefined;
    });
    return reading;
  }

  #storeOf({ name, store }: LogShardRecord): LogStore {
    const found = this.#deps.stores.find((plugin) => plugin.name === store);
    if (found) return found;
    throw new Error(`The shard "${name}" is of the kind "${store}", and there is no such plugin.`);
  }
}
