import { Type } from 'typebox';
import { createEnvironment, type ComputeDeps } from '../../domains/compute/create.ts';
import { deleteEnvironment } from '../../domains/compute/delete.ts';
import { environmentWithRun } from '../../domains/compute/environments.ts';
import type { Catalogue } from '../../domains/definitions/catalogue.ts';
import { ENVIRONMENT_STATES, type ComputeEnvironment } from '../../kernel/stores/compute.ts';
import type { Run } from '../../kernel/stores/runs.ts';
import { EnvironmentSchema, EnvironmentWithOperation, showEnvironment, showWithOperation } from '../environment-view.ts';
import { idIn } from '../ids.ts';
import { pageBody, pageRequest } from '../list.ts';
import { route, type Context, type Reply, type Route } from '../route.ts';
import { AnyObject, closed, Id, listOf, Name, paging } from '../schema.ts';
import { actorOf } from '../who.ts';

const tag = 'Compute environments';
const access = 'tenant';

const own = (context: Context) => {
  const id = idIn(context, 'compute environment');
  return context.work((stores) => environmentWithRun(stores, context.tenantId, id));
};

/** 202 with the environment as it is now, and where its operation can be followed. */
async function accepted(catalogue: Catalogue, environment: ComputeEnvironment, run: Run): Promise<Reply> {
  return {
    status: 202,
    headers: {
      Location: `/v1/compute-environments/${environment.id}`,
      'Operation-Location': `/v1/operations/${run.id}`,
      'Retry-After': '2',
    },
    body: await showWithOperation(catalogue, environment, run),
  };
}

export function environmentRoutes(deps: ComputeDeps): Route[] {
  const { catalogue } = deps;
  return [
    route({
      method: 'POST',
      path: '/v1/compute-environments',
      tag,
      summary: 'Begin to create a compute environment. `operation` says how far it is; it can be followed.',
      access,
      scope: 'environments:write',
      body: closed({
        name: Name,
        provisioner: Type.String({ description: 'Id of a definition of kind provisioner.' }),
        connectionId: Type.Optional(Id),
        input: Type.Optional(AnyObject),
      }),
      idempotency: 'kept',
      answers: {
        202: { description: 'The environment, CREATING.', schema: EnvironmentWithOperation },
        409: { description: 'Another environment has the name.' },
      },
      async handle({ work, caller, body }) {
        const wanted = { ...body, input: body.input ?? {} };
        const { environment, run } = await work((stores) => createEnvironment(deps, stores, actorOf(caller), wanted));
        return accepted(catalogue, environment, run);
      },
    }),
    route({
      method: 'GET',
      path: '/v1/compute-environments',
      tag,
      summary: 'List compute environments, without those that are DELETED.',
      access,
      scope: 'environments:read',
      query: closed({
        ...paging,
        state: Type.Optional(Type.Enum([...ENVIRONMENT_STATES])),
        provisioner: Type.Optional(Type.String()),
      }),
      answers: { 200: { description: 'Environments, newest first.', schema: listOf(EnvironmentSchema) } },
      async handle({ work, tenantId, query }) {
        const { state, provisioner } = query;
        const filter = { ...(state && { states: [state] }), ...(provisioner !== undefined && { provisioner }) };
        const page = await work((stores) => stores.environments.list(tenantId, filter, pageRequest(query)));
        return { status: 200, body: pageBody(page, showEnvironment) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/compute-environments/{id}',
      tag,
      summary: 'One compute environment with its latest operation; 30 days also one that is DELETED.',
      access,
      scope: 'environments:read',
      answers: { 200: { description: 'The environment.', schema: EnvironmentWithOperation } },
      owner: own,
      handle: async ({ owned: { environment, run } }) => ({
        status: 200,
        body: await showWithOperation(catalogue, environment, run),
      }),
    }),
    route({
      method: 'DELETE',
      path: '/v1/compute-environments/{id}',
      tag,
      summary: 'Begin to delete a compute environment that no repo uses. Of a FAILED one, what is left is undone.',
      access,
      scope: 'environments:write',
      answers: {
        202: { description: 'The environment, DELETING.', schema: EnvironmentWithOperation },
        409: { description: 'Repos use it, or an operation on it has not ended.' },
      },
      owner: own,
      async handle({ work, caller, tenantId, owned }) {
        const { environment, run } = await work(async (stores) => {
          await deleteEnvironment(catalogue, stores, actorOf(caller), owned.environment, owned.run);
          return environmentWithRun(stores, tenantId, owned.environment.id);
        });
        return accepted(catalogue, environment, run);
      },
    }),
  ];
}
