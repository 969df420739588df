import { Type } from 'typebox';
import {
  changeConnection,
  createConnection,
  deleteConnection,
  findConnection,
  showConnection,
  type ConnectionDeps,
  type ShownConnection,
} from '../../domains/connections/connections.ts';
import { intakeOf, type IntakeDeps } from '../../domains/datasets/turning-on.ts';
import { verifyConnection, type Verify } from '../../domains/connections/verify.ts';
import type { ConnectionStore } from '../../kernel/ports.ts';
import type { Connection } from '../../kernel/stores/connections.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import { IntakeSchema } from '../dataset-view.ts';
import { idIn } from '../ids.ts';
import { pageBody, pageRequest } from '../list.ts';
import { route, type Context, type Route } from '../route.ts';
import { AnyObject, closed, Id, listOf, Name, paging, Time } from '../schema.ts';
import { actorOf } from '../who.ts';

const Listed = Type.Object({
  id: Id,
  definition: Type.String(),
  name: Type.String(),
  config: Type.Object({}, { additionalProperties: true, description: 'Without its secrets.' }),
  state: Type.Enum(['active', 'needs_reauth']),
  stateReason: Type.Union([Type.String(), Type.Null()]),
  createdAt: Time,
  updatedAt: Time,
});
const Shown = Type.Intersect([
  Listed,
  Type.Object({
    secrets: Type.Array(Type.String(), {
      description: 'Names of the secrets that are kept. Their values never leave.',
    }),
    dataset: Type.Optional(IntakeSchema),
  }),
]);

const tag = 'Connections';
const access = 'tenant';

const own = (context: Context): Promise<Connection> =>
  context.work((stores) => findConnection(stores, context.tenantId, idIn(context, 'connection')));

export function connectionRoutes(
  deps: ConnectionDeps & IntakeDeps & { readonly live: Pick<ConnectionStore, 'load'>; readonly verify: Verify },
): Route[] {
  /** With the dataset that it turns on, if it is one's. */
  const show = async (stores: Stores, { connection, secretNames }: ShownConnection): Promise<object> => {
    const dataset = await stores.datasets.byConnection(connection.tenantId, connection.id);
    return { ...listed(connection), secrets: secretNames, ...(dataset && { dataset: intakeOf(deps, dataset) }) };
  };
  return [
    route({
      method: 'POST',
      path: '/v1/connections',
      tag,
      summary: 'Connect an account, or turn a dataset on. Secrets can be written, never read.',
      access,
      scope: 'connections:write',
      body: closed({ definition: Type.String(), name: Name, config: Type.Optional(AnyObject) }),
      idempotency: 'kept',
      answers: { 201: { description: 'The connection.', schema: Shown } },
      async handle({ work, caller, body }) {
        const wanted = { ...body, config: body.config ?? {} };
        return work(async (stores) => {
          const made = await createConnection(deps, stores, actorOf(caller), wanted);
          return {
            status: 201,
            headers: { Location: `/v1/connections/${made.connection.id}` },
            body: await show(stores, made),
          };
        });
      },
    }),
    route({
      method: 'GET',
      path: '/v1/connections',
      tag,
      summary: 'List connections.',
      access,
      scope: 'connections:read',
      query: closed({ ...paging, definition: Type.Optional(Type.String()) }),
      answers: { 200: { description: 'Connections, newest first.', schema: listOf(Listed) } },
      async handle({ work, tenantId, query }) {
        const filter = query.definition === undefined ? {} : { definition: query.definition };
        const page = await work((stores) => stores.connections.list(tenantId, filter, pageRequest(query)));
        return { status: 200, body: pageBody(page, listed) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/connections/{id}',
      tag,
      summary: 'One connection.',
      access,
      scope: 'connections:read',
      answers: { 200: { description: 'The connection.', schema: Shown } },
      owner: own,
      async handle({ work, owned }) {
        return work(async (stores) => ({
          status: 200,
          body: await show(stores, await showConnection(stores, owned)),
        }));
      },
    }),
    route({
      method: 'PATCH',
      path: '/v1/connections/{id}',
      tag,
      summary: 'Change name or configuration; keys left out stay, null takes one away (RFC 7396).',
      access,
      scope: 'connections:write',
      body: closed({ name: Type.Optional(Name), config: Type.Optional(AnyObject) }),
      answers: { 200: { description: 'The connection.', schema: Shown } },
      owner: own,
      async handle({ work, caller, owned, body }) {
        return work(async (stores) => ({
          status: 200,
          body: await show(stores, await changeConnection(deps, stores, actorOf(caller), owned, body)),
        }));
      },
    }),
    route({
      method: 'DELETE',
      path: '/v1/connections/{id}',
      tag,
      summary: 'Delete a connection that no action, compute environment or log route uses. Its dataset is off then, and keeps its data.',
      access,
      scope: 'connections:write',
      answers: {
        204: { description: 'It is gone, with its secrets.' },
        409: { description: 'It is used.' },
      },
      owner: own,
      async handle({ work, caller, owned }) {
        await work((stores) => deleteConnection(stores, actorOf(caller), owned));
        return { status: 204 };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/connections/{id}:verify',
      tag,
      summary: 'Ask the other side whether the credentials work.',
      access,
      scope: 'connections:write',
      answers: {
        200: {
          description: 'What it said.',
          schema: Type.Object({ ok: Type.Boolean(), message: Type.String() }),
        },
      },
      owner: own,
      handle: async ({ owned }) => ({ status: 200, body: await verifyConnection(deps, owned) }),
    }),
  ];
}

function listed({ id, definition, name, config, state, stateReason, createdAt, updatedAt }: Connection) {
  return { id, definition, name, config, state, stateReason: stateReason ?? null, createdAt, updatedAt };
}
