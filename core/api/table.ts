import { Submissions } from '../domains/forms/submit.ts';
import { FormCache } from '../domains/forms/form-cache.ts';
import { RunWatch } from '../domains/runs/watch.ts';
import type { ApiDeps } from './deps.ts';
import type { Metrics } from './metrics.ts';
import type { Route } from './route.ts';
import { actionRoutes } from './routes/actions.ts';
import { apiKeyRoutes } from './routes/api-keys.ts';
import { auditRoutes } from './routes/audit-events.ts';
import { authorizationRoutes } from './routes/authorization.ts';
import { connectionRoutes } from './routes/connections.ts';
import { datasetTableRoutes } from './routes/dataset-tables.ts';
import { datasetRoutes } from './routes/datasets.ts';
import { definitionRoutes } from './routes/definitions.ts';
import { descriptionRoutes } from './routes/description.ts';
import { environmentRoutes } from './routes/compute-environments.ts';
import { formRoutes } from './routes/forms.ts';
import { healthRoutes } from './routes/health.ts';
import { hookRoutes } from './routes/hooks.ts';
import { logPurgeRoutes } from './routes/log-purges.ts';
import { logReadingRoutes } from './routes/log-reading.ts';
import { logRouteRoutes } from './routes/log-routes.ts';
import { logTailRoutes } from './routes/log-tail.ts';
import { logRoutes } from './routes/logs.ts';
import { operationRoutes } from './routes/operations.ts';
import { publicFormRoutes } from './routes/public-forms.ts';
import { repoRoutes } from './routes/repos.ts';
import { responseRoutes } from './routes/responses.ts';
import { runRoutes } from './routes/runs.ts';
import { shardRoutes } from './routes/shards.ts';
import { tenantRoutes } from './routes/tenants.ts';
import { usageRoutes } from './routes/usage.ts';
import { userRoutes } from './routes/users.ts';

export interface TableDeps extends ApiDeps {
  readonly metrics: Metrics;
  /** Aborts when the server closes: streams end. */
  readonly closing: AbortSignal;
  /** Where this server is reached, without a slash at its end. */
  readonly baseUrl: () => string;
}

/** The table of routes: what is served, described in /openapi.json, and validated with. */
export function routesOf(deps: TableDeps): readonly Route[] {
  const forms = new FormCache(deps);
  const submissions = new Submissions(deps.responses);
  const following = { ...deps, watch: new RunWatch(deps.work) };
  const authorizing = { ...deps, publicUrl: deps.baseUrl };
  const described = [
    // The busiest paths first: express looks one by one.
    ...logRoutes(deps.logs),
    ...logReadingRoutes(deps.logs),
    ...responseRoutes({ forms, submissions }),
    ...tenantRoutes(deps),
    ...apiKeyRoutes(),
    ...auditRoutes(),
    ...definitionRoutes(deps),
    ...connectionRoutes({ ...deps, objects: deps.datasets.objects }),
    ...authorizationRoutes(authorizing),
    ...formRoutes(),
    ...actionRoutes(deps),
    ...runRoutes(following),
    ...userRoutes(),
    ...repoRoutes(),
    ...environmentRoutes(deps),
    ...operationRoutes(following),
    ...shardRoutes(deps),
    ...logPurgeRoutes(deps),
    ...logRouteRoutes(deps),
    ...logTailRoutes(deps),
    ...datasetRoutes(deps),
    ...datasetTableRoutes(deps),
    ...hookRoutes(deps),
    ...usageRoutes(deps),
    ...publicFormRoutes({ directory: deps.directory, forms, submissions }),
    ...healthRoutes(deps),
  ];
  return [...described, ...descriptionRoutes(described, deps.baseUrl)];
}
