import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import type { VirtualClock } from '../../core/kernel/clock.ts';

/** An assertion as Google documents it for service accounts; `claims` overrides, undefined leaves out. */
export function assertionFor(
  account: { client_email: string; private_key: string; token_uri: string },
  clock: VirtualClock,
  claims: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const now = Math.floor(clock.now() / 1000);
  const all = { iss: account.client_email, aud: account.token_uri, iat: now, exp: now + 3600, ...claims };
  return new SignJWT(all)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .sign(createPrivateKey(account.private_key));
}
