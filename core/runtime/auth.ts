import type { Clock } from '../kernel/clock.ts';
import { StepFault } from '../kernel/errors.ts';
import type { OutgoingRequest } from '../kernel/http.ts';
import { isJsonObject, type JsonObject } from '../kernel/json.ts';
import type { AuthScheme, AuthSession, Renew, Tokens } from '../kernel/plugin.ts';
import type { ConnectionStore, LiveConnection } from '../kernel/ports.ts';
import type { Registry } from '../kernel/registry.ts';
import { ABSENT, type AuthChoice, type Plan, type Scope } from '../language/plan.ts';
import type { SluiceHttpClient } from './http/client.ts';
import { TokenExchange } from './token-exchange.ts';

export interface AuthorizerDeps {
  readonly registry: Registry;
  readonly connections: Pick<ConnectionStore, 'tokens' | 'renewTokens'>;
  readonly http: Pick<SluiceHttpClient, 'send' | 'agents' | 'mapped'>;
  readonly clock: Clock;
  /** The operator's values for a definition (SLUICE_APPS): what `appDefaults` fall back to. */
  readonly app: (definition: string) => JsonObject;
}

/** What the authorizer has to know of a definition. */
export type AuthPlan = Pick<Plan, 'id' | 'errors'>;

/** What came back on the OAuth callback. `verifier` is the one that `begin` gave. */
export interface AuthCallback {
  readonly redirectUri: string;
  readonly params: Readonly<Record<string, string>>;
  readonly verifier?: string;
}

export interface Authorizer {
  /**
   * Puts credentials on a request: by the first choice whose condition holds, as it is where none does.
   * @throws ReauthRequired where the connection has no credentials that work
   * @throws StepFault where the token endpoint gave none; `transient` says that asking again may help
   */
  authorize(
    choices: readonly AuthChoice[],
    scope: Scope,
    connection: LiveConnection | undefined,
    request: OutgoingRequest,
    plan: AuthPlan,
  ): Promise<OutgoingRequest> | OutgoingRequest;
  /** The tokens that `authorize` put on this request, if it did. */
  tokensOn(request: OutgoingRequest): Tokens | undefined;
  /**
   * After a 401: makes new credentials. False where the scheme has no other ones. Throws as `authorize` does.
   * @param refused the request as `authorize` gave it
   */
  renew(
    choices: readonly AuthChoice[],
    scope: Scope,
    connection: LiveConnection | undefined,
    plan: AuthPlan,
    refused: OutgoingRequest,
  ): Promise<boolean>;
  /** The page to send a person to, where this configuration needs one; undefined where it needs none. */
  begin(
    choices: readonly AuthChoice[],
    scope: Scope,
    plan: AuthPlan,
    callback: { redirectUri: string; state: string },
  ): { url: string; verifier?: string } | undefined;
  /** Exchanges what came back for tokens; the caller keeps them. */
  complete(
    choices: readonly AuthChoice[],
    scope: Scope,
    connection: LiveConnection,
    plan: AuthPlan,
    callback: AuthCallback,
  ): Promise<Tokens>;
}

/** One scheme, about to be used. */
interface Chosen {
  readonly scheme: AuthScheme;
  readonly config: JsonObject;
  readonly guarded: boolean;
}

export function createAuthorizer(deps: AuthorizerDeps): Authorizer {
  const schemes = new Map(deps.registry.authSchemes().map((scheme) => [scheme.name, scheme]));
  // What a request went out with, so that a 401 says which tokens were refused. By the request, since the runs of a
  // connection share it: while one of them waits for its refusal another may have renewed the tokens.
  const carried = new WeakMap<OutgoingRequest, Tokens>();

  function choose(choices: readonly AuthChoice[], scope: Scope, plan: AuthPlan): Chosen | undefined {
    const choice = choices.find((one) => !one.if || one.if(scope));
    if (!choice) return undefined;
    const scheme = schemes.get(choice.scheme) ?? deps.registry.authScheme(choice.scheme);
    return { scheme, config: configOf(choice, scheme, scope, deps.app(plan.id)), guarded: choice.guarded ?? false };
  }

  /** @param seen is told of the tokens that the scheme gets */
  function session(
    exchange: TokenExchange,
    by: { readonly scope: Scope; readonly plan: AuthPlan; readonly guarded: boolean },
    connection: LiveConnection | undefined,
    seen: (tokens: Tokens) => void = () => {},
  ): AuthSession {
    const tell = <T extends Tokens | undefined>(tokens: T): T => {
      if (tokens) seen(tokens);
      return tokens;
    };
    return {
      clock: deps.clock,
      tokens: async () => connection && tell(await deps.connections.tokens(connection)),
      renewTokens: async (stale, renew) => {
        if (!connection) throw new StepFault('config', `${by.plan.id} keeps tokens, and so needs a connection.`);
        // Others wait for this renewal and hear how it failed: it is made fit to be told here.
        const discreet: Renew = (current) => exchange.discreetly(() => renew(current));
        return tell(await deps.connections.renewTokens(connection, stale, discreet));
      },
      send: (request) => exchange.send(request, by),
      agents: deps.http.agents(true),
    };
  }

  return {
    authorize(choices, scope, connection, request, plan) {
      const chosen = choose(choices, scope, plan);
      if (!chosen) return request;
      const { scheme, config, guarded } = chosen;
      const exchange = new TokenExchange(deps);
      let tokens: Tokens | undefined;
      const use = session(exchange, { scope, plan, guarded }, connection, (found) => (tokens = found));
      const ready = scheme.authorize(request, config, use);
      if (!(ready instanceof Promise)) return ready;
      return exchange.discreetly(async () => {
        const wire = await ready;
        if (tokens) carried.set(wire, tokens);
        return wire;
      });
    },
    tokensOn: (request) => carried.get(request),
    async renew(choices, scope, connection, plan, refused) {
      const chosen = choose(choices, scope, plan);
      if (!chosen?.scheme.renew) return false;
      const { scheme, config, guarded } = chosen;
      const exchange = new TokenExchange(deps);
      const use = session(exchange, { scope, plan, guarded }, connection);
      return exchange.discreetly(async () => scheme.renew!(config, use, carried.get(refused)));
    },
    begin(choices, scope, plan, callback) {
      const chosen = choose(choices, scope, plan);
      if (!chosen?.scheme.interactive?.applies(chosen.config)) return undefined;
      const page = chosen.scheme.interactive.begin(chosen.config, callback);
      return { ...page, url: deps.http.mapped(new URL(page.url)).href };
    },
    async complete(choices, scope, connection, plan, callback) {
      const chosen = choose(choices, scope, plan);
      const { config, guarded = false, scheme } = chosen ?? {};
      if (!config || !scheme?.interactive)
        throw new StepFault('config', `${plan.id} has no authorisation by a person.`);
      const { interactive } = scheme;
      const exchange = new TokenExchange(deps);
      const use = session(exchange, { scope, plan, guarded }, connection);
      return exchange.discreetly(() => interactive.complete(config, callback, use));
    },
  };
}

function configOf(choice: AuthChoice, scheme: AuthScheme, scope: Scope, app: JsonObject): JsonObject {
  const value = choice.config(scope);
  const config = value !== ABSENT && isJsonObject(value) ? value : {};
  const missing =
    scheme.appDefaults?.filter((name) => config[name] === undefined && app[name] !== undefined) ?? [];
  return missing.length === 0
    ? config
    : { ...config, ...Object.fromEntries(missing.map((name) => [name, app[name]!])) };
}
