import { Type } from 'typebox';
import type { Catalogue } from '../../domains/definitions/catalogue.ts';
import { startPurge } from '../../domains/logs/purging.ts';
import { runWithSteps } from '../../domains/runs/runs.ts';
import { route, type Route } from '../route.ts';
import { RunWithSteps, showRun } from '../run-view.ts';
import { closed } from '../schema.ts';
import { actorOf } from '../who.ts';
import { ownFamily } from './logs.ts';

export function logPurgeRoutes({ catalogue }: { readonly catalogue: Catalogue }): Route[] {
  return [
    route({
      method: 'POST',
      path: '/v1/log-families/{family}:purge',
      tag: 'Logs',
      summary: 'Delete events of a family, by a run that goes chunk by chunk.',
      access: 'tenant',
      scope: 'logs:write',
      body: closed({
        before: Type.Optional(Type.String({ description: 'Only events received before this time (RFC 3339).' })),
        where: Type.Optional(
          Type.String({ minLength: 1, description: 'Only events that match this filter, written as `q` of a search.' }),
        ),
      }),
      answers: { 202: { description: 'The run.', schema: RunWithSteps } },
      owner: ownFamily,
      async handle({ work, tenantId, caller, owned, body }) {
        const { run, steps } = await work(async (stores) => {
          const id = await startPurge(catalogue, stores, actorOf(caller), owned, body);
          return runWithSteps(stores, tenantId, id);
        });
        return {
          status: 202,
          headers: { Location: `/v1/runs/${run.id}`, 'Retry-After': '1' },
          body: showRun(run, steps),
        };
      },
    }),
  ];
}
