import {
  ReauthRequired,
  signJwt,
  StepFault,
  type AuthSession,
  type JwtSpec,
  type Tokens,
} from '../../core/sdk.ts';
import type { Config } from './config.ts';
import { pick, readTokens } from './token-answer.ts';
import { requestToken } from './token-request.ts';

type Grant = Readonly<Record<string, string>>;

/** New tokens without a person: by the refresh token where there is one, else as the flow says. */
export async function renewTokens(
  config: Config,
  current: Tokens | undefined,
  session: AuthSession,
): Promise<Tokens> {
  const grant = await grantOf(config, current, session);
  return readTokens(await requestToken(config, grant, session), config, session.clock, current);
}

/** The tokens for a code that came back on the callback (RFC 6749, section 4.1.3). */
export async function exchangeCode(
  config: Config,
  callback: { redirectUri: string; params: Readonly<Record<string, string>>; verifier?: string },
  session: AuthSession,
): Promise<Tokens> {
  const { code, error, error_description: description } = callback.params;
  if (code === undefined) {
    throw new ReauthRequired(
      `No authorisation was given: ${description ?? error ?? 'the callback carries no code'}.`,
    );
  }
  const verifier = callback.verifier === undefined ? {} : { code_verifier: callback.verifier };
  const grant = { grant_type: 'authorization_code', code, redirect_uri: callback.redirectUri, ...verifier };
  const tokens = readTokens(await requestToken(config, grant, session), config, session.clock, undefined);
  const saved = { ...pick(callback.params, config.saveFromCallback), ...tokens.saved };
  return Object.keys(saved).length === 0 ? tokens : { ...tokens, saved };
}

/** True where new tokens can be had without a person. */
export function canRenew(config: Config, current: Tokens | undefined): boolean {
  return config.flow !== 'authorizationCode' || current?.refreshToken !== undefined;
}

async function grantOf(config: Config, current: Tokens | undefined, session: AuthSession): Promise<Grant> {
  const { flow } = config;
  if (flow === 'clientCredentials') return { grant_type: 'client_credentials', ...scopeOf(config) };
  if (flow === 'jwtBearer') return jwtBearer(config, session);
  const refreshToken =
    current?.refreshToken ??
    (flow === 'refreshToken' ? (config.refreshToken ?? config.tokenParams?.['refresh_token']) : undefined);
  if (refreshToken !== undefined) return { grant_type: 'refresh_token', refresh_token: refreshToken };
  throw new ReauthRequired(
    current
      ? 'The access token has expired, and there is no refresh token to renew it with.'
      : 'Nobody has authorised this connection yet: POST /v1/connections/{id}:authorize gives the page to do so.',
  );
}

/** RFC 7523, section 2.1: what Google calls a service account. */
async function jwtBearer(config: Config, session: AuthSession): Promise<Grant> {
  const { assertion, tokenUrl } = config;
  if (!assertion)
    throw new StepFault(
      'config',
      '`flow: jwtBearer` needs an `assertion` with `algorithm`, `key` and `claims`.',
    );
  // Google reads the scopes of a service account out of the assertion.
  const claims = { aud: tokenUrl, ...scopeOf(config), ...assertion.claims };
  const signed = await signJwt({ ...assertion, claims } as JwtSpec, session.clock);
  return { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: signed };
}

function scopeOf({ scopes, scopeSeparator }: Config): { scope?: string } {
  return scopes && scopes.length > 0 ? { scope: scopes.join(scopeSeparator ?? ' ') } : {};
}
