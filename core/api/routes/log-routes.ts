import { Type } from 'typebox';
import type { Catalogue } from '../../domains/definitions/catalogue.ts';
import { changeRoute, createRoute, deleteRoute, findRoute } from '../../domains/logs/forwarding/routes.ts';
import type { LogRoute } from '../../kernel/stores/log-routes.ts';
import { idIn } from '../ids.ts';
import { pageBody, pageRequest } from '../list.ts';
import { route, type Context, type Route } from '../route.ts';
import { closed, Id, listOf, nullable, paging, Time } from '../schema.ts';
import { actorOf } from '../who.ts';

const Families = nullable(
  Type.Array(Type.String(), { minItems: 1, maxItems: 1000, uniqueItems: true, description: 'By name; null is all.' }),
);
const Enabled = Type.Boolean({ description: 'Where false nothing is collected, and what was collected waits.' });

const RouteSchema = Type.Object({
  id: Id,
  connectionId: Id,
  families: Families,
  enabled: Enabled,
  version: Type.Integer(),
  createdAt: Time,
  updatedAt: Time,
});

const terms = { families: Type.Optional(Families), enabled: Type.Optional(Enabled) };

const tag = 'Logs';
const access = 'tenant';

const own = (context: Context): Promise<LogRoute> => {
  const id = idIn(context, 'log route');
  return context.work((stores) => findRoute(stores, context.tenantId, id));
};

export function logRouteRoutes({ catalogue }: { readonly catalogue: Catalogue }): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/log-routes',
      tag,
      summary: 'Forward events of families through a connection of a sink, from now on.',
      access,
      scope: 'logs:write',
      body: closed({ connectionId: Id, ...terms }),
      idempotency: 'kept',
      answers: { 201: { description: 'The route.', schema: RouteSchema } },
      async handle({ work, caller, body }) {
        const made = await work((stores) => createRoute(catalogue, stores, actorOf(caller), body));
        return { status: 201, headers: { Location: `/v1/log-routes/${made.id}` }, body: show(made) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/log-routes',
      tag,
      summary: 'List routes of events.',
      access,
      scope: 'logs:read',
      query: closed(paging),
      answers: { 200: { description: 'Routes, newest first.', schema: listOf(RouteSchema) } },
      async handle({ work, tenantId, query }) {
        const page = await work((stores) => stores.logRoutes.list(tenantId, pageRequest(query)));
        return { status: 200, body: pageBody(page, show) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/log-routes/{id}',
      tag,
      summary: 'One route.',
      access,
      scope: 'logs:read',
      answers: { 200: { description: 'The route.', schema: RouteSchema } },
      owner: own,
      handle: async ({ owned }) => ({ status: 200, body: show(owned) }),
    }),
    route({
      method: 'PATCH',
      path: '/v1/log-routes/{id}',
      tag,
      summary: 'Change which families a route is for, or stop it for a while.',
      access,
      scope: 'logs:write',
      body: closed(terms),
      answers: { 200: { description: 'The route.', schema: RouteSchema } },
      owner: own,
      async handle({ work, caller, owned, body }) {
        return { status: 200, body: show(await work((stores) => changeRoute(stores, actorOf(caller), owned, body))) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/log-routes/{id}',
      tag,
      summary: 'Delete a route; what was collected for it and not yet sent is not sent any more.',
      access,
      scope: 'logs:write',
      answers: { 204: { description: 'It is gone.' } },
      owner: own,
      async handle({ work, caller, owned }) {
        await work((stores) => deleteRoute(stores, actorOf(caller), owned));
        return { status: 204 };
      },
    }),
  ];
}

function show({ id, connectionId, families, enabled, version, createdAt, updatedAt }: LogRoute): object {
  return { id, connectionId, families: families ?? null, enabled, version, createdAt, updatedAt };
}
