import type { Caller } from '../domains/keys/caller.ts';
import type { Actor } from '../domains/audit/record.ts';
import { SluiceError } from '../kernel/errors.ts';

/** The tenant's key or user behind a request. Routes of access `tenant` have one. */
export function tenantCaller(caller: Caller): Extract<Caller, { kind: 'tenant' }> {
  if (caller.kind === 'tenant') return caller;
  throw new SluiceError('UNAUTHENTICATED', 'This takes an API key of a tenant.');
}

/** Who answers for a change. */
export function actorOf(caller: Caller): Actor {
  const { tenantId, actor } = tenantCaller(caller);
  return { tenantId, actor };
}
