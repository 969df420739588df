import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import type { ConnectionStore, LiveConnection } from '../../kernel/ports.ts';
import type { Renew, Tokens } from '../../kernel/plugin.ts';

/** The tenant and connection of commands that run without a server. */
export const LOCAL_TENANT = '00000000-0000-7000-8000-000000000001';
export const LOCAL_CONNECTION = '00000000-0000-7000-8000-000000000002';

/**
 * One connection in memory. Its configuration may carry tokens as `$oauth: {accessToken, refreshToken?, expiresAt?}`
 * (`expiresAt` in ms since the epoch or RFC 3339), so that nothing has to be authorised first.
 */
export class MemoryConnectionStore implements ConnectionStore {
  #connection: LiveConnection;
  #tokens: Tokens | undefined;
  #renewal: Promise<Tokens> | undefined;

  constructor(definition: string, document: JsonObject) {
    const { $oauth, ...config } = document;
    this.#tokens = isJsonObject($oauth) ? tokensOf($oauth) : undefined;
    this.#connection = {
      tenantId: LOCAL_TENANT,
      id: LOCAL_CONNECTION,
      name: 'local',
      definition,
      state: 'active',
      config: { ...this.#tokens?.saved, ...config },
      version: 1,
    };
  }

  async load(): Promise<LiveConnection> {
    return this.#connection;
  }

  async tokens(): Promise<Tokens | undefined> {
    return this.#tokens;
  }

  async renewTokens(
    _connection: LiveConnection,
    stale: (tokens: Tokens | undefined) => boolean,
    renew: Renew,
  ): Promise<Tokens> {
    if (this.#renewal) return this.#renewal;
    if (this.#tokens && !stale(this.#tokens)) return this.#tokens;
    this.#renewal = renew(this.#tokens).finally(() => (this.#renewal = undefined));
    this.#tokens = await this.#renewal;
    const { version, config } = this.#connection;
    this.#connection = { ...this.#connection, config: { ...this.#tokens.saved, ...config }, version: version + 1 };
    return this.#tokens;
  }

  async setState(_connection: LiveConnection, state: LiveConnection['state']): Promise<void> {
    this.#connection = { ...this.#connection, state, version: this.#connection.version + 1 };
  }
}

function tokensOf(document: JsonObject): Tokens {
  const { accessToken, refreshToken, expiresAt } = document;
  const expiry = typeof expiresAt === 'string' ? Date.parse(expiresAt) : expiresAt;
  // Without an access token a refresh token may still serve: one that has expired is renewed at its first use.
  if (typeof accessToken !== 'string') return { ...tokensOf({ ...document, accessToken: '' }), expiresAt: 0 };
  return {
    accessToken,
    ...(typeof refreshToken === 'string' ? { refreshToken } : {}),
    ...(typeof expiry === 'number' ? { expiresAt: expiry } : {}),
  };
}
