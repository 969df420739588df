import { Type } from 'typebox';
import type { AuditEvent } from '../../kernel/stores/tenancy.ts';
import { pageBody, pageRequest } from '../list.ts';
import { route, type Route } from '../route.ts';
import { closed, Id, listOf, paging, Time } from '../schema.ts';

const AuditEventSchema = Type.Object({
  id: Id,
  actor: Type.String({ description: 'key:<id>, user:<subject> or root.' }),
  action: Type.String({ description: 'For example connection.create.' }),
  subject: Type.String({ description: 'For example connection:<id>.' }),
  detail: Type.Union([Type.Object({}, { additionalProperties: true }), Type.Null()]),
  createdAt: Time,
});

export function auditRoutes(): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/audit-events',
      tag: 'Tenancy',
      summary: 'Who changed keys, connections and members, and who read logs.',
      access: 'tenant',
      scope: 'audit:read',
      query: closed({
        ...paging,
        subject: Type.Optional(Type.String()),
        action: Type.Optional(Type.String()),
      }),
      answers: { 200: { description: 'Events, newest first.', schema: listOf(AuditEventSchema) } },
      async handle({ work, tenantId, query }) {
        const { subject, action } = query;
        const filter = { ...(subject !== undefined && { subject }), ...(action !== undefined && { action }) };
        const page = await work((stores) => stores.audit.list(tenantId, filter, pageRequest(query)));
        return {
          status: 200,
          body: pageBody(page, show),
        };
      },
    }),
  ];
}

function show({ id, actor, action, subject, detail, createdAt }: AuditEvent): object {
  return { id, actor, action, subject, detail: detail ?? null, createdAt };
}
