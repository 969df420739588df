import type { TSchema } from 'typebox';
import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Clock } from './clock.ts';
import type { Answer, OutgoingRequest } from './http.ts';
import type { Json, JsonObject } from './json.ts';
import type { LogStore } from './logs.ts';
import type { DefinitionRef } from './runs.ts';
import type { ObjectStore } from './objects.ts';
import type { Warehouse } from './warehouse.ts';
import type { Services } from './services.ts';

/** What a token endpoint gave, as it is kept (encrypted) with a connection. `expiresAt` in ms since the epoch. */
export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  readonly expiresAt?: number | undefined;
  /** When they were issued, in ms since the epoch: a token that lives shorter than `refreshBefore` is known by it. */
  readonly obtainedAt?: number | undefined;
  /** Values taken from token answers and callbacks (`saveFromToken`), shown as read-only connection values. */
  readonly saved?: JsonObject | undefined;
}

/** What an auth scheme may use while it authorises one request for one connection. */
export interface AuthSession {
  readonly clock: Clock;
  /** The tokens kept for this connection, if any. */
  tokens(): Promise<Tokens | undefined>;
  /**
   * Renews the tokens in single flight over all processes: takes the connection's lease, reads the tokens again,
   * and calls `renew` only while `stale` still holds for them. What `renew` returns is saved before it is used.
   */
  renewTokens(stale: (tokens: Tokens | undefined) => boolean, renew: Renew): Promise<Tokens>;
  /** Sends a token request through the egress guard. Answers are judged by the definition's `errors`, too. */
  send(request: OutgoingRequest): Promise<Answer>;
  /** Agents that carry the egress guard and SLUICE_ENDPOINTS, for client libraries that bring their own HTTP. */
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
}

export type Renew = (current: Tokens | undefined) => Promise<Tokens>;

/** Thrown by a scheme whose credentials no longer work: the connection becomes `needs_reauth`. */
export class ReauthRequired extends Error {
  override readonly name = 'ReauthRequired';
}

/** One way to authenticate requests. `config` describes its YAML keys; the engine evaluates their templates. */
export interface AuthScheme<Config = JsonObject> {
  readonly type: 'authScheme';
  readonly name: string;
  readonly summary: string;
  /** JSON Schema of the keys as written in YAML, where every leaf may be a template instead. */
  readonly config: TSchema;
  /** YAML of the scheme as it stands under `auth:`; compiled and run as a test. */
  readonly example: string;
  /** Keys of `config` filled from `app.<name>` where the author leaves them out. */
  readonly appDefaults?: readonly string[];
  /** Returns the request with credentials on it. Throws ReauthRequired where there are none that work. */
  authorize(request: OutgoingRequest, config: Config, session: AuthSession): Promise<OutgoingRequest> | OutgoingRequest;
  /** After a 401: makes new credentials, or says that this scheme has no other ones (`false`). */
  renew?(config: Config, session: AuthSession, refused: Tokens | undefined): Promise<boolean>;
  /** Schemes in which a person consents in a browser. */
  readonly interactive?: Interactive<Config>;
}

export interface Interactive<Config> {
  /** True where this configuration needs a person (oauth2 with `flow: authorizationCode`). */
  applies(config: Config): boolean;
  /** The page to send the person to; `verifier` is kept until the callback (PKCE, RFC 7636). */
  begin(config: Config, callback: { redirectUri: string; state: string }): { url: string; verifier?: string };
  /** Exchanges what came back on the callback for tokens. */
  complete(
    config: Config,
    callback: { redirectUri: string; params: Readonly<Record<string, string>>; verifier?: string },
    session: AuthSession,
  ): Promise<Tokens>;
}

/** One kind of step that is code: `use: <name>` in a definition. */
export interface StepType<With = JsonObject> {
  readonly type: 'stepType';
  readonly name: string;
  readonly summary: string;
  /** JSON Schema of `with` as written in YAML, where every leaf may be a template instead. */
  readonly config: TSchema;
  /** JSON Schema of what it gives: `response.outputs` take values of it by pointer. */
  readonly result: TSchema;
  /** YAML of a step; compiled as a test. */
  readonly example: string;
  /**
   * What an unknown outcome calls for: `safe` is run again, `key` is run again under the same idempotency key for as
   * long as that is remembered, `once` is looked up by another step type, or is for a person to say.
   */
  readonly repeat: { readonly mode: 'safe' | 'once' } | { readonly mode: 'key'; readonly validFor: number };
  /** Why it cannot work on this platform, for whoever is about to start a run of it. */
  preflight?(services: Services): Promise<string | undefined>;
  /**
   * Throws StepFault for what a run is to be told; a thrown `transient` one is tried again. A poll waits for as many
   * seconds as a number `retryAfter` of the result says, where that is longer than its own interval.
   */
  run(config: With, context: StepContext): Promise<Json>;
}

/** What a step type may use while it carries out one attempt of one step. */
export interface StepContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly tenantId: string;
  readonly runId: string;
  /** The definition that the run pins. */
  readonly definition: DefinitionRef;
  /** The same in all attempts of the step. */
  readonly idempotencyKey: string;
  /** Of a step that polls: what it gave the last time. */
  readonly previous?: Json;
  readonly services: Services;
}

export type Plugin = AuthScheme<never> | StepType<never> | LogStore | ObjectStore | Warehouse;

/** For a plugin's default export: checks the shape and keeps the config's type inside the plugin. */
export function definePlugin<Config>(plugin: AuthScheme<Config> | StepType<Config> | LogStore | ObjectStore | Warehouse): Plugin {
  return plugin;
}
