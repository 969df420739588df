import { Type } from 'typebox';
import type { Logs } from '../../domains/logs/logs.ts';
import { addShard, changeShard, pinTenant } from '../../domains/logs/shard-admin.ts';
import { answeringStore, MOST_WEIGHT, SHARD_NAME, shownShard } from '../../domains/logs/shard-office.ts';
import { notFound } from '../../kernel/errors.ts';
import { isUuid } from '../../kernel/ids.ts';
import { SHARD_STATES, type LogShardRecord } from '../../kernel/stores/logs.ts';
import { route, type Route } from '../route.ts';
import { closed, listOf, Time } from '../schema.ts';

const tag = 'Shards';
const access = 'root';

const Weight = Type.Integer({ minimum: 0, maximum: MOST_WEIGHT, description: '0 takes no new families.' });

const Shard = Type.Object({
  name: Type.String(),
  store: Type.String({ description: 'The kind of server.' }),
  weight: Weight,
  state: Type.Enum([...SHARD_STATES]),
  families: Type.Integer(),
  bytes: Type.Integer({ description: 'As last measured.' }),
  createdAt: Time,
});

export function shardRoutes({ logs }: { readonly logs: Logs }): Route[] {
  const show = async (record: LogShardRecord): Promise<object> =>
    shownShard(record, await logs.directory.load());
  return [
    route({
      method: 'GET',
      path: '/v1/shards',
      tag,
      summary: 'The servers that hold logs, and what is on them.',
      access,
      answers: { 200: { description: 'Shards, by name.', schema: listOf(Shard) } },
      async handle({ work }) {
        const load = await logs.directory.load();
        const records = await work((stores) => stores.logShards.list());
        return {
          status: 200,
          body: { items: records.map((record) => shownShard(record, load)), nextCursor: null },
        };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/shards',
      tag,
      summary: 'Add a server. It must answer.',
      access,
      body: closed({
        name: Type.String({ pattern: SHARD_NAME }),
        url: Type.String({
          minLength: 1,
          maxLength: 2000,
          description: "An administrator's; it is not shown again.",
        }),
        weight: Type.Optional(Weight),
      }),
      idempotency: 'kept',
      answers: { 201: { description: 'The shard.', schema: Shard } },
      async handle({ work, body }) {
        const store = await answeringStore(logs.shards, body);
        const made = await work((stores) => addShard(stores, { ...body, store }));
        return { status: 201, headers: { Location: '/v1/shards' }, body: shownShard(made, new Map()) };
      },
    }),
    route({
      method: 'PATCH',
      path: '/v1/shards/{name}',
      tag,
      summary: 'Change the weight or state of a server.',
      access,
      body: closed({ weight: Type.Optional(Weight), state: Type.Optional(Type.Enum([...SHARD_STATES])) }),
      answers: { 200: { description: 'The shard.', schema: Shard } },
      async handle({ work, params, body }) {
        return {
          status: 200,
          body: await show(await work((stores) => changeShard(stores, params['name'] ?? '', body))),
        };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/shards/{name}:drain',
      tag,
      summary: 'Place no new families on a server.',
      access,
      answers: { 200: { description: 'The shard.', schema: Shard } },
      async handle({ work, params }) {
        const change = { state: 'draining' } as const;
        return {
          status: 200,
          body: await show(await work((stores) => changeShard(stores, params['name'] ?? '', change))),
        };
      },
    }),
    route({
      method: 'PUT',
      path: '/v1/shards/{name}/tenants/{tenantId}',
      tag,
      summary: 'Place all new families of a tenant on this server.',
      access,
      answers: { 204: { description: 'So it is.' } },
      async handle({ work, params }) {
        const tenantId = params['tenantId'] ?? '';
        if (!isUuid(tenantId)) throw notFound('tenant');
        await work((stores) => pinTenant(stores, tenantId, params['name'] ?? ''));
        return { status: 204 };
      },
    }),
  ];
}
