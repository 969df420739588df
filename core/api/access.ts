import type { Caller } from '../domains/keys/caller.ts';
import { SluiceError } from '../kernel/errors.ts';
import { OPERATOR } from '../kernel/stores/idempotency.ts';
import type { Route } from './route.ts';

/** Throws FORBIDDEN where the caller may not do this. */
export function checkAccess(route: Route, caller: Caller): void {
  if (route.access === 'public') return;
  if (caller.kind === 'root') {
    if (route.access !== 'tenant') return;
    throw new SluiceError(
      'FORBIDDEN',
      "The root key belongs to no tenant. Use one of the tenant's API keys here.",
    );
  }
  if (caller.kind === 'nobody') throw new SluiceError('UNAUTHENTICATED', 'No key was sent.');
  if (route.access === 'root') throw new SluiceError('FORBIDDEN', 'Only the root key may do this.');
  if (route.scope !== undefined && !caller.scopes.has(route.scope)) {
    throw new SluiceError(
      'FORBIDDEN',
      `The API key does not have the scope "${route.scope}", which this takes.`,
    );
  }
}

/** The tenants whose rows a caller's transactions see. */
export function tenantsOf(caller: Caller): readonly string[] {
  if (caller.kind === 'tenant') return [caller.tenantId];
  return caller.kind === 'root' ? [OPERATOR] : [];
}
