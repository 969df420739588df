import { createHash, randomBytes } from 'node:crypto';
// simple-oauth2 serves here, and not for token requests. Its own HTTP client keeps time by the wall clock, hides
// status and headers of a good answer (which a definition's `errors` must see), cannot say whether a request was
// sent, knows neither privateKeyJwt nor public clients, drops the refresh token a vendor leaves out, and deep-clones
// its options, a pool of live sockets included. `session.send` has none of that, so token-request.ts uses it.
import { AuthorizationCode } from 'simple-oauth2';
import { StepFault } from '../../core/sdk.ts';
import type { Config } from './config.ts';

/** The page a person is sent to (RFC 6749, section 4.1.1), and the PKCE verifier that its code will need. */
export function authorizationPage(
  config: Config,
  { redirectUri, state }: { redirectUri: string; state: string },
): { url: string; verifier?: string } {
  const { authorizationUrl, clientId, scopes, scopeSeparator } = config;
  if (authorizationUrl === undefined)
    throw new StepFault('config', 'authorizationCode needs an `authorizationUrl`.');
  if (!clientId)
    throw new StepFault(
      'config',
      'There is no OAuth client id: the operator gives `clientId` for this definition in SLUICE_APPS.',
    );
  const page = new URL(authorizationUrl);
  const client = new AuthorizationCode({
    client: { id: clientId, secret: '' },
    auth: { tokenHost: page.origin, authorizePath: `${page.pathname}${page.search}` },
    options: { scopeSeparator: scopeSeparator ?? ' ' },
  });
  const verifier = config.pkce === false ? undefined : randomBytes(32).toString('base64url');
  const params = {
    redirect_uri: redirectUri,
    state,
    ...(scopes && scopes.length > 0 ? { scope: scopes } : {}),
    ...(verifier === undefined ? {} : challengeOf(verifier)),
    ...config.authorizationParams,
  };
  const url = client.authorizeURL(params);
  return verifier === undefined ? { url } : { url, verifier };
}

/** RFC 7636, section 4.2. */
function challengeOf(verifier: string): Record<string, string> {
  return {
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
}
