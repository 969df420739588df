import { Type } from 'typebox';
import { createTenant } from '../../domains/tenants/tenants.ts';
import { notFound } from '../../kernel/errors.ts';
import type { Directory } from '../../kernel/stores/stores.ts';
import type { Tenant } from '../../kernel/stores/tenancy.ts';
import { isUuid } from '../../kernel/ids.ts';
import { pageBody, pageRequest } from '../list.ts';
import { route, type Context, type Route } from '../route.ts';
import { closed, Id, listOf, Name, paging, Time } from '../schema.ts';

const TenantSchema = Type.Object({ id: Id, name: Type.String(), createdAt: Time });

export function tenantRoutes({ directory }: { readonly directory: Directory }): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/tenants',
      tag: 'Tenancy',
      summary: "Make a tenant, with an owner's API key that is shown once.",
      access: 'root',
      body: closed({ name: Name }),
      idempotency: 'kept',
      secretAnswer: true,
      answers: {
        201: {
          description: 'The tenant and its first key.',
          schema: Type.Object({ id: Id, name: Name, createdAt: Time, apiKey: Type.String() }),
        },
      },
      async handle({ work, body }) {
        const { tenant, apiKey } = await work((stores) => createTenant(stores, 'root', body));
        return {
          status: 201,
          headers: { Location: `/v1/tenants/${tenant.id}` },
          body: { ...tenant, apiKey },
        };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/tenants',
      tag: 'Tenancy',
      summary: 'List tenants; with an API key, its own.',
      access: 'either',
      scope: 'tenant:read',
      query: closed(paging),
      answers: { 200: { description: 'Tenants, newest first.', schema: listOf(TenantSchema) } },
      async handle({ caller, query }) {
        const page = pageRequest(query);
        if (caller.kind === 'root')
          return { status: 200, body: pageBody(await directory.tenants(page), show) };
        const own = caller.kind === 'tenant' ? await directory.tenant(caller.tenantId) : undefined;
        return { status: 200, body: pageBody({ items: own ? [own] : [], next: undefined }, show) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/tenants/{id}',
      tag: 'Tenancy',
      summary: 'One tenant.',
      access: 'either',
      scope: 'tenant:read',
      answers: { 200: { description: 'The tenant.', schema: TenantSchema } },
      owner: (context) => ownTenant(context, directory),
      handle: async ({ owned }) => ({ status: 200, body: show(owned) }),
    }),
  ];
}

async function ownTenant({ caller, params }: Context, directory: Directory): Promise<Tenant> {
  const id = params['id'] ?? '';
  const mayAsk = caller.kind === 'root' || (caller.kind === 'tenant' && caller.tenantId === id);
  const tenant = mayAsk && isUuid(id) ? await directory.tenant(id) : undefined;
  if (!tenant) throw notFound('tenant');
  return tenant;
}

function show({ id, name, createdAt }: Tenant): object {
  return { id, name, createdAt };
}
