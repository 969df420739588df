import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { listenHttp, type Listening } from './http-server.ts';

export interface OAuthServer extends Listening {
  /** Requests to the token endpoint so far. */
  readonly tokenRequests: () => number;
  /** Walks a person through the page: follows its redirects, consents, and returns what the callback got. */
  consent(page: string): Promise<Record<string, string>>;
}

export const REDIRECT_URI = 'https://sluice.test/oauth/callback';
export const CLIENT = { clientId: 'sluice client', clientSecret: 'a secret: with 100% signs+&/' };

/**
 * A real authorization server (oidc-provider): PKCE is required, refresh tokens rotate, and one that is used twice
 * revokes the whole grant. A person who comes along consents at once.
 */
export async function startOAuthServer(
  options: { jwks?: object; accessTokenSeconds?: number } = {},
): Promise<OAuthServer> {
  let provider: Provider | undefined;
  let tokenRequests = 0;
  const server = await listenHttp((request, response) => {
    if (request.url === '/token') tokenRequests += 1;
    if (request.url?.startsWith('/interaction/')) void agree(provider!, request, response);
    else provider!.callback()(request, response);
  });
  provider = await quietly(
    async () => new (await import('oidc-provider')).default(server.origin, configuration(options)),
  );
  return { ...server, tokenRequests: () => tokenRequests, consent };
}

function configuration({
  jwks,
  accessTokenSeconds = 3600,
}: {
  jwks?: object;
  accessTokenSeconds?: number;
}): object {
  const client = {
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    response_types: ['code'],
    client_secret: CLIENT.clientSecret,
  };
  return {
    clients: [
      { ...client, client_id: CLIENT.clientId, token_endpoint_auth_method: 'client_secret_basic' },
      { ...client, client_id: 'by-body', token_endpoint_auth_method: 'client_secret_post' },
      ...(jwks
        ? [{ ...client, client_id: 'by-key', token_endpoint_auth_method: 'private_key_jwt', jwks }]
        : []),
    ],
    cookies: { keys: ['tests'] },
    features: { devInteractions: { enabled: false }, clientCredentials: { enabled: true } },
    findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    issueRefreshToken: () => true,
    pkce: { required: () => true },
    rotateRefreshToken: true,
    ttl: {
      AccessToken: accessTokenSeconds,
      ClientCredentials: accessTokenSeconds,
      AuthorizationCode: 60,
      Grant: 3600,
      IdToken: 3600,
      Interaction: 60,
      RefreshToken: 3600,
      Session: 60,
    },
  };
}

/** Keeps oidc-provider's advice for production (its memory adapter, its Node version) out of the tests' output. */
async function quietly<T>(make: () => Promise<T>): Promise<T> {
  const { warn } = console;
  console.warn = () => {};
  try {
    return await make();
  } finally {
    console.warn = warn;
  }
}

async function agree(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { params } = await provider.interactionDetails(request, response);
  const grant = new provider.Grant({ accountId: 'ada', clientId: params['client_id']! });
  grant.addOIDCScope('openid offline_access');
  const grantId = await grant.save();
  await provider.interactionFinished(request, response, {
    login: { accountId: 'ada' },
    consent: { grantId },
  });
}

async function consent(page: string): Promise<Record<string, string>> {
  const cookies = new Map<string, string>();
  let url = new URL(page);
  while (!url.href.startsWith(REDIRECT_URI)) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name!, value!);
    }
    const location = answer.headers.get('location');
    if (location === null)
      throw new Error(`${url.pathname} answered ${answer.status}: ${await answer.text()}`);
    url = new URL(location, url);
  }
  return Object.fromEntries(url.searchParams);
}
