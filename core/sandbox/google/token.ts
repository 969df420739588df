import { createHash, timingSafeEqual } from 'node:crypto';
import { Router } from 'express';
import type { Request, Response } from 'express';
import { ACCESS_SECONDS, CLIENT } from './accounts.ts';
import type { Grant, GoogleAccounts } from './accounts.ts';
import { verifyAssertion } from './assertion.ts';
import { OAuthError } from './oauth-error.ts';

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/**
 * The token endpoint of oauth2.googleapis.com.
 * Source: https://developers.google.com/identity/protocols/oauth2
 */
export function tokenRoutes(accounts: GoogleAccounts): Router {
  const router = Router();
  router.post(['/token', '/oauth2/v4/token', '/o/oauth2/token'], async (req, res) => {
    try {
      res.set('cache-control', 'no-cache, no-store').json(await answer(accounts, req));
    } catch (error) {
      sendOAuthError(res, error);
    }
  });
  router.post('/revoke', (req, res) => {
    try {
      const inQuery = typeof req.query['token'] === 'string' ? req.query['token'] : '';
      if (!accounts.revoke(readForm(req).get('token') ?? inQuery)) {
        throw new OAuthError(400, 'invalid_token', 'Token expired or revoked');
      }
      res.json({});
    } catch (error) {
      sendOAuthError(res, error);
    }
  });
  return router;
}

function sendOAuthError(res: Response, error: unknown): void {
  if (!(error instanceof OAuthError)) throw error;
  res.status(error.status).json({ error: error.error, error_description: error.message });
}

async function answer(accounts: GoogleAccounts, req: Request): Promise<object> {
  const form = readForm(req);
  const grantType = form.get('grant_type') ?? '';
  switch (grantType) {
    case 'authorization_code': {
      checkClient(req, form);
      const code = redeemCode(accounts, form);
      const refresh = code.offline ? { refresh_token: accounts.issueRefresh(grantOf(code)) } : {};
      return { ...tokenAnswer(accounts, grantOf(code)), scope: code.scope, ...refresh };
    }
    case 'refresh_token': {
      checkClient(req, form);
      const grant = accounts.refresh(form.get('refresh_token') ?? '');
      if (!grant) throw new OAuthError(400, 'invalid_grant', 'Token has been expired or revoked.');
      // Google's refresh answer carries no refresh token: the old one stays good.
      return { ...tokenAnswer(accounts, grant), scope: grant.scope };
    }
    case JWT_BEARER:
      return tokenAnswer(accounts, await verifyAssertion(accounts, form.get('assertion') ?? ''));
    case '':
      throw new OAuthError(400, 'invalid_request', 'Required parameter is missing: grant_type');
    default:
      throw new OAuthError(400, 'unsupported_grant_type', `Invalid grant_type: ${grantType}`);
  }
}

function grantOf(grant: Grant): Grant {
  return { subject: grant.subject, scope: grant.scope };
}

function tokenAnswer(accounts: GoogleAccounts, grant: Grant): object {
  return { access_token: accounts.issueAccess(grant), expires_in: ACCESS_SECONDS, token_type: 'Bearer' };
}

/** The form, with JSON accepted too, as Google does. */
function readForm(req: Request): URLSearchParams {
  const text = Buffer.isBuffer(req.body) ? req.body.toString('utf8') : '';
  if (!req.is('json')) return new URLSearchParams(text);
  try {
    const parsed: unknown = JSON.parse(text);
    const entries = Object.entries(parsed as Record<string, unknown>).map(
      ([k, v]) => [k, String(v)] as [string, string],
    );
    return new URLSearchParams(entries);
  } catch {
    throw new OAuthError(400, 'invalid_request', 'Invalid JSON payload received.');
  }
}

function checkClient(req: Request, form: URLSearchParams): void {
  const basic = /^Basic (.+)$/i.exec(req.get('authorization') ?? '')?.[1];
  const [user, ...rest] = basic === undefined ? [] : Buffer.from(basic, 'base64').toString('utf8').split(':');
  const id = user === undefined ? form.get('client_id') : formDecoded(user);
  const secret = user === undefined ? form.get('client_secret') : formDecoded(rest.join(':'));
  if (id === null || id === '')
    throw new OAuthError(400, 'invalid_request', 'Could not determine client ID from request.');
  if (id !== CLIENT.id) throw new OAuthError(401, 'invalid_client', 'The OAuth client was not found.');
  if (secret === null) throw new OAuthError(400, 'invalid_request', 'client_secret is missing.');
  if (!same(secret, CLIENT.secret)) throw new OAuthError(401, 'invalid_client', 'Unauthorized');
}

/** Both parts of basic credentials are form-encoded (RFC 6749, section 2.3.1). */
function formDecoded(text: string): string {
  return new URLSearchParams(`x=${text.replaceAll('&', '%26')}`).get('x') ?? '';
}

function redeemCode(accounts: GoogleAccounts, form: URLSearchParams) {
  const value = form.get('code');
  if (value === null) throw new OAuthError(400, 'invalid_request', 'Missing required parameter: code');
  const code = accounts.redeem(value);
  if (!code) throw new OAuthError(400, 'invalid_grant', 'Malformed auth code.');
  if (form.get('redirect_uri') !== code.redirectUri)
    throw new OAuthError(400, 'redirect_uri_mismatch', 'Bad Request');
  const verifier = form.get('code_verifier');
  if (code.challenge === undefined) return code;
  if (verifier === null) throw new OAuthError(400, 'invalid_grant', 'Missing code verifier.');
  const proof =
    code.challengeMethod === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier;
  if (!same(proof, code.challenge)) throw new OAuthError(400, 'invalid_grant', 'Invalid code verifier.');
  return code;
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
