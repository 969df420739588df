import { notFound, type Violation } from '../../kernel/errors.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import type { Plan } from '../../language/plan.ts';

/**
 * What is wrong with the connection that something of a definition is to use.
 * @param what what is to use it, for messages
 * @throws SluiceError NOT_FOUND where it is not the tenant's
 */
export async function connectionFaults(
  stores: Stores,
  plan: Plan,
  { tenantId, connectionId }: { readonly tenantId: string; readonly connectionId: string | undefined },
  what: 'action' | 'environment',
): Promise<Violation[]> {
  const path = '/connectionId';
  if (connectionId === undefined) {
    const keepsTokens = plan.auth.some(({ scheme }) => scheme === 'oauth2' || scheme === 'login');
    const needsOne = keepsTokens || plan.connection.complete({}).violations.length > 0;
    return needsOne
      ? [{ path, message: `${plan.title} needs a connection; make one with POST /v1/connections.` }]
      : [];
  }
  const connection = await stores.connections.find(tenantId, connectionId);
  if (!connection) throw notFound('connection');
  if (connection.definition === plan.id) return [];
  return [
    {
      path,
      message: `The connection "${connection.name}" is one of ${connection.definition}, and this ${what} is of ${plan.id}.`,
    },
  ];
}
