import { Type } from 'typebox';
import {
  describeColumns,
  describeTables,
  findFamily,
  listFamilies,
  setRetention,
} from '../../domains/logs/families.ts';
import type { Logs } from '../../domains/logs/logs.ts';
import { SluiceError } from '../../kernel/errors.ts';
import { LOG_TYPES } from '../../kernel/logs.ts';
import type { LogFamily } from '../../kernel/stores/logs.ts';
import { MAX_LOG_BODY, NDJSON, readLogBody } from '../log-body.ts';
import { route, type Context, type Method, type Reply, type Route } from '../route.ts';
import { closed, listOf, paging, Time } from '../schema.ts';
import { actorOf } from '../who.ts';
import { whileConnected } from '../while-connected.ts';

const tag = 'Logs';
const access = 'tenant';

const Column = Type.Object({ name: Type.String(), nullable: Type.Boolean(), type: Type.String() });

const Family = Type.Object({
  name: Type.String(),
  columns: Type.Array(Column),
  shard: Type.String({ description: 'The server that holds it.' }),
  retentionDays: Type.Union([Type.Integer(), Type.Null()], { description: 'null keeps events for good.' }),
  createdAt: Time,
});

const LogBody = closed({
  family: Type.String({ description: 'Letters, digits and _, 60 at most. The table has its name.' }),
  schema: Type.Optional(
    Type.Record(Type.String(), Type.Enum([...LOG_TYPES]), {
      description: 'Types of fields. Known columns may be left out; new ones are added.',
    }),
  ),
  logs: Type.Array(Type.Object({}, { additionalProperties: true }), { description: 'Events.' }),
});

export function logRoutes(logs: Logs): Route[] {
  return [
    ...(['PUT', 'POST'] as const).map((method) => intakeRoute(logs, method)),
    route({
      method: 'POST',
      path: '/api/query',
      tag,
      summary:
        "Ask by SQL: one SELECT in MySQL's dialect, over the tables of `GET /api/describe` and `raw_logs`.",
      access,
      scope: 'logs:read',
      body: closed({ query: Type.String() }),
      bodyType: 'lenient',
      answers: {
        200: {
          description: 'The rows.',
          schema: Type.Object({ results: Type.Array(Type.Object({}, { additionalProperties: true })) }),
        },
      },
      async handle({ request, caller, tenantId, body }) {
        await logs.readAudit.note(caller, 'query', undefined, { query: body.query });
        const results = await whileConnected(request, (signal) =>
          logs.queries.run(tenantId, body.query, signal),
        );
        return { status: 200, text: `{"results":${results}}`, type: 'application/json; charset=utf-8' };
      },
    }),
    route({
      method: 'GET',
      path: '/api/describe',
      tag,
      summary: 'The tables of all families: `id` first, then columns by name.',
      access,
      scope: 'logs:read',
      answers: {
        200: {
          description: 'The tables.',
          schema: Type.Object({
            tables: Type.Array(Type.Object({ columns: Type.Array(Column), name: Type.String() })),
          }),
        },
      },
      async handle({ work, tenantId }) {
        return { status: 200, body: { tables: await work((stores) => describeTables(stores, tenantId)) } };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/log-families',
      tag,
      summary: 'List families of logs.',
      access,
      scope: 'logs:read',
      query: closed(paging),
      answers: { 200: { description: 'Families, by name.', schema: listOf(Family) } },
      async handle({ work, tenantId, query }) {
        return { status: 200, body: pageOf(await work((stores) => listFamilies(stores, tenantId)), query) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/log-families/{family}',
      tag,
      summary: 'One family.',
      access,
      scope: 'logs:read',
      answers: { 200: { description: 'The family.', schema: Family } },
      owner: ownFamily,
      handle: async ({ owned }) => ({ status: 200, body: show(owned) }),
    }),
    route({
      method: 'PATCH',
      path: '/v1/log-families/{family}',
      tag,
      summary: 'Say how long events of a family are kept.',
      access,
      scope: 'logs:write',
      body: closed({
        retentionDays: Type.Union([Type.Integer({ minimum: 1, maximum: 36_500 }), Type.Null()], {
          description: 'Days since receipt; null keeps them for good.',
        }),
      }),
      answers: { 200: { description: 'The family.', schema: Family } },
      owner: ownFamily,
      async handle({ work, caller, owned, body }) {
        const days = body.retentionDays ?? undefined;
        const family = await work((stores) => setRetention(stores, actorOf(caller), owned, days));
        return { status: 200, body: show(family) };
      },
    }),
  ];
}

function intakeRoute(logs: Logs, method: Extract<Method, 'PUT' | 'POST'>): Route {
  return route({
    method,
    path: '/api/log',
    tag,
    summary: `Store events of one family, all or none; they are on disk when this answers. ${MAX_LOG_BODY / 1024 / 1024} MiB at most.`,
    access,
    scope: 'logs:write',
    query: closed({
      family: Type.Optional(Type.String({ description: 'Where the body is NDJSON.' })),
      schema: Type.Optional(
        Type.String({ description: 'Where the body is NDJSON: the schema as JSON text.' }),
      ),
    }),
    body: LogBody,
    bodyType: 'own',
    mediaTypes: NDJSON,
    idempotency: 'own',
    ahead: true,
    answers: {
      200: { description: 'They are stored.', schema: closed({}) },
      409: { description: 'A column has another type, or a name differs in case only.' },
      429: { description: 'Too much at a time, or over quota.' },
    },
    async handle({ request, tenantId, query }): Promise<Reply> {
      const place = logs.admission.admit(tenantId);
      try {
        const incoming = await readLogBody(request, query, (bytes) => place.hold(bytes));
        const { repeated } = await logs.intake.take(tenantId, incoming);
        return { status: 200, ...STORED, ...(repeated && { headers: { 'Idempotency-Replayed': 'true' } }) };
      } finally {
        place.release();
      }
    },
  });
}

const STORED = { text: '{}', type: 'application/json; charset=utf-8' };

/** The family that a path names, of the caller's tenant. */
export const ownFamily = (context: Context): Promise<LogFamily> =>
  context.work((stores) => findFamily(stores, context.tenantId, context.params['family'] ?? ''));

/** Families are known by name: the cursor is the last one's. */
function pageOf(
  families: readonly LogFamily[],
  { limit = 50, cursor }: { limit?: number; cursor?: string },
): object {
  const after = cursor === undefined ? '' : Buffer.from(cursor, 'base64url').toString('utf8');
  if (cursor !== undefined && !/^\w+$/.test(after)) {
    const message = 'This is not a cursor. Take `nextCursor` of the page before, as it is.';
    throw new SluiceError('VALIDATION_FAILED', message, { errors: [{ path: '/query/cursor', message }] });
  }
  const left = families.filter(({ name }) => name > after);
  const items = left.slice(0, limit);
  const more = left.length > items.length;
  return {
    items: items.map(show),
    nextCursor: more ? Buffer.from(items.at(-1)!.name).toString('base64url') : null,
  };
}

function show(family: LogFamily): object {
  const { name, homes, retentionDays, createdAt } = family;
  return {
    name,
    columns: describeColumns(family),
    shard: homes[0]?.shard ?? null,
    retentionDays: retentionDays ?? null,
    createdAt,
  };
}
