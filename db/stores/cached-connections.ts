import type { Renew, Tokens } from '../../core/kernel/plugin.ts';
import type { ConnectionStore, LiveConnection } from '../../core/kernel/ports.ts';
import type { ChangeFeed } from '../../core/kernel/stores/stores.ts';

const MOST = 10_000;

/**
 * Connections kept at hand, decrypted, for as long as nobody says that they changed. While the news may be incomplete
 * every call goes to the store below.
 */
export class CachedConnectionStore implements ConnectionStore {
  readonly #store: ConnectionStore;
  readonly #feed: ChangeFeed;
  readonly #connections = new Map<string, Promise<LiveConnection | undefined>>();
  /** By the very object handed out: a connection that changed is another object. */
  readonly #tokens = new WeakMap<LiveConnection, Promise<Tokens | undefined>>();

  constructor(store: ConnectionStore, feed: ChangeFeed) {
    this.#store = store;
    this.#feed = feed;
    feed.subscribe((change) => {
      if (!change) this.#connections.clear();
      else if (change.noun === 'connection') this.#connections.delete(change.id);
    });
  }

  load(tenantId: string, id: string): Promise<LiveConnection | undefined> {
    const known = this.#connections.get(id);
    if (known) return ownedBy(tenantId, known);
    const loading = this.#store.load(tenantId, id);
    if (!this.#feed.live) return loading;
    if (this.#connections.size >= MOST) this.#connections.delete(this.#connections.keys().next().value!);
    this.#connections.set(id, loading);
    loading.then(
      (found) => found ?? this.#forget(id),
      () => this.#forget(id),
    );
    return loading;
  }

  tokens(connection: LiveConnection): Promise<Tokens | undefined> {
    if (!this.#feed.live) return this.#store.tokens(connection);
    const known = this.#tokens.get(connection);
    if (known) return known;
    const loading = this.#store.tokens(connection);
    this.#tokens.set(connection, loading);
    loading.catch(() => this.#tokens.delete(connection));
    return loading;
  }

  async renewTokens(
    connection: LiveConnection,
    stale: (tokens: Tokens | undefined) => boolean,
    renew: Renew,
  ): Promise<Tokens> {
    const tokens = await this.#store.renewTokens(connection, stale, renew);
    this.#forget(connection.id);
    // Runs that hold the connection as it was get the new tokens, too.
    this.#tokens.set(connection, Promise.resolve(tokens));
    return tokens;
  }

  async setState(connection: LiveConnection, state: LiveConnection['state'], reason?: string): Promise<void> {
    await this.#store.setState(connection, state, reason);
    this.#forget(connection.id);
  }

  #forget(id: string): void {
    this.#connections.delete(id);
  }
}

async function ownedBy(
  tenantId: string,
  found: Promise<LiveConnection | undefined>,
): Promise<LiveConnection | undefined> {
  const connection = await found;
  return connection?.tenantId === tenantId ? connection : undefined;
}
