import { notFound, SluiceError } from '../../kernel/errors.ts';
import { ENDED, RunExclusion, type Cursor } from '../../kernel/runs.ts';
import { environmentOf, environmentSubject, isOperationKind, OPERATION_KINDS } from '../../kernel/stores/compute.ts';
import type { Page, PageRequest } from '../../kernel/stores/page.ts';
import type { Requeue, Run } from '../../kernel/stores/runs.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import type { Plan } from '../../language/plan.ts';
import { hasLeaks, replayFromFailedStep, replayFromStart, undoOf } from '../../runtime/replay.ts';
import { deadlineAnew } from '../../runtime/run-of.ts';
import { audit, type Actor } from '../audit/record.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import { latestOf } from '../runs/replay.ts';

/** Throws NOT_FOUND; also for a run that is no operation. */
export async function findOperation(stores: Stores, tenantId: string, id: string): Promise<Run> {
  const run = await stores.runs.find(tenantId, id);
  if (!run || !isOperationKind(run.kind)) throw notFound('operation');
  return run;
}

/** @param target an environment's id; without it, operations of all */
export function listOperations(
  stores: Stores,
  tenantId: string,
  target: string | undefined,
  page: PageRequest,
): Promise<Page<Run>> {
  const subject = target === undefined ? {} : { subject: environmentSubject(target) };
  return stores.runs.list(tenantId, { kinds: OPERATION_KINDS, ...subject }, page);
}

/**
 * Cancels a creation: one that has not begun ends at once, of one under way all that was done is undone. Asked again,
 * it does nothing.
 * @throws SluiceError OPERATION_FINISHED where it has ended, NOT_CANCELLABLE for a deletion or a rollback
 */
export async function cancelOperation(stores: Stores, who: Actor, run: Run): Promise<void> {
  if (ENDED.includes(run.state)) throw finished(run);
  if (run.kind === 'delete') throw new SluiceError('NOT_CANCELLABLE', 'A deletion cannot be cancelled.');
  if (run.cancelRequested) return;
  const outcome = await stores.runs.cancel(run.tenantId, run.id);
  if (outcome === 'ended') throw finished(await findOperation(stores, run.tenantId, run.id));
  if (outcome === 'rollingBack') {
    // Somebody else may have asked a moment ago.
    const { cancelRequested } = await findOperation(stores, run.tenantId, run.id);
    if (cancelRequested) return;
    throw new SluiceError('NOT_CANCELLABLE', 'The operation is ROLLING_BACK: what it did is being undone already.');
  }
  await audit(stores, who, 'operation.cancel', `operation:${run.id}`, { target: environmentOf(run.subject) ?? null });
}

/**
 * Sets a failed operation going again: what could not be undone, where there is such; else a creation from its start,
 * for the same environment, and a deletion from where it failed.
 * @throws SluiceError OPERATION_FINISHED, OPERATION_IN_PROGRESS
 */
export async function retryOperation(
  catalogue: Catalogue,
  stores: Stores,
  who: Actor,
  run: Run,
  definition: 'pinned' | 'latest',
): Promise<void> {
  if (!ENDED.includes(run.state)) throw inProgress(run);
  if (run.state !== 'failed') throw finished(run);
  await checkLatest(stores, run);
  await setGoing(stores, run, await requeueOf(catalogue, run, definition));
  // Another operation may have come and gone meanwhile.
  await checkLatest(stores, run);
  await audit(stores, who, 'operation.retry', `operation:${run.id}`, { target: environmentOf(run.subject) ?? null });
}

async function requeueOf(catalogue: Catalogue, run: Run, definition: 'pinned' | 'latest'): Promise<Requeue> {
  const latest = definition === 'latest' ? latestOf(catalogue, run) : undefined;
  const plan = latest ? catalogue.plan(latest.id) : await catalogue.planByHash(run.definition.hash);
  const cursor = cursorOf(run);
  return {
    cursor,
    ...(latest && plan && { definition: latest, input: inputFor(plan, run) }),
    ...deadlineAnew(plan, run.pipeline, cursor),
  };
}

function cursorOf({ kind, pipeline, cursor, state, error }: Run): Cursor {
  if (kind === 'delete' && pipeline === 'create') return undoOf(cursor);
  return kind === 'create' && !hasLeaks(cursor) ? replayFromStart(cursor) : replayFromFailedStep(cursor, state, error?.step);
}

/** The environment's input, as another version of its provisioner wants it. */
function inputFor(plan: Plan, { pipeline, input }: Run): Run['input'] {
  if (pipeline !== 'create') return input;
  const { value, violations } = plan.pipelines.get(pipeline)!.input.complete(input);
  const [first] = violations;
  if (!first) return value;
  const message = `Version ${plan.version} of ${plan.id} does not take the environment's input: ${first.path || '/'} ${first.message}`;
  throw new SluiceError('VALIDATION_FAILED', message, { errors: [{ path: '/definition', message }] });
}

async function setGoing(stores: Stores, run: Run, how: Requeue): Promise<void> {
  try {
    if (await stores.runs.requeue(run, ['failed'], how)) return;
  } catch (error) {
    throw error instanceof RunExclusion ? inProgress(run) : error;
  }
  throw inProgress(run);
}

/** An environment's earlier operations are history. */
async function checkLatest(stores: Stores, run: Run): Promise<void> {
  const environment = await stores.environments.find(run.tenantId, environmentOf(run.subject) ?? '');
  if (environment?.operationId === run.id) return;
  const detail = environment ? `The operation ${environment.operationId} came after it.` : 'Its environment is forgotten.';
  throw new SluiceError('OPERATION_FINISHED', detail);
}

function finished({ state }: Run): SluiceError {
  return new SluiceError('OPERATION_FINISHED', `The operation has ended: it is ${state.toUpperCase()}.`);
}

function inProgress({ id }: Run): SluiceError {
  return new SluiceError('OPERATION_IN_PROGRESS', `The operation ${id}, or another on its environment, has not ended.`);
}
