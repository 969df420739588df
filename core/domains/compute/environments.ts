import { notFound } from '../../kernel/errors.ts';
import type { Run } from '../../kernel/stores/runs.ts';
import type { ComputeEnvironment } from '../../kernel/stores/compute.ts';
import type { Stores } from '../../kernel/stores/stores.ts';

export async function findEnvironment(stores: Stores, tenantId: string, id: string): Promise<ComputeEnvironment> {
  const environment = await stores.environments.find(tenantId, id);
  if (!environment) throw notFound('compute environment');
  return environment;
}

/** An environment and its latest operation's run. */
export async function environmentWithRun(
  stores: Stores,
  tenantId: string,
  id: string,
): Promise<{ readonly environment: ComputeEnvironment; readonly run: Run }> {
  const environment = await findEnvironment(stores, tenantId, id);
  const run = await stores.runs.find(tenantId, environment.operationId);
  if (!run) throw notFound('operation');
  return { environment, run };
}
