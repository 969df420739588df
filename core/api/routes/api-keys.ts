import { Type } from 'typebox';
import { createApiKey, findApiKey, revokeApiKey } from '../../domains/keys/api-keys.ts';
import { SCOPES } from '../../domains/keys/scopes.ts';
import type { ApiKey } from '../../kernel/stores/tenancy.ts';
import { idIn } from '../ids.ts';
import { pageBody, pageRequest } from '../list.ts';
import { route, type Context, type Route } from '../route.ts';
import { closed, Id, listOf, Name, paging, Time } from '../schema.ts';
import { actorOf, tenantCaller } from '../who.ts';

const ApiKeySchema = Type.Object({
  id: Id,
  name: Type.String(),
  role: Type.String(),
  scopes: Type.Array(Type.String()),
  prefix: Type.String({ description: 'The first characters of the key, to tell keys apart.' }),
  expiresAt: Type.Union([Time, Type.Null()]),
  createdAt: Time,
});

const tag = 'Tenancy';

const ownKey = (context: Context): Promise<ApiKey> =>
  context.work((stores) => findApiKey(stores, context.tenantId, idIn(context, 'API key')));

export function apiKeyRoutes(): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/api-keys',
      tag,
      summary: 'Make an API key. Its secret is shown once.',
      access: 'tenant',
      scope: 'keys:write',
      body: closed({
        name: Name,
        scopes: Type.Array(Type.String(), { minItems: 1, description: `Of: *, ${SCOPES.join(', ')}.` }),
        expiresAt: Type.Optional(Time),
      }),
      idempotency: 'kept',
      secretAnswer: true,
      answers: {
        201: {
          description: 'The key.',
          schema: Type.Intersect([ApiKeySchema, Type.Object({ apiKey: Type.String() })]),
        },
      },
      async handle({ work, caller, body }) {
        const { key, secret } = await work((stores) => createApiKey(stores, tenantCaller(caller), body));
        return {
          status: 201,
          headers: { Location: `/v1/api-keys/${key.id}` },
          body: { ...show(key), apiKey: secret },
        };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/api-keys',
      tag,
      summary: 'List the API keys that work.',
      access: 'tenant',
      scope: 'keys:read',
      query: closed(paging),
      answers: { 200: { description: 'Keys, newest first.', schema: listOf(ApiKeySchema) } },
      async handle({ work, tenantId, query }) {
        const page = await work((stores) => stores.keys.list(tenantId, pageRequest(query)));
        return { status: 200, body: pageBody(page, show) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/api-keys/{id}',
      tag,
      summary: 'One API key, without its secret.',
      access: 'tenant',
      scope: 'keys:read',
      answers: { 200: { description: 'The key.', schema: ApiKeySchema } },
      owner: ownKey,
      handle: async ({ owned }) => ({ status: 200, body: show(owned) }),
    }),
    route({
      method: 'DELETE',
      path: '/v1/api-keys/{id}',
      tag,
      summary: 'Revoke an API key.',
      access: 'tenant',
      scope: 'keys:write',
      answers: { 204: { description: 'It works no more.' } },
      owner: ownKey,
      async handle({ work, caller, owned }) {
        await work((stores) => revokeApiKey(stores, actorOf(caller), owned));
        return { status: 204 };
      },
    }),
  ];
}

function show({ id, name, role, scopes, prefix, expiresAt, createdAt }: ApiKey): object {
  return { id, name, role, scopes, prefix, expiresAt: expiresAt ?? null, createdAt };
}
