import type { FaultCode } from '../../kernel/errors.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { ENDED, type Effect, type RunError } from '../../kernel/runs.ts';
import { environmentOf, type OperationKind } from '../../kernel/stores/compute.ts';
import type { Run } from '../../kernel/stores/runs.ts';
import type { Plan, Step } from '../../language/plan.ts';

export const OPERATION_STATES = [
  'PENDING',
  'RUNNING',
  'ROLLING_BACK',
  'ACTION_REQUIRED',
  'CANCELLING',
  'SUCCEEDED',
  'FAILED',
  'CANCELLED',
] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

export interface OperationError {
  readonly code: FaultCode;
  readonly message: string;
  readonly step: string | undefined;
  readonly provider: RunError['provider'];
  /** Whether time alone may mend it, or a retry what it left behind. */
  readonly retryable: boolean;
  readonly causes: readonly OperationError[];
}

/** Something that stands at the provider and could not be removed. */
export interface LeakedResource {
  /** Path of the step that made it. */
  readonly step: string;
  /** What that step told of it. */
  readonly outputs: JsonObject | undefined;
  readonly error: OperationError | undefined;
}

/** How far it is, in steps that a person is shown. `step` is the one in hand, while there is one. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly step: string | undefined;
}

/** A run as its environment's owner sees it; the two have one id. */
export interface Operation {
  readonly id: string;
  readonly kind: OperationKind;
  /** The environment's id. */
  readonly target: string;
  readonly state: OperationState;
  readonly progress: Progress;
  readonly attempts: number;
  readonly deadline: Date | undefined;
  readonly error: OperationError | undefined;
  readonly rollbackErrors: readonly OperationError[];
  readonly leakedResources: readonly LeakedResource[];
  /** The run's own, raised by every change. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly finishedAt: Date | undefined;
}

/**
 * The lens: what a run is as an operation.
 * @param plan the one that the run pins; without it the progress is not known
 */
export function operationOf(run: Run, plan: Plan | undefined): Operation {
  const leaks = (run.cursor.effects ?? []).filter(({ state }) => state === 'leaked');
  return {
    id: run.id,
    kind: run.kind as OperationKind,
    target: environmentOf(run.subject) ?? run.subject,
    state: stateOf(run),
    progress: progressOf(run, plan),
    attempts: run.attempt,
    deadline: run.deadline,
    error: run.error && errorOf(run.error, leaks.length > 0),
    rollbackErrors: leaks.flatMap(({ error }) => (error ? [errorOf(error)] : [])),
    leakedResources: leaks.map((leak) => leakOf(leak, run, plan)),
    version: run.version,
    createdAt: run.createdAt,
    updatedAt: run.updatedAt,
    finishedAt: run.finishedAt,
  };
}

function stateOf(run: Run): OperationState {
  if (run.cancelRequested && !ENDED.includes(run.state)) return 'CANCELLING';
  switch (run.state) {
    case 'queued':
      return run.startedAt === undefined ? 'PENDING' : 'RUNNING';
    case 'running':
    case 'waiting':
      return 'RUNNING';
    case 'rolling_back':
      if (run.kind === 'create') return 'ROLLING_BACK';
      // A deletion that undoes what was created is on its way forward.
      return run.startedAt === undefined ? 'PENDING' : 'RUNNING';
    case 'needs_review':
      return 'ACTION_REQUIRED';
    case 'succeeded':
      return 'SUCCEEDED';
    case 'failed':
      return 'FAILED';
    case 'cancelled':
      return 'CANCELLED';
  }
}

/** What is to be undone counts where a deletion undoes; else the steps that the definition names, or all there are. */
function progressOf(run: Run, plan: Plan | undefined): Progress {
  const { cursor, state } = run;
  const ended = ENDED.includes(state);
  const standing = (cursor.effects ?? []).filter((effect) => effect.state === 'standing');
  const undoing = cursor.rollback && !ended ? standing.at(-1)?.step : undefined;
  if (run.kind === 'delete' && cursor.rollback) {
    const effects = cursor.effects ?? [];
    const done = effects.filter((effect) => effect.state === 'undone').length;
    return { done, total: effects.length, step: undoing };
  }
  const paths = shownSteps(run, plan);
  const left = paths.filter((path) => cursor.steps[path] === undefined);
  const inHand = cursor.rollback ? undoing : left[0];
  return { done: paths.length - left.length, total: paths.length, step: ended ? undefined : inHand };
}

function shownSteps({ pipeline }: Run, plan: Plan | undefined): readonly string[] {
  if (pipeline === 'create' && plan && plan.progress.length > 0) return plan.progress;
  return (plan?.pipelines.get(pipeline)?.steps ?? []).map(({ path }) => path);
}

/** With all that is known of it, so that a person can find it: its own outputs, and what later steps learned of it. */
function leakOf({ step, error }: Effect, { cursor, pipeline }: Run, plan: Plan | undefined): LeakedResource {
  const about = [step, ...stepsAbout(step, plan?.pipelines.get(pipeline)?.steps ?? [])];
  const known = Object.entries(cursor.steps).flatMap(([path, record]) =>
    record.state === 'succeeded' && (about.includes(path) || path.startsWith(`${step}/undo/`)) ? [record.outputs] : [],
  );
  return {
    step,
    outputs: known.length === 0 ? undefined : Object.assign({}, ...known),
    error: error && errorOf(error),
  };
}

/** The steps that follow one with an effect, up to the next: they wait for it, and look at it. */
function stepsAbout(step: string, steps: readonly Step[]): string[] {
  const behind = steps.slice(steps.findIndex(({ path }) => path === step) + 1);
  const next = behind.findIndex((other) => 'undo' in other);
  return behind.slice(0, next === -1 ? behind.length : next).map(({ path }) => path);
}

/** A run's error in the terms of providers. */
export function errorOf(error: RunError, leaks = false): OperationError {
  return {
    code: error.code ?? 'INTERNAL_FAILURE',
    message: error.message,
    step: error.step,
    provider: error.provider,
    retryable: leaks || error.kind === 'transient',
    causes: (error.causes ?? []).map((cause) => errorOf(cause)),
  };
}
