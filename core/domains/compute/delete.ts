import { SluiceError } from '../../kernel/errors.ts';
import { uuid7 } from '../../kernel/ids.ts';
import { ENDED, RunExclusion, type NewRun } from '../../kernel/runs.ts';
import type { ComputeEnvironment } from '../../kernel/stores/compute.ts';
import type { Run } from '../../kernel/stores/runs.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import type { Plan } from '../../language/plan.ts';
import { undoOf } from '../../runtime/replay.ts';
import { deadlineAnew, runOf } from '../../runtime/run-of.ts';
import { audit, type Actor } from '../audit/record.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import { environmentRun, operationKey } from './environment-run.ts';

/** Most repos that a refusal names. */
const NAMED_REPOS = 100;

/**
 * Begins to delete an environment, with the text of the definition that made it. From the commit on no repo can be
 * attached.
 * @param before the run of its latest operation
 * @throws SluiceError IN_USE naming the repos, OPERATION_IN_PROGRESS, CONFLICT where it is deleted
 */
export async function deleteEnvironment(
  catalogue: Catalogue,
  stores: Stores,
  who: Actor,
  environment: ComputeEnvironment,
  before: Run,
): Promise<void> {
  if (environment.state === 'DELETED') throw new SluiceError('CONFLICT', `${named(environment)} is deleted already.`);
  if (!ENDED.includes(before.state)) throw inProgress(before.id);
  await checkUnused(stores, environment);
  const run: NewRun = {
    ...(await deletionOf(catalogue, environment, before)),
    id: uuid7(),
    kind: 'delete',
    exclusiveKey: operationKey(environment.id),
  };
  try {
    await stores.runs.add([run]);
  } catch (error) {
    throw error instanceof RunExclusion ? inProgress() : error;
  }
  await begin(stores, environment, run.id);
  await audit(stores, who, 'environment.delete', `environment:${environment.id}`, { name: environment.name });
}

/** Says in good words what the database refuses without a gap: a repo may be attached at this very moment. */
async function begin(stores: Stores, environment: ComputeEnvironment, operationId: string): Promise<void> {
  try {
    if (await stores.environments.beginDelete(environment, operationId)) return;
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'IN_USE') await checkUnused(stores, environment);
    throw error;
  }
  throw inProgress();
}

async function checkUnused(stores: Stores, environment: ComputeEnvironment): Promise<void> {
  const repos = await stores.environments.repos(environment.tenantId, environment.id, NAMED_REPOS + 1);
  if (repos.length === 0) return;
  const many = repos.length > NAMED_REPOS ? `more than ${NAMED_REPOS}` : repos.length;
  const detail = `${named(environment)} is used by ${many} repo${repos.length > 1 ? 's' : ''}. Delete them, or move them to another, first.`;
  const errors = repos.slice(0, NAMED_REPOS).map((id) => ({ path: '', message: `It is used by the repo ${id}.` }));
  throw new SluiceError('IN_USE', detail, { errors });
}

type Deletion = Omit<NewRun, 'id' | 'kind' | 'exclusiveKey'>;

/** What was created is undone where there is no `delete` to do it, and where the creation was not finished. */
async function deletionOf(catalogue: Catalogue, environment: ComputeEnvironment, before: Run): Promise<Deletion> {
  const plan = await pinned(catalogue, environment.definition.hash, environment);
  const about = environmentRun(environment);
  const wasUndone = before.kind === 'delete' || environment.state === 'FAILED';
  if (before.pipeline === 'create' && (wasUndone || !plan.pipelines.has('delete'))) {
    const maker = await pinned(catalogue, before.definition.hash, environment);
    const { compensates: _forward, ...run } = runOf(maker, 'create');
    const cursor = undoOf(before.cursor);
    return { ...about, ...run, ...deadlineAnew(maker, 'create', cursor), cursor };
  }
  return { ...about, ...runOf(plan, 'delete') };
}

async function pinned(catalogue: Catalogue, hash: string, { definition }: ComputeEnvironment): Promise<Plan> {
  const plan = await catalogue.planByHash(hash);
  if (plan) return plan;
  const detail = `Version ${definition.version} of ${definition.id}, which made it, does not compile any more on this platform.`;
  throw new SluiceError('DEFINITION_INVALID', detail);
}

function named({ name }: ComputeEnvironment): string {
  return `The compute environment "${name}"`;
}

function inProgress(operation?: string): SluiceError {
  const which = operation === undefined ? 'Another operation' : `The operation ${operation}`;
  return new SluiceError('OPERATION_IN_PROGRESS', `${which} on the compute environment has not ended.`);
}
