import { Type } from 'typebox';
import type { Logs } from '../../domains/logs/logs.ts';
import { notFound } from '../../kernel/errors.ts';
import { isUuid } from '../../kernel/ids.ts';
import type { Directory } from '../../kernel/stores/stores.ts';
import type { UsageDay } from '../../kernel/stores/usage.ts';
import { route, type Route } from '../route.ts';
import { closed, listOf } from '../schema.ts';

const tag = 'Tenancy';

const Day = Type.String({ format: 'date', description: 'In UTC.' });
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const UsageSchema = Type.Object({
  day: Day,
  events: Count,
  bytes: Type.Integer({ description: 'Bytes of events that were taken in.' }),
  queries: Count,
  storage: Type.Integer({ description: 'Bytes kept, as last measured.' }),
});

const Quotas = closed({
  events: Type.Optional(Count),
  bytes: Type.Optional(Count),
  queries: Type.Optional(Count),
});

export function usageRoutes({
  logs,
  directory,
}: {
  readonly logs: Logs;
  readonly directory: Directory;
}): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/usage',
      tag,
      summary: 'What the tenant used, by day.',
      access: 'tenant',
      scope: 'usage:read',
      query: closed({ from: Type.Optional(Day), to: Type.Optional(Day) }),
      answers: {
        200: { description: 'Days, oldest first; the last 31 by default.', schema: listOf(UsageSchema) },
      },
      async handle({ work, tenantId, query }) {
        // What this process has counted and not yet written.
        await logs.meter.flush();
        const to = query.to ?? dayOf(Date.now());
        const from = query.from ?? dayOf(Date.parse(to) - 30 * 86_400_000);
        const days = await work((stores) => stores.usage.list(tenantId, from, to));
        return { status: 200, body: { items: days.map(show), nextCursor: null } };
      },
    }),
    route({
      method: 'PUT',
      path: '/v1/tenants/{id}/quotas',
      tag,
      summary: 'Set the most a tenant may use in a day (UTC). What is left out has no limit.',
      access: 'root',
      body: Quotas,
      answers: { 200: { description: 'The quotas.', schema: Quotas } },
      async handle({ work, params, body }) {
        const id = params['id'] ?? '';
        if (!isUuid(id) || !(await directory.tenant(id))) throw notFound('tenant');
        await work(async (stores) => {
          await stores.alsoIn(id);
          await stores.usage.setQuotas(id, body);
        });
        logs.meter.forget(id);
        return { status: 200, body };
      },
    }),
  ];
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function show({ day, events, bytes, queries, storage }: UsageDay): object {
  return { day, events, bytes, queries, storage };
}
