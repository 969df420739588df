import { SluiceError } from '../../kernel/errors.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { RunExclusion, type DefinitionRef, type RunState } from '../../kernel/runs.ts';
import { isOperationKind } from '../../kernel/stores/compute.ts';
import type { Requeue, Run } from '../../kernel/stores/runs.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import type { Step } from '../../language/plan.ts';
import { hasLeaks, replayFromFailedStep, replayFromStart, resolveDone, resolveNotDone } from '../../runtime/replay.ts';
import { deadlineAnew } from '../../runtime/run-of.ts';
import { inputAnew } from './begin-again.ts';
import type { Catalogue } from '../definitions/catalogue.ts';

export interface Replay {
  readonly from: 'start' | 'failedStep';
  readonly definition: 'pinned' | 'latest';
}

const STOPPED: readonly RunState[] = ['failed', 'needs_review', 'cancelled'];

/** From the start, what has succeeded may be done once more; from the failed step there must be one. */
const REPLAYABLE: Readonly<Record<Replay['from'], readonly RunState[]>> = {
  start: [...STOPPED, 'succeeded'],
  failedStep: STOPPED,
};

/**
 * Sets a stopped run going again.
 * @returns the steps whose effect in the outside world will happen once more
 * @throws SluiceError RUN_NOT_REPLAYABLE
 */
export async function replayRun(
  catalogue: Catalogue,
  stores: Stores,
  run: Run,
  how: Replay,
): Promise<{ readonly repeats: readonly string[] }> {
  checkReplayable(run, how);
  const from = REPLAYABLE[how.from];
  if (!from.includes(run.state)) {
    throw notReplayable(
      `The run is ${run.state}; from ${how.from} one is replayed that is ${from.join(', ')}.`,
    );
  }
  const definition = how.definition === 'latest' ? latestOf(catalogue, run) : undefined;
  const repeats = how.from === 'start' ? await effectsOf(catalogue, run) : repeatedBy(run);
  const cursor =
    how.from === 'start'
      ? replayFromStart(run.cursor)
      : replayFromFailedStep(run.cursor, run.state, run.error?.step);
  const plan = definition ? catalogue.plan(definition.id) : await catalogue.planByHash(run.definition.hash);
  const input = await inputAnew(stores, run, plan);
  const changes = {
    cursor,
    ...(definition && { definition }),
    ...(input && { input }),
    ...deadlineAnew(plan, run.pipeline, cursor),
  };
  await setGoing(stores, run, from, changes);
  return { repeats };
}

/** Throws RUN_NOT_REPLAYABLE for what has a way of its own, and for what would be done twice. */
function checkReplayable({ id, kind, cursor }: Run, { from }: Replay): void {
  if (isOperationKind(kind)) {
    throw notReplayable(`The run is an operation on a compute environment: POST /v1/operations/${id}:retry.`);
  }
  if (kind === 'read') throw notReplayable('The run is a drift check: the next one comes by itself.');
  if (from === 'start' && hasLeaks(cursor)) {
    throw notReplayable('Some of what it did could not be undone. Replay it from failedStep first, which undoes that.');
  }
}

async function setGoing(stores: Stores, run: Run, from: readonly RunState[], how: Requeue): Promise<void> {
  try {
    if (await stores.runs.requeue(run, from, how)) return;
  } catch (error) {
    if (error instanceof RunExclusion) throw notReplayable(`${error.message} Wait for its end, then replay this one.`);
    throw error;
  }
  throw notReplayable('The run was set going by another request.');
}

function notReplayable(message: string): SluiceError {
  return new SluiceError('RUN_NOT_REPLAYABLE', message);
}

/** The definition as it is now, for a run that was made with an older text. Throws RUN_NOT_REPLAYABLE. */
export function latestOf(catalogue: Catalogue, run: Run): DefinitionRef {
  const plan = catalogue.plan(run.definition.id);
  if (!plan) throw notReplayable(`The definition ${run.definition.id} is not loaded now, or has errors.`);
  if (!plan.pipelines.has(run.pipeline)) {
    throw notReplayable(
      `Version ${plan.version} of ${plan.id} has no ${run.pipeline}; replay with the pinned one.`,
    );
  }
  return { id: plan.id, version: plan.version, hash: plan.hash };
}

/** A failed step was refused, or keeps its key; one in review may have had its effect, and will have it again. */
function repeatedBy({ state, cursor, error }: Run): string[] {
  const step = cursor.intent?.step ?? error?.step;
  return state === 'needs_review' && step !== undefined ? [step] : [];
}

/** Requests on record as done, or in doubt, that are not safe to repeat. */
async function effectsOf(catalogue: Catalogue, run: Run): Promise<string[]> {
  const plan = await catalogue.planByHash(run.definition.hash);
  const effects = plan ? effectful(plan.pipelines.get(run.pipeline)?.steps ?? []) : undefined;
  const done = Object.entries(run.cursor.steps).flatMap(([path, record]) =>
    record.state === 'succeeded' ? [path] : [],
  );
  const doubtful = run.state === 'needs_review' && run.cursor.intent ? [run.cursor.intent.step] : [];
  return [...new Set([...done, ...doubtful])].filter((path) => effects === undefined || effects.has(path));
}

function effectful(steps: readonly Step[]): Set<string> {
  return new Set(
    steps.flatMap((step) => {
      if (step.verb === 'switch') return step.branches.flatMap((branch) => [...effectful(branch.steps)]);
      return (step.verb === 'request' || step.verb === 'use') && step.idempotency.mode !== 'safe' ? [step.path] : [];
    }),
  );
}

export interface Resolution {
  readonly outcome: 'done' | 'notDone';
  readonly outputs?: JsonObject;
}

/**
 * A person says what became of the request in doubt. Done: the run goes on behind it. Not done: it is sent again under the
 * same key. Throws RUN_NOT_IN_REVIEW.
 */
export async function resolveRun(
  catalogue: Catalogue,
  stores: Stores,
  run: Run,
  { outcome, outputs }: Resolution,
): Promise<void> {
  if (run.state !== 'needs_review') {
    throw new SluiceError(
      'RUN_NOT_IN_REVIEW',
      `The run is ${run.state}; only one that is needs_review has a doubt to resolve.`,
    );
  }
  const cursor = outcome === 'done' ? resolveDone(run.cursor, outputs ?? {}) : resolveNotDone(run.cursor);
  // The time that a person took to find out is not the run's.
  const plan = await catalogue.planByHash(run.definition.hash);
  const deadline = deadlineAnew(plan, run.pipeline, cursor);
  if (!(await stores.runs.requeue(run, ['needs_review'], { cursor, ...deadline }))) {
    throw new SluiceError('RUN_NOT_IN_REVIEW', 'The run was resolved by another request.');
  }
}
