import { SluiceError } from '../../kernel/errors.ts';
import type { Role } from '../../kernel/stores/tenancy.ts';
import { didYouMean } from '../../kernel/suggest.ts';

/** What a key or user may be allowed. `:read` sees, `:write` changes. */
export const SCOPES = [
  'audit:read',
  'connections:read',
  'connections:write',
  'datasets:read',
  'datasets:write',
  'definitions:read',
  'environments:read',
  'environments:write',
  'forms:read',
  'forms:write',
  'keys:read',
  'keys:write',
  'logs:read',
  'logs:write',
  'repos:read',
  'repos:write',
  'responses:read',
  'responses:write',
  'runs:read',
  'runs:write',
  'tenant:read',
  'usage:read',
  'users:read',
  'users:write',
] as const;
export type Scope = (typeof SCOPES)[number];

const isAdministration = (scope: Scope): boolean =>
  scope.startsWith('keys:') || scope.startsWith('audit:') || scope === 'users:write';

/** What each role may do. Owners and admins all; members all but administration; viewers look. */
export const ROLE_SCOPES: Readonly<Record<Role, readonly Scope[]>> = {
  owner: SCOPES,
  admin: SCOPES,
  member: SCOPES.filter((scope) => !isAdministration(scope)),
  viewer: SCOPES.filter((scope) => scope.endsWith(':read') && !isAdministration(scope)),
};

/**
 * What a credential may do: what its scopes name, as far as its role allows. `*` names all that the role allows.
 */
export function effectiveScopes(role: Role, scopes: readonly string[]): ReadonlySet<string> {
  const allowed = ROLE_SCOPES[role];
  return new Set(scopes.includes('*') ? allowed : allowed.filter((scope) => scopes.includes(scope)));
}

/** Throws VALIDATION_FAILED for a scope that does not exist, FORBIDDEN for one that the giver has not. */
export function checkGrantable(scopes: readonly string[], giver: ReadonlySet<string>): void {
  const errors = scopes.flatMap((scope, i) =>
    scope === '*' || (SCOPES as readonly string[]).includes(scope)
      ? []
      : [
          {
            path: `/scopes/${i}`,
            message: `"${scope}" is not a scope; there are *, ${SCOPES.join(', ')}.${didYouMean(scope, SCOPES)}`,
          },
        ],
  );
  if (errors.length > 0) throw new SluiceError('VALIDATION_FAILED', errors[0]!.message, { errors });
  const beyond = scopes.find((scope) => scope !== '*' && !giver.has(scope));
  if (beyond !== undefined) {
    throw new SluiceError(
      'FORBIDDEN',
      `You cannot give the scope "${beyond}": your own key does not have it.`,
    );
  }
}
