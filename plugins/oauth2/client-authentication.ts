import { randomUUID } from 'node:crypto';
import { signJwt, StepFault, type AuthSession } from '../../core/sdk.ts';
import type { Config } from './config.ts';

/** What identifies the client in a token request: headers, parameters, or neither. */
export interface ClientAuthentication {
  readonly headers: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, string>>;
}

/** Authenticates the client as `clientAuth` says: `basic` where there is a secret, `none` where there is not. */
export function authenticateClient(
  config: Config,
  clock: AuthSession['clock'],
): Promise<ClientAuthentication> | ClientAuthentication {
  const { clientId = '', clientSecret = '' } = config;
  const identified: Record<string, string> = clientId ? { client_id: clientId } : {};
  switch (config.clientAuth ?? defaultFor(config)) {
    case 'basic':
      return { headers: { authorization: `Basic ${encoded(clientId, clientSecret)}` }, params: {} };
    case 'body':
      return { headers: {}, params: { ...identified, client_secret: clientSecret } };
    case 'privateKeyJwt':
      return privateKeyJwt(config, clock);
    case 'none':
      return { headers: {}, params: identified };
  }
}

function defaultFor({ flow, clientSecret }: Config): 'basic' | 'none' {
  return clientSecret && flow !== 'jwtBearer' ? 'basic' : 'none';
}

/** RFC 6749, section 2.3.1: both parts are form-encoded before they are joined. */
function encoded(id: string, secret: string): string {
  const [user, password] = [id, secret].map((text) => new URLSearchParams([['', text]]).toString().slice(1));
  return Buffer.from(`${user}:${password}`).toString('base64');
}

/** RFC 7523, section 2.2. */
async function privateKeyJwt(config: Config, clock: AuthSession['clock']): Promise<ClientAuthentication> {
  const { assertion, clientId = '', tokenUrl } = config;
  if (!assertion)
    throw new StepFault(
      'config',
      '`clientAuth: privateKeyJwt` needs an `assertion` with `algorithm` and `key`.',
    );
  const claims = { iss: clientId, sub: clientId, aud: tokenUrl, jti: randomUUID() };
  // Under jwtBearer the claims written are the grant's own, not the client's.
  const own = config.flow === 'jwtBearer' ? {} : assertion.claims;
  const signed = await signJwt(
    { ...assertion, claims: { ...claims, ...own } } as Parameters<typeof signJwt>[0],
    clock,
  );
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  return {
    headers: {},
    params: { client_id: clientId, client_assertion_type: type, client_assertion: signed },
  };
}
