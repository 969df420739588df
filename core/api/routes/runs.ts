import { Type } from 'typebox';
import type { Catalogue } from '../../domains/definitions/catalogue.ts';
import { replayRun, resolveRun } from '../../domains/runs/replay.ts';
import { cancelRun, findRun, replayRuns, runWithSteps } from '../../domains/runs/runs.ts';
import type { RunWatch } from '../../domains/runs/watch.ts';
import { RUN_STATES } from '../../kernel/runs.ts';
import type { Run } from '../../kernel/stores/runs.ts';
import { idIn } from '../ids.ts';
import { pageBody, pageRequest } from '../list.ts';
import { route, type Context, type Reply, type Route } from '../route.ts';
import { runEvents } from '../run-events.ts';
import { readFilter, runFilter, showRun, RunSchema, RunWithSteps } from '../run-view.ts';
import { AnyObject, closed, Id, listOf, paging } from '../schema.ts';

const Replay = {
  from: Type.Optional(Type.Enum(['start', 'failedStep'], { description: 'Default: failedStep.' })),
  definition: Type.Optional(Type.Enum(['pinned', 'latest'], { description: 'Default: pinned.' })),
};

const States = Type.Union([
  Type.Enum([...RUN_STATES]),
  Type.Array(Type.Enum([...RUN_STATES]), { minItems: 1 }),
]);

const tag = 'Runs';
const access = 'tenant';
const read = 'runs:read';
const write = 'runs:write';

const ownRun = (context: Context): Promise<Run> =>
  context.work((stores) => findRun(stores, context.tenantId, idIn(context, 'run')));

/** 202 with the run as it is now. */
async function accepted(
  { work, tenantId, owned }: Context<unknown, unknown, Run>,
  more: object = {},
): Promise<Reply> {
  const { run, steps } = await work((stores) => runWithSteps(stores, tenantId, owned.id));
  return {
    status: 202,
    headers: { Location: `/v1/runs/${owned.id}`, 'Retry-After': '1' },
    body: { ...showRun(run, steps), ...more },
  };
}

export function runRoutes({
  catalogue,
  closing,
  watch,
}: {
  readonly catalogue: Catalogue;
  readonly closing: AbortSignal;
  readonly watch: RunWatch;
}): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/runs',
      tag,
      summary: 'List runs. Dead letters are `state=failed,needs_review`.',
      access,
      scope: read,
      query: closed({
        ...paging,
        ...runFilter,
        state: Type.Optional(
          Type.String({ description: `One or several, with commas, of ${RUN_STATES.join(', ')}.` }),
        ),
      }),
      answers: {
        200: { description: 'Runs, newest first, without their steps.', schema: listOf(RunSchema) },
      },
      async handle({ work, tenantId, query }) {
        const filter = readFilter(query);
        const page = await work((stores) => stores.runs.list(tenantId, filter, pageRequest(query)));
        return { status: 200, body: pageBody(page, (run) => showRun(run)) };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/runs/{id}',
      tag,
      summary: 'One run with its trace: `steps` holds one element an attempt, in order.',
      access,
      scope: read,
      answers: { 200: { description: 'The run.', schema: RunWithSteps } },
      owner: (context) => {
        const id = idIn(context, 'run');
        return context.work((stores) => runWithSteps(stores, context.tenantId, id));
      },
      handle: async ({ owned }) => ({ status: 200, body: showRun(owned.run, owned.steps) }),
    }),
    route({
      method: 'GET',
      path: '/v1/runs/{id}/events',
      tag,
      summary:
        'The run as server-sent events: one an update, until it has ended. `Last-Event-ID` goes on from a version.',
      access,
      scope: read,
      answers: {
        200: { description: '`event: run`, `id` its version, data the run.', type: 'text/event-stream' },
      },
      owner: ownRun,
      async handle(context) {
        const load = async () => {
          const { run, steps } = await context.work((stores) =>
            runWithSteps(stores, context.tenantId, context.owned.id),
          );
          return { run, data: showRun(run, steps) };
        };
        return runEvents(context, context.owned.id, { watch, closing, event: 'run', load });
      },
    }),
    route({
      method: 'POST',
      path: '/v1/runs/{id}:replay',
      tag,
      summary: 'Run a stopped run again, from its start or from the failed step.',
      access,
      scope: write,
      body: closed(Replay),
      bodyOptional: true,
      answers: {
        202: {
          description: 'The run, queued; `repeats` names the steps whose effect will happen once more.',
          schema: Type.Intersect([RunWithSteps, Type.Object({ repeats: Type.Array(Type.String()) })]),
        },
        409: { description: 'It has not stopped.' },
      },
      owner: ownRun,
      async handle(context) {
        const { from = 'failedStep', definition = 'pinned' } = context.body;
        const { repeats } = await context.work((stores) =>
          replayRun(catalogue, stores, context.owned, { from, definition }),
        );
        return accepted(context, { repeats });
      },
    }),
    route({
      method: 'POST',
      path: '/v1/runs:replay',
      tag,
      summary: 'Replay all runs that a filter finds; without `state`, those that are failed or needs_review.',
      access,
      scope: write,
      body: closed({
        ...Replay,
        filter: Type.Optional(closed({ ...runFilter, state: Type.Optional(States) })),
        // The parts of a filter that cannot be taken for how to replay may also stand by themselves.
        state: Type.Optional(States),
        kind: runFilter.kind,
        subject: runFilter.subject,
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'Default: 1000.' })),
      }),
      bodyOptional: true,
      answers: {
        202: {
          description: 'What was set going. Where `more` is true, call again.',
          schema: Type.Object({
            replayed: Type.Array(Id),
            refused: Type.Array(Type.Object({ id: Id, message: Type.String() })),
            more: Type.Boolean(),
          }),
        },
      },
      async handle({ work, tenantId, body }) {
        const { from = 'failedStep', definition = 'pinned', limit = 1000, filter, ...more } = body;
        const how = { from, definition, limit };
        const wanted = readFilter({ ...more, ...filter });
        const result = await work((stores) => replayRuns(catalogue, stores, tenantId, wanted, how));
        return {
          status: 202,
          headers: { Location: '/v1/runs?state=queued', 'Retry-After': '1' },
          body: result,
        };
      },
    }),
    route({
      method: 'POST',
      path: '/v1/runs/{id}:cancel',
      tag,
      summary:
        'Cancel a run: one that waits ends at once, one under way after the request in hand. What can be undone is undone first.',
      access,
      scope: write,
      answers: {
        202: { description: 'The run.', schema: RunWithSteps },
        409: { description: 'It has ended, or is rolling back.' },
      },
      owner: ownRun,
      async handle(context) {
        await context.work((stores) => cancelRun(stores, context.owned));
        return accepted(context);
      },
    }),
    route({
      method: 'POST',
      path: '/v1/runs/{id}:resolve',
      tag,
      summary: 'Say what became of the request in doubt of a run that is needs_review.',
      access,
      scope: write,
      body: closed({
        outcome: Type.Enum(['done', 'notDone'], {
          description: 'done: the run goes on behind it; notDone: it is sent again.',
        }),
        outputs: Type.Optional(AnyObject),
      }),
      answers: {
        202: { description: 'The run, queued.', schema: RunWithSteps },
        409: { description: 'It is not in review.' },
      },
      owner: ownRun,
      async handle(context) {
        await context.work((stores) => resolveRun(catalogue, stores, context.owned, context.body));
        return accepted(context);
      },
    }),
  ];
}
