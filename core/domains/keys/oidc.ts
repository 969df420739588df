import { createRemoteJWKSet, errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { SluiceError } from '../../kernel/errors.ts';
import { isUuid } from '../../kernel/ids.ts';
import { ROLES, type Role } from '../../kernel/stores/tenancy.ts';
import type { Caller } from './caller.ts';
import { effectiveScopes } from './scopes.ts';

export interface TokenVerifier {
  caller(token: string): Promise<Caller>;
}

/**
 * Accepts bearer JWTs of one OpenID Connect issuer, checked against its published keys. The token says who its
 * holder is here by two claims: `sluice_tenant` (a tenant's id) and `sluice_role` (a role; viewer where it is left
 * out). Its `scope` is not looked at: the role decides.
 */
export function openIdVerifier(settings: {
  readonly issuer: string;
  readonly audience: string;
}): TokenVerifier {
  let keys: Promise<JWTVerifyGetKey> | undefined;
  const publishedKeys = (): Promise<JWTVerifyGetKey> => {
    keys ??= discover(settings.issuer).catch((error: unknown) => {
      keys = undefined;
      throw error;
    });
    return keys;
  };
  return {
    async caller(token) {
      const getKey = await publishedKeys();
      try {
        const { payload } = await jwtVerify(token, getKey, {
          issuer: settings.issuer,
          audience: settings.audience,
          algorithms: [
            'RS256',
            'RS384',
            'RS512',
            'PS256',
            'PS384',
            'PS512',
            'ES256',
            'ES384',
            'ES512',
            'EdDSA',
          ],
          requiredClaims: ['exp', 'sub', 'sluice_tenant'],
          clockTolerance: 30,
        });
        return callerOf(payload, token);
      } catch (error) {
        if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) throw error;
        throw new SluiceError('UNAUTHENTICATED', `The token was refused: ${error.message}.`, {
          cause: error,
        });
      }
    },
  };
}

function callerOf(claims: Record<string, unknown>, token: string): Caller {
  const tenantId = claims['sluice_tenant'];
  const role = claims['sluice_role'] ?? 'viewer';
  if (typeof tenantId !== 'string' || !isUuid(tenantId)) {
    throw new SluiceError('UNAUTHENTICATED', "The token's claim sluice_tenant is not a tenant's id.");
  }
  if (!(ROLES as readonly unknown[]).includes(role)) {
    throw new SluiceError('UNAUTHENTICATED', `The token's claim sluice_role is none of ${ROLES.join(', ')}.`);
  }
  return {
    kind: 'tenant',
    tenantId,
    actor: `user:${String(claims['sub'])}`,
    role: role as Role,
    scopes: effectiveScopes(role as Role, ['*']),
    credential: token,
  };
}

/** OpenID Connect Discovery 1.0, section 4. */
async function discover(issuer: string): Promise<JWTVerifyGetKey> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(5000), redirect: 'error' });
    const body = (await answer.json()) as { issuer?: unknown; jwks_uri?: unknown };
    if (body.issuer !== issuer) throw new Error(`It calls itself ${JSON.stringify(body.issuer)}.`);
    return createRemoteJWKSet(new URL(String(body.jwks_uri)));
  } catch (error) {
    throw new SluiceError('UNAVAILABLE', `The token issuer ${issuer} cannot be asked for its keys.`, {
      cause: error,
      retryAfter: 5,
    });
  }
}
