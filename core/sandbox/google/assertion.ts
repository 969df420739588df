import { createPublicKey } from 'node:crypto';
import { compactVerify, decodeJwt, errors } from 'jose';
import type { Grant, GoogleAccounts } from './accounts.ts';
import { OAuthError } from './oauth-error.ts';

/**
 * Checks a service account's assertion (RFC 7523) as Google does: RS256 by the account's key, the right audience,
 * at most an hour long, not from the future.
 * Source: https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests
 * @throws OAuthError with Google's text.
 */
export async function verifyAssertion(accounts: GoogleAccounts, assertion: string): Promise<Grant> {
  const claims = readClaims(assertion);
  const { client_email: email, token_uri: audience } = accounts.serviceAccount;
  if (claims.iss !== email) throw new OAuthError(400, 'invalid_grant', 'Invalid grant: account not found');
  await checkSignature(accounts, assertion);
  if (claims.aud !== audience) {
    throw new OAuthError(
      400,
      'invalid_grant',
      `Invalid JWT: Failed audience check. The right audience is ${audience}`,
    );
  }
  checkTimes(claims.iat, claims.exp, accounts.now() / 1000);
  if (typeof claims['scope'] !== 'string' || claims['scope'] === '') {
    throw new OAuthError(400, 'invalid_scope', 'Invalid OAuth scope or ID token audience provided.');
  }
  return { subject: email, scope: claims['scope'] };
}

function readClaims(assertion: string) {
  try {
    return decodeJwt(assertion);
  } catch {
    throw new OAuthError(400, 'invalid_grant', 'Invalid JWT: the assertion is not a JWT.');
  }
}

async function checkSignature(accounts: GoogleAccounts, assertion: string): Promise<void> {
  try {
    await compactVerify(assertion, createPublicKey(accounts.publicKey), { algorithms: ['RS256'] });
  } catch (error) {
    if (error instanceof errors.JOSEError)
      throw new OAuthError(400, 'invalid_grant', 'Invalid JWT Signature.');
    throw error;
  }
}

function checkTimes(iat: number | undefined, exp: number | undefined, now: number): void {
  const skew = 300;
  const reasonable =
    iat !== undefined &&
    exp !== undefined &&
    iat <= now + skew &&
    exp > now - skew &&
    exp - iat <= 3600 + skew;
  if (!reasonable) {
    throw new OAuthError(
      400,
      'invalid_grant',
      'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
    );
  }
}
