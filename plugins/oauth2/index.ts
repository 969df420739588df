import { definePlugin, parseDuration, StepFault, type AuthSession, type Tokens } from '../../core/sdk.ts';
import { authorizationPage } from './authorization-page.ts';
import { config, type Config } from './config.ts';
import { canRenew, exchangeCode, renewTokens } from './grants.ts';

const REFRESH_BEFORE = 'PT5M';

/** Tokens that serve for a while: kept ones, or new ones where those are about to expire. */
async function usableTokens(config: Config, session: AuthSession): Promise<Tokens> {
  const now = session.clock.now();
  const current = await session.tokens();
  if (current && !isExpiring(current, config, now)) return current;
  const alive = current !== undefined && (current.expiresAt === undefined || current.expiresAt > now);
  if (alive && !canRenew(config, current)) return current;
  try {
    return await session.renewTokens(
      (tokens) => !tokens || isExpiring(tokens, config, session.clock.now()),
      (tokens) => renewTokens(config, tokens, session),
    );
  } catch (error) {
    // Renewed ahead of time: while the old token lives, a token endpoint in trouble holds nobody up.
    if (alive && error instanceof StepFault && error.kind === 'transient') return current;
    throw error;
  }
}

/** True from `refreshBefore` ahead of expiry; for tokens that live shorter, from half their life. */
function isExpiring(
  { expiresAt, obtainedAt }: Tokens,
  { refreshBefore = REFRESH_BEFORE }: Config,
  now: number,
): boolean {
  if (expiresAt === undefined) return false;
  const asked = parseDuration(refreshBefore);
  if (asked === undefined)
    throw new StepFault(
      'config',
      `refreshBefore is "${refreshBefore}", which is no ISO 8601 duration such as ${REFRESH_BEFORE}.`,
    );
  const margin = obtainedAt === undefined ? asked : Math.min(asked, (expiresAt - obtainedAt) / 2);
  return now >= expiresAt - margin;
}

export default definePlugin<Config>({
  type: 'authScheme',
  name: 'oauth2',
  summary:
    'OAuth 2.0 (RFC 6749): authorization code with PKCE, client credentials, refresh token, JWT bearer.',
  config,
  example: `oauth2:
  flow: authorizationCode
  authorizationUrl: https://accounts.google.com/o/oauth2/v2/auth
  tokenUrl: https://oauth2.googleapis.com/token
  scopes: [https://www.googleapis.com/auth/spreadsheets]
  authorizationParams: { access_type: offline, prompt: consent }
`,
  appDefaults: ['clientId', 'clientSecret'],
  async authorize(request, config, session) {
    const { accessToken } = await usableTokens(config, session);
    return { ...request, headers: { ...request.headers, authorization: `Bearer ${accessToken}` } };
  },
  async renew(config, session, refused) {
    if (!canRenew(config, refused)) return false;
    await session.renewTokens(
      // Another process may have renewed them meanwhile: then those are the ones to try.
      (tokens) => !tokens || tokens.accessToken === refused?.accessToken,
      (tokens) => renewTokens(config, tokens, session),
    );
    return true;
  },
  interactive: {
    applies: ({ flow }) => flow === 'authorizationCode',
    begin: authorizationPage,
    complete: exchangeCode,
  },
});
