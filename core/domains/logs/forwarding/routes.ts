import { notFound, SluiceError, type Violation } from '../../../kernel/errors.ts';
import { uuid7 } from '../../../kernel/ids.ts';
import type { LogRoute } from '../../../kernel/stores/log-routes.ts';
import type { Stores } from '../../../kernel/stores/stores.ts';
import { audit, type Actor } from '../../audit/record.ts';
import { findConnection } from '../../connections/connections.ts';
import type { Catalogue } from '../../definitions/catalogue.ts';
import { nameFault } from '../names.ts';

/** What may be said of a route; `families` of null are all. */
export interface RouteTerms {
  readonly families?: readonly string[] | null;
  readonly enabled?: boolean;
}

/**
 * Forwards events through a connection, from a moment later on: those that come from then on.
 * @throws SluiceError NOT_FOUND where the connection is not the tenant's, VALIDATION_FAILED
 */
export async function createRoute(
  catalogue: Catalogue,
  stores: Stores,
  who: Actor,
  { connectionId, families = null, enabled = true }: RouteTerms & { readonly connectionId: string },
): Promise<LogRoute> {
  const { tenantId } = who;
  const { definition } = await findConnection(stores, tenantId, connectionId);
  refuse([...sinkFaults(catalogue, definition), ...familyFaults(families)]);
  const now = new Date();
  const id = uuid7(now.getTime());
  const times = { createdAt: now, updatedAt: now };
  const route = { tenantId, id, connectionId, families: families ?? undefined, enabled, version: 1, ...times };
  await stores.logRoutes.insert(route);
  await audit(stores, who, 'logRoute.create', `logRoute:${id}`, { connectionId, families, enabled });
  await stores.changed({ noun: 'logRoute', tenantId, id });
  return route;
}

export async function findRoute(stores: Stores, tenantId: string, id: string): Promise<LogRoute> {
  const route = await stores.logRoutes.find(tenantId, id);
  if (!route) throw notFound('log route');
  return route;
}

/** @throws SluiceError VALIDATION_FAILED */
export async function changeRoute(stores: Stores, who: Actor, before: LogRoute, change: RouteTerms): Promise<LogRoute> {
  const { families = before.families ?? null, enabled = before.enabled } = change;
  refuse(familyFaults(families));
  const route = await stores.logRoutes.update({ ...before, families: families ?? undefined, enabled });
  await audit(stores, who, 'logRoute.change', `logRoute:${route.id}`, { ...change });
  await stores.changed({ noun: 'logRoute', tenantId: route.tenantId, id: route.id });
  return route;
}

/** What was collected for it and is not yet part of a run is not forwarded any more. */
export async function deleteRoute(stores: Stores, who: Actor, { tenantId, id, connectionId }: LogRoute): Promise<void> {
  await stores.logRoutes.delete(tenantId, id);
  await audit(stores, who, 'logRoute.delete', `logRoute:${id}`, { connectionId });
  await stores.changed({ noun: 'logRoute', tenantId, id });
}

function sinkFaults(catalogue: Catalogue, definition: string): Violation[] {
  const plan = catalogue.plan(definition);
  if (plan?.sink?.store === 'steps') return [];
  const sinks = catalogue.ids().filter((id) => catalogue.plan(id)?.sink?.store === 'steps');
  const message = `A connection of "${definition}" takes no events; one of a sink does: ${sinks.join(', ') || 'none is loaded'}.`;
  return [{ path: '/connectionId', message }];
}

/** They need not be there yet. */
function familyFaults(families: readonly string[] | null): Violation[] {
  return (families ?? []).flatMap((name, i) => {
    const message = nameFault(name);
    return message === undefined ? [] : [{ path: `/families/${i}`, message }];
  });
}

function refuse(errors: readonly Violation[]): void {
  if (errors.length > 0) throw new SluiceError('VALIDATION_FAILED', errors[0]!.message, { errors });
}
