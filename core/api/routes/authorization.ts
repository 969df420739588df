import { Type } from 'typebox';
import {
  beginAuthorization,
  completeAuthorization,
  type AuthorizeDeps,
} from '../../domains/connections/authorize.ts';
import { findConnection } from '../../domains/connections/connections.ts';
import { idIn } from '../ids.ts';
import { markup, page } from '../html.ts';
import { route, type Route } from '../route.ts';

const tag = 'Connections';

export function authorizationRoutes(deps: AuthorizeDeps): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/connections/{id}:authorize',
      tag,
      summary: "The page to send the account's owner to. Good for ten minutes, once.",
      access: 'tenant',
      scope: 'connections:write',
      answers: {
        200: { description: 'Where to go.', schema: Type.Object({ authorizationUrl: Type.String() }) },
      },
      owner: (context) =>
        context.work((stores) => findConnection(stores, context.tenantId, idIn(context, 'connection'))),
      handle: async ({ owned }) => ({
        status: 200,
        body: { authorizationUrl: await beginAuthorization(deps, owned) },
      }),
    }),
    route({
      method: 'GET',
      path: '/oauth/callback',
      tag,
      summary: 'Where consent pages send people back to.',
      access: 'public',
      query: Type.Object({}, { additionalProperties: Type.String() }),
      answers: {
        200: { description: 'A page for the person.', type: 'text/html' },
        400: { description: 'It came to nothing.', type: 'text/html' },
      },
      async handle({ query }) {
        const result = await completeAuthorization(deps, query as Record<string, string>);
        if (result.outcome === 'authorised') {
          return page(
            200,
            'Authorised',
            markup`<h1>Authorised</h1><p>“${result.connection}” is connected. You can close this page.</p>`,
          );
        }
        return page(400, 'Not authorised', markup`<h1>Not authorised</h1><p>${result.reason}</p>`);
      },
    }),
  ];
}
