import { createHash, timingSafeEqual } from 'node:crypto';
import { SluiceError } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { ChangeFeed, Directory } from '../../kernel/stores/stores.ts';
import type { ApiKey } from '../../kernel/stores/tenancy.ts';
import { KEY_PREFIX } from './api-keys.ts';
import type { Caller } from './caller.ts';
import { effectiveScopes } from './scopes.ts';
import type { TokenVerifier } from './oidc.ts';

const CACHE_MS = 2000;
const CACHE_SIZE = 10_000;

export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * Says who holds a bearer credential. Keys are remembered for two seconds, since every submission asks; a revocation
 * is told to all processes and drops what they remember at once.
 */
export class Authenticator {
  readonly #known = new Map<string, { readonly caller: Caller; readonly until: number }>();
  readonly #asked = new Map<string, Promise<Caller>>();
  readonly #rootHash: Buffer;
  readonly #deps: AuthenticatorDeps;
  #generation = 0;

  constructor(deps: AuthenticatorDeps) {
    this.#deps = deps;
    this.#rootHash = sha256(deps.rootKey);
    deps.changes.subscribe((change) => {
      if (change && change.noun !== 'key') return;
      this.#generation++;
      this.#known.clear();
    });
  }

  /** @throws SluiceError UNAUTHENTICATED. Whether the caller may do what it asks is another question. */
  caller(authorization: string | undefined): Caller | Promise<Caller> {
    const credential = bearerOf(authorization);
    const known = this.#known.get(credential);
    if (known && known.until > this.#deps.clock.now()) return known.caller;
    let asked = this.#asked.get(credential);
    if (!asked) {
      asked = this.#identify(credential).finally(() => this.#asked.delete(credential));
      this.#asked.set(credential, asked);
    }
    return asked;
  }

  async #identify(credential: string): Promise<Caller> {
    const hash = sha256(credential);
    if (timingSafeEqual(hash, this.#rootHash)) return { kind: 'root', actor: 'root', credential };
    const { oidc } = this.#deps;
    if (oidc && !credential.startsWith(KEY_PREFIX)) return oidc.caller(credential);
    const generation = this.#generation;
    const key = await this.#deps.directory.keyByHash(hash);
    const now = this.#deps.clock.now();
    if (!key || key.revokedAt) throw unauthenticated('The API key is not known, or was revoked.');
    if (key.expiresAt && key.expiresAt.getTime() <= now) {
      throw unauthenticated(`The API key expired at ${key.expiresAt.toISOString()}.`);
    }
    const caller = callerOf(key, credential);
    // A key that was revoked while it was being read is not remembered, nor any while revocations may go unheard.
    if (generation === this.#generation && this.#deps.changes.live) {
      if (this.#known.size >= CACHE_SIZE) this.#known.clear();
      const until = Math.min(now + CACHE_MS, key.expiresAt?.getTime() ?? Infinity);
      this.#known.set(credential, { caller, until });
    }
    return caller;
  }
}

export interface AuthenticatorDeps {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly changes: ChangeFeed;
  readonly rootKey: string;
  readonly oidc?: TokenVerifier;
}

function callerOf(key: ApiKey, credential: string): Caller {
  return {
    kind: 'tenant',
    tenantId: key.tenantId,
    actor: `key:${key.id}`,
    role: key.role,
    scopes: effectiveScopes(key.role, key.scopes),
    credential,
  };
}

function bearerOf(authorization: string | undefined): string {
  if (authorization === undefined) {
    throw unauthenticated('No key was sent. Send it as "Authorization: Bearer <key>".');
  }
  const match = /^Bearer +([^\s]+) *$/i.exec(authorization);
  if (!match) throw unauthenticated('The Authorization header is not "Bearer <key>".');
  return match[1]!;
}

export function unauthenticated(detail: string): SluiceError {
  return new SluiceError('UNAUTHENTICATED', detail);
}
