import { SluiceError, StepFault, type Violation } from '../../kernel/errors.ts';
import { uuid7 } from '../../kernel/ids.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { NewRun } from '../../kernel/runs.ts';
import type { ComputeEnvironment } from '../../kernel/stores/compute.ts';
import type { Run } from '../../kernel/stores/runs.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import type { Plan } from '../../language/plan.ts';
import { runOf } from '../../runtime/run-of.ts';
import { audit, type Actor } from '../audit/record.ts';
import { planNamed, refusal, urlsOf, type CheckUrl } from '../connections/config.ts';
import { connectionFaults } from '../connections/needed.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import { concurrencyOf } from '../runs/concurrency.ts';
import { environmentRun, operationKey } from './environment-run.ts';
import { preflight, type Equipment } from './preflight.ts';

export interface ComputeDeps extends Equipment {
  readonly catalogue: Catalogue;
  readonly checkUrl: CheckUrl;
}

export interface NewEnvironment {
  readonly name: string;
  /** Id of a definition of kind provisioner. */
  readonly provisioner: string;
  readonly connectionId?: string;
  readonly input: JsonObject;
}

/**
 * Begins to create an environment: its row and its operation, which is a run, commit together.
 * @throws SluiceError VALIDATION_FAILED with all that is wrong; the transaction's end throws CONFLICT where another
 *   environment has the name
 */
export async function createEnvironment(
  deps: ComputeDeps,
  stores: Stores,
  who: Actor,
  wanted: NewEnvironment,
): Promise<{ readonly environment: ComputeEnvironment; readonly run: Run }> {
  const plan = planNamed(deps.catalogue, wanted.provisioner, { path: '/provisioner', kind: 'provisioner' });
  const input = await checked(deps, stores, who, plan, wanted);
  const now = new Date();
  const environment: ComputeEnvironment = {
    tenantId: who.tenantId,
    id: uuid7(now.getTime()),
    name: wanted.name,
    definition: { id: plan.id, version: plan.version, hash: plan.hash },
    connectionId: wanted.connectionId,
    input,
    state: 'CREATING',
    outputs: undefined,
    steps: {},
    error: undefined,
    operationId: uuid7(now.getTime()),
    createdAt: now,
    updatedAt: now,
    deletedAt: undefined,
  };
  const run: NewRun = {
    ...environmentRun(environment),
    ...runOf(plan, 'create'),
    id: environment.operationId,
    kind: 'create',
    exclusiveKey: operationKey(environment.id),
  };
  const concurrency = await limitOf(stores, plan, environment, run);
  const added = await stores.runs.addOne({ ...run, ...(concurrency && { concurrency }) });
  await stores.environments.insert(environment);
  await audit(stores, who, 'environment.create', `environment:${environment.id}`, {
    name: environment.name,
    provisioner: plan.id,
  });
  return { environment, run: added };
}

/** @returns the input, defaults filled */
async function checked(
  deps: ComputeDeps,
  stores: Stores,
  { tenantId }: Actor,
  plan: Plan,
  { connectionId, input }: NewEnvironment,
): Promise<JsonObject> {
  const { value, violations } = plan.pipelines.get('create')!.input.complete(input);
  const errors: Violation[] = [
    ...(await connectionFaults(stores, plan, { tenantId, connectionId }, 'environment')),
    ...violations.map(({ path, message }) => ({ path: `/input${path}`, message })),
    ...urlsOf(value, '/input').flatMap(([path, url]) => refusal(path, url, deps.checkUrl)),
    ...(await preflight(plan, deps)).map((message) => ({ path: '/provisioner', message })),
  ];
  if (errors.length === 0) return value;
  const others = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  throw new SluiceError('VALIDATION_FAILED', `${errors[0]!.message}${others}`, { errors });
}

async function limitOf(
  stores: Stores,
  plan: Plan,
  { tenantId, connectionId }: ComputeEnvironment,
  { id, input, context }: NewRun,
): Promise<NewRun['concurrency']> {
  const pipeline = plan.pipelines.get('create')!;
  if (!pipeline.concurrency) return undefined;
  const connection = connectionId === undefined ? undefined : await stores.connections.find(tenantId, connectionId);
  const tenant = await stores.tenants.find(tenantId);
  try {
    return concurrencyOf(plan.id, pipeline, { connection, tenant, runId: id, input, more: context ?? {} });
  } catch (error) {
    if (!(error instanceof StepFault)) throw error;
    throw new SluiceError('VALIDATION_FAILED', error.message, { cause: error });
  }
}
