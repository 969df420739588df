import type { JsonObject } from '../kernel/json.ts';
import type { Cursor, RunState } from '../kernel/runs.ts';

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
 */
export function replayFromFailedStep(cursor: Cursor, state: RunState, failedStep: string | undefined): Cursor {
  if (state !== 'needs_review' && cursor.intent?.standing === 'doubt') {
    return { ...cursor, intent: { ...cursor.intent, attempt: 0 } };
  }
  const step = failedStep ?? cursor.intent?.step;
  const { steps, generation } = cursor;
  if (step === undefined) return { steps, generation, ...stepGenerationsOf(cursor) };
  const raised = { ...cursor.stepGenerations, [step]: (cursor.stepGenerations?.[step] ?? 0) + 1 };
  return { steps, generation, stepGenerations: raised };
}

/** A person says that the step in doubt had its effect: the run goes on behind it, with the outputs they name. */
export function resolveDone(cursor: Cursor, outputs: JsonObject): Cursor {
  const step = cursor.intent?.step;
  if (step === undefined) return cursor;
  const { intent: _settled, ...rest } = cursor;
  return { ...rest, steps: { ...cursor.steps, [step]: { state: 'succeeded', outputs } } };
}

/** A person says that the step in doubt had no effect: it is sent again, the same bytes under the same key. */
export function resolveNotDone(cursor: Cursor): Cursor {
  return cursor.intent ? { ...cursor, intent: { ...cursor.intent, standing: 'none', attempt: 0 } } : cursor;
}

function stepGenerationsOf(cursor: Cursor): { stepGenerations?: Readonly<Record<string, number>> } {
  return cursor.stepGenerations ? { stepGenerations: cursor.stepGenerations } : {};
}
