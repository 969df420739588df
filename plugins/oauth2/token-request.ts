import type { Answer, AuthSession } from '../../core/sdk.ts';
import { authenticateClient } from './client-authentication.ts';
import type { Config } from './config.ts';

/** Asks the token endpoint with these parameters of a grant (RFC 6749, section 3.2), the author's own added. */
export async function requestToken(
  config: Config,
  grant: Readonly<Record<string, string>>,
  session: AuthSession,
): Promise<Answer> {
  const client = await authenticateClient(config, session.clock);
  // The author's parameters come first: a rotated refresh token must win over the one written down.
  const params = { ...config.tokenParams, ...grant, ...client.params };
  const json = config.tokenBody === 'json';
  const headers = {
    accept: 'application/json',
    'content-type': json ? 'application/json' : 'application/x-www-form-urlencoded',
    ...client.headers,
    ...lowerCased(config.tokenHeaders ?? {}),
  };
  const body = Buffer.from(json ? JSON.stringify(params) : new URLSearchParams(params).toString());
  const renewing = grant['grant_type'] === 'refresh_token';
  const url = new URL((renewing && config.refreshUrl) || config.tokenUrl);
  return session.send({ method: 'POST', url, headers, body });
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
