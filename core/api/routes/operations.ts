import { Type } from 'typebox';
import { cancelOperation, findOperation, listOperations, retryOperation } from '../../domains/compute/operations.ts';
import type { Catalogue } from '../../domains/definitions/catalogue.ts';
import { runWithSteps } from '../../domains/runs/runs.ts';
import type { RunWatch } from '../../domains/runs/watch.ts';
import type { Run } from '../../kernel/stores/runs.ts';
import { entityTag, ifNoneMatch } from '../conditional.ts';
import { idIn } from '../ids.ts';
import { pageBody, pageRequest } from '../list.ts';
import { OperationSchema, OperationWithSteps, showOperation } from '../operation-view.ts';
import { route, type Context, type Reply, type Route } from '../route.ts';
import { runEvents } from '../run-events.ts';
import { closed, listOf, paging } from '../schema.ts';
import { actorOf } from '../who.ts';

const tag = 'Compute environments';
const access = 'tenant';

const own = (context: Context): Promise<Run> => {
  const id = idIn(context, 'operation');
  return context.work((stores) => findOperation(stores, context.tenantId, id));
};

export function operationRoutes({
  catalogue,
  closing,
  watch,
}: {
  readonly catalogue: Catalogue;
  readonly closing: AbortSignal;
  readonly watch: RunWatch;
}): Route[] {
  /** The operation with its trace, as it is now. */
  const load = async ({ work, tenantId, owned: { id } }: Context<unknown, unknown, Run>) => {
    const { run, steps } = await work((stores) => runWithSteps(stores, tenantId, id));
    return { run, data: await showOperation(catalogue, run, steps) };
  };
  const accepted = async (context: Context<unknown, unknown, Run>): Promise<Reply> => {
    const { run, data } = await load(context);
    const headers = { Location: `/v1/operations/${run.id}`, 'Retry-After': '2', ETag: etagOf(run) };
    return { status: 202, headers, body: data };
  };
  return [
    route({
      method: 'GET',
      path: '/v1/operations',
      tag,
      summary: 'List operations on compute environments.',
      access,
      scope: 'environments:read',
      query: closed({ ...paging, target: Type.Optional(Type.String({ description: "An environment's id." })) }),
      answers: {
        200: { description: 'Operations, newest first, without their steps.', schema: listOf(OperationSchema) },
      },
      async handle({ work, tenantId, query }) {
        const page = await work((stores) => listOperations(stores, tenantId, query.target, pageRequest(query)));
        const items = await Promise.all(page.items.map((run) => showOperation(catalogue, run)));
        return { status: 200, body: pageBody({ ...page, items }, (operation) => operation) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/operations/{id}',
      tag,
      summary: 'One operation with its trace. Its ETag is its version: ask with `If-None-Match`.',
      access,
      scope: 'environments:read',
      answers: {
        200: { description: 'The operation.', schema: OperationWithSteps },
        304: { description: 'It is still that version.' },
      },
      owner: own,
      async handle(context) {
        const { run, data } = await load(context);
        const headers = { ETag: etagOf(run) };
        if (ifNoneMatch(context.request, headers.ETag)) return { status: 304, headers };
        return { status: 200, headers, body: data };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/operations/{id}/events',
      tag,
      summary: 'The operation as server-sent events: one a change, until it has ended. `Last-Event-ID`: newer than.',
      access,
      scope: 'environments:read',
      answers: {
        200: {
          description: '`event: operation`, `id` its version, data the operation.',
          type: 'text/event-stream',
        },
      },
      owner: own,
      handle: async (context) =>
        runEvents(context, context.owned.id, { watch, closing, event: 'operation', load: () => load(context) }),
    }),
    route({
      method: 'POST',
      path: '/v1/operations/{id}:cancel',
      tag,
      summary: 'Cancel a creation: what was done is undone.',
      access,
      scope: 'environments:write',
      answers: {
        202: { description: 'The operation, CANCELLING or CANCELLED.', schema: OperationWithSteps },
        409: { description: 'It has ended, is rolling back, or is a deletion.' },
      },
      owner: own,
      async handle(context) {
        await context.work((stores) => cancelOperation(stores, actorOf(context.caller), context.owned));
        return accepted(context);
      },
    }),
    route({
      method: 'POST',
      path: '/v1/operations/{id}:retry',
      tag,
      summary: 'Go on with a failed operation: undo what could not be undone, else create again, or delete from where it failed.',
      access,
      scope: 'environments:write',
      body: closed({
        definition: Type.Optional(Type.Enum(['pinned', 'latest'], { description: 'Default: pinned.' })),
      }),
      bodyOptional: true,
      answers: {
        202: { description: 'The operation.', schema: OperationWithSteps },
        409: { description: 'It has not failed, or another came after it.' },
      },
      owner: own,
      async handle(context) {
        const { definition = 'pinned' } = context.body;
        await context.work((stores) =>
          retryOperation(catalogue, stores, actorOf(context.caller), context.owned, definition),
        );
        return accepted(context);
      },
    }),
  ];
}

function etagOf({ version }: Run): string {
  return entityTag(String(version));
}
