import type { JsonObject } from '../kernel/json.ts';
import type { Cursor, Effect, RunState } from '../kernel/runs.ts';

/**
 * The cursor of a run that starts over: nothing is done yet, and every step's key is a new one, so every effect
 * repeats.
 */
export function replayFromStart(cursor: Cursor): Cursor {
  return { steps: {}, generation: cursor.generation + 1, ...stepGenerationsOf(cursor) };
}

/**
 * The cursor of a run that goes on at the step that failed. After a definite failure the step takes the next key:
 * vendors remember the refusal under the old one. A run that failed with its outcome still unknown keeps key and
 * bytes, so that a request which did have its effect is recognised. Where it waits for a review there is no such
 * key; whoever replays it has decided that the effect may repeat.
 *
 * A run that turned back goes on with what it could not undo; where nothing is left of it, it starts over.
 */
export function replayFromFailedStep(cursor: Cursor, state: RunState, failedStep: string | undefined): Cursor {
  if (cursor.rollback) return hasLeaks(cursor) ? undoLeaks(cursor) : replayFromStart(cursor);
  if (state !== 'needs_review' && cursor.intent?.standing === 'doubt') {
    return { ...cursor, intent: { ...cursor.intent, attempt: 0 } };
  }
  const step = failedStep ?? cursor.intent?.step;
  const { steps, generation } = cursor;
  if (step === undefined) return { steps, generation, ...stepGenerationsOf(cursor) };
  const raised = { ...cursor.stepGenerations, [step]: (cursor.stepGenerations?.[step] ?? 0) + 1 };
  return { steps, generation, stepGenerations: raised };
}

/** Something that the run did outside could not be undone. */
export function hasLeaks({ effects = [] }: Cursor): boolean {
  return effects.some(({ state }) => state === 'leaked');
}

/**
 * What leaked stands again. Its undo begins anew under its next keys, all of it: what some of its steps have learned
 * belongs to the attempt that failed.
 */
function undoLeaks({ intent: _spent, ...cursor }: Cursor): Cursor {
  const leaks = (cursor.effects ?? []).filter(({ state }) => state === 'leaked');
  const ofLeak = (path: string): boolean => leaks.some(({ step }) => path.startsWith(`${step}/undo/`));
  const before = Object.keys(cursor.steps).filter(ofLeak);
  const failed = leaks.flatMap(({ error }) => (error?.step ? [error.step] : []));
  const raised = { ...cursor.stepGenerations };
  for (const step of new Set([...before, ...failed])) raised[step] = (raised[step] ?? 0) + 1;
  const effects = (cursor.effects ?? []).map((effect): Effect => {
    if (effect.state !== 'leaked') return effect;
    const { error: _before, ...rest } = effect;
    return { ...rest, state: 'standing' };
  });
  const steps = Object.fromEntries(Object.entries(cursor.steps).filter(([path]) => !ofLeak(path)));
  return { ...cursor, steps, effects, stepGenerations: raised };
}

/** The cursor of a run that undoes what another did: all that stands of it, and what could not be undone before. */
export function undoOf(cursor: Cursor): Cursor {
  return { ...undoLeaks(cursor), rollback: { ends: 'succeeded' } };
}

/** A person says that the step in doubt had its effect: the run goes on behind it, with the outputs they name. */
export function resolveDone(cursor: Cursor, outputs: JsonObject): Cursor {
  const step = cursor.intent?.step;
  if (step === undefined) return cursor;
  const { intent: _settled, ...rest } = cursor;
  const effects = cursor.effects?.map((effect): Effect => (effect.step === step ? { step, state: 'standing' } : effect));
  return {
    ...rest,
    ...(effects ? { effects } : {}),
    steps: { ...cursor.steps, [step]: { state: 'succeeded', outputs } },
  };
}

/**
 * A person says that the step in doubt had no effect: it is sent again, the same bytes under the same key. A run on its
 * way back has nothing to undo there.
 */
export function resolveNotDone(cursor: Cursor): Cursor {
  const { intent, ...rest } = cursor;
  if (!intent) return cursor;
  const effects = cursor.effects?.filter(({ step }) => step !== intent.step);
  const left = { ...rest, ...(effects ? { effects } : {}) };
  return cursor.rollback ? left : { ...left, intent: { ...intent, standing: 'none', attempt: 0 } };
}

function stepGenerationsOf(cursor: Cursor): { stepGenerations?: Readonly<Record<string, number>> } {
  return cursor.stepGenerations ? { stepGenerations: cursor.stepGenerations } : {};
}
