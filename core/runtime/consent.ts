import type { JsonObject } from '../kernel/json.ts';
import type { Tokens } from '../kernel/plugin.ts';
import type { LiveConnection } from '../kernel/ports.ts';
import type { Plan, Scope } from '../language/plan.ts';
import type { AuthCallback, Authorizer } from './auth.ts';

/** Sends a person to a vendor's consent page, and takes what comes back, by the plan's own auth. */
export function createConsent(authorizer: Authorizer, app: (definition: string) => JsonObject) {
  const scopeOf = (plan: Plan, connection: LiveConnection): Scope => ({
    connection: { ...connection.config, id: connection.id },
    app: app(plan.id),
  });
  return {
    begin: (plan: Plan, connection: LiveConnection, callback: { redirectUri: string; state: string }) =>
      authorizer.begin(plan.auth, scopeOf(plan, connection), plan, callback),
    complete: (plan: Plan, connection: LiveConnection, callback: AuthCallback): Promise<Tokens> =>
      authorizer.complete(plan.auth, scopeOf(plan, connection), connection, plan, callback),
  };
}
