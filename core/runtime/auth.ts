import type { Clock } from '../kernel/clock.ts';
import { StepFault } from '../kernel/errors.ts';
import { isFailure, type Answer, type OutgoingRequest } from '../kernel/http.ts';
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts';
import { ReauthRequired, type AuthScheme, type AuthSession, type Tokens } from '../kernel/plugin.ts';
import type { ConnectionStore, LiveConnection } from '../kernel/ports.ts';
import type { Registry } from '../kernel/registry.ts';
import { ABSENT, type AuthChoice, type Plan, type Scope } from '../language/plan.ts';
import { decodeBody } from './decode.ts';
import type { SluiceHttpClient } from './http/client.ts';
import { judge, TokenRefusal } from './judge.ts';
import { parseWait } from './wait.ts';

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
  /** After a 401: makes new credentials. False where the scheme has no other ones. Throws as `authorize` does. */
  renew(
    choices: readonly AuthChoice[],
    scope: Scope,
    connection: LiveConnection | undefined,
    plan: AuthPlan,
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

const TOKEN_TIMEOUT_MS = 30_000;
const TOKEN_MAX_BYTES = 1_048_576;

export function createAuthorizer(deps: AuthorizerDeps): Authorizer {
  const schemes = new Map(deps.registry.authSchemes().map((scheme) => [scheme.name, scheme]));
  // What each connection's last request went out with, so that a 401 says which tokens were refused.
  const used = new WeakMap<LiveConnection, Tokens>();

  function choose(
    choices: readonly AuthChoice[],
    scope: Scope,
    plan: AuthPlan,
  ): { scheme: AuthScheme; config: JsonObject } | undefined {
    const choice = choices.find((one) => !one.if || one.if(scope));
    if (!choice) return undefined;
    const scheme = schemes.get(choice.scheme) ?? deps.registry.authScheme(choice.scheme);
    return { scheme, config: configOf(choice, scheme, scope, deps.app(plan.id)) };
  }

  function session(scope: Scope, connection: LiveConnection | undefined, plan: AuthPlan): AuthSession {
    const remember = <T extends Tokens | undefined>(tokens: T): T => {
      if (connection && tokens) used.set(connection, tokens);
      return tokens;
    };
    return {
      clock: deps.clock,
      tokens: async () => connection && remember(await deps.connections.tokens(connection)),
      renewTokens: async (stale, renew) => {
        if (!connection) throw new StepFault('config', `${plan.id} keeps tokens, and so needs a connection.`);
        return remember(await deps.connections.renewTokens(connection, stale, renew));
      },
      send: (request) => sendTokenRequest(deps, request, scope, connection, plan),
      get agents() {
        return deps.http.agents(true);
      },
    };
  }

  return {
    authorize(choices, scope, connection, request, plan) {
      const chosen = choose(choices, scope, plan);
      if (!chosen) return request;
      return chosen.scheme.authorize(request, chosen.config, session(scope, connection, plan));
    },
    async renew(choices, scope, connection, plan) {
      const chosen = choose(choices, scope, plan);
      if (!chosen?.scheme.renew) return false;
      return chosen.scheme.renew(
        chosen.config,
        session(scope, connection, plan),
        connection && used.get(connection),
      );
    },
    begin(choices, scope, plan, callback) {
      const chosen = choose(choices, scope, plan);
      if (!chosen?.scheme.interactive?.applies(chosen.config)) return undefined;
      const page = chosen.scheme.interactive.begin(chosen.config, callback);
      return { ...page, url: deps.http.mapped(new URL(page.url)).href };
    },
    async complete(choices, scope, connection, plan, callback) {
      const chosen = choose(choices, scope, plan);
      if (!chosen?.scheme.interactive)
        throw new StepFault('config', `${plan.id} has no authorisation by a person.`);
      return chosen.scheme.interactive.complete(chosen.config, callback, session(scope, connection, plan));
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

/** A token request: through the egress guard where its host is the tenant's, and judged by the definition's rules. */
async function sendTokenRequest(
  { http, clock }: AuthorizerDeps,
  request: OutgoingRequest,
  scope: Scope,
  connection: LiveConnection | undefined,
  plan: AuthPlan,
): Promise<Answer> {
  const guarded = connection !== undefined && namesHost(connection.config, request.url.hostname);
  const result = await http.send(request, {
    timeoutMs: TOKEN_TIMEOUT_MS,
    maxBytes: TOKEN_MAX_BYTES,
    guarded,
  });
  if (isFailure(result))
    throw new StepFault(
      'transient',
      `The token endpoint ${request.url.origin} gave no answer: ${result.message}`,
    );
  const { body } = decodeBody(result);
  // What a dead grant means is the scheme's to say, whatever a rule for status 400 was written for.
  if (isJsonObject(body) && body['error'] === 'invalid_grant') return result;
  const judgement = judge(
    { view: { status: result.status, headers: result.headers, body }, sent: true },
    plan.errors,
    scope,
    clock.now(),
  );
  const { rule, verdict } = judgement;
  const byRule = rule !== undefined && !rule.startsWith('default/');
  const later = verdict === 'retry' || verdict === 'rateLimited';
  if (verdict === 'ignore' || !(byRule || later)) return result;
  const message = `The token endpoint ${request.url.origin}: ${judgement.message}`;
  if (verdict === 'refresh') throw new ReauthRequired(message);
  const asked = parseWait(result.headers['retry-after'], clock.now());
  const after = judgement.after ?? asked;
  throw new TokenRefusal({
    ...judgement,
    message,
    // To ask for a token twice does no harm.
    ...(verdict === 'unknown' ? { verdict: 'retry' } : {}),
    ...(after === undefined ? {} : { after: Math.max(after, asked ?? 0) }),
  });
}

/** True where this host came out of a value of the connection, alone or as part of a URL. */
function namesHost(value: Json, hostname: string): boolean {
  if (typeof value === 'string') return value.includes(hostname) || hostOf(value) === hostname;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((inner: Json) => namesHost(inner, hostname));
}

function hostOf(text: string): string | undefined {
  const url = /^https?:\/\//i.test(text) ? text : `https://${text}`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
