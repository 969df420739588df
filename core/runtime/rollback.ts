import type { Effect, RunError, RunWrite } from '../kernel/runs.ts';
import type { EffectStep, Pipeline, Step } from '../language/plan.ts';
import { effect as perform } from './effect-step.ts';
import type { Frame, Halt } from './frame.ts';
import { walk } from './pipeline.ts';

/**
 * Ends the way forward: what was done is to be undone. That is on record before the first step back, so that nobody
 * goes forward again after a crash.
 */
export function turnBack(
  frame: Frame,
  pipeline: Pipeline,
  ends: 'failed' | 'cancelled',
  cause: RunError | undefined,
): RunWrite {
  frame.turnBack({ ends, ...(cause ? { cause } : {}) });
  const deadlineMs = pipeline.rollbackDeadlineMs ?? pipeline.deadlineMs;
  const more = { ...(cause ? { error: cause } : {}), ...(deadlineMs === undefined ? {} : { deadlineMs }) };
  return frame.write('rolling_back', { waitMs: 0, ...more });
}

/** Undoes what stands, in the reverse order of the intents, as far as it goes in one stretch. */
export async function rollBack(frame: Frame, pipeline: Pipeline): Promise<RunWrite> {
  const known = stepsByPath(pipeline.steps);
  revealAll(pipeline.steps, frame);
  for (const effect of frame.effects.toReversed()) {
    if (effect.state !== 'standing') continue;
    const halt = await undo(effect, known.get(effect.step), frame);
    if (!halt) continue;
    if (halt.state === 'failed' || halt.state === 'cancelled') {
      frame.forgetIntent();
      frame.keepEffect({ ...effect, state: 'leaked', ...(halt.error ? { error: halt.error } : {}) });
      continue;
    }
    const { state, ...more } = halt;
    const error = more.error ?? frame.rollback?.cause;
    return frame.write(state, { ...more, ...(error ? { error } : {}) });
  }
  return ended(frame);
}

/** Where a run cannot even begin a stretch, what it did stays: every effect that stands is listed as leaked. */
export function abandon(frame: Frame, obstacle: RunError): RunWrite {
  for (const effect of frame.effects) {
    if (effect.state === 'standing') frame.keepEffect({ ...effect, state: 'leaked', error: obstacle });
  }
  if (frame.effects.length > 0 && !frame.rollback) frame.turnBack({ ends: 'failed', cause: obstacle });
  return frame.write('failed', { error: frame.rollback?.cause ?? obstacle });
}

async function undo(effect: Effect, step: EffectStep | undefined, frame: Frame): Promise<Halt | undefined> {
  if (!step?.undo) {
    const message = `The definition has no step ${effect.step} with an undo.`;
    return { state: 'failed', error: { kind: 'config', code: 'INTERNAL_FAILURE', message, step: effect.step } };
  }
  if (effect.doubt) {
    const halt = await settleDoubt(effect, step, frame);
    if (halt) return halt;
    // It turned out that there is nothing to undo.
    if (!frame.effects.some(({ step: path }) => path === effect.step)) return undefined;
    frame.keepEffect({ step: effect.step, state: 'standing' });
  }
  const halt = await walk(step.undo, frame);
  if (!halt) frame.keepEffect({ step: effect.step, state: 'undone' });
  return halt;
}

/** What became of the request has to be known before it is undone (DESIGN 3, the table). */
async function settleDoubt(effect: Effect, step: EffectStep, frame: Frame): Promise<Halt | undefined> {
  const underWay = frame.intentOf(effect.step);
  // The attempts of the way forward are spent; the way back has its own.
  if (!underWay) frame.intent = { ...effect.doubt!, attempt: 0, standing: 'doubt' };
  const halt = await perform(step, frame);
  if (halt?.state !== 'failed') return halt;
  // A definite refusal: there was nothing to undo. Else it is as unknown as before.
  const still = frame.effects.find(({ step: path }) => path === effect.step);
  if (still) return halt;
  frame.forgetIntent();
  return undefined;
}

function ended(frame: Frame): RunWrite {
  const { ends, cause } = frame.rollback!;
  const leaks = frame.effects.filter(({ state }) => state === 'leaked');
  if (leaks.length === 0) return frame.write(ends, cause ? { error: cause } : {});
  const message = `${leaks.length} of ${frame.effects.length} effects could not be undone: ${leaks.map(({ step }) => step).join(', ')}.`;
  const error = cause ?? leaks[0]!.error ?? { kind: 'system', code: 'INTERNAL_FAILURE', message };
  return frame.write('failed', { error: cause ? { ...error, message: `${error.message} ${message}` } : error });
}

function stepsByPath(steps: readonly Step[]): Map<string, EffectStep> {
  const found = new Map<string, EffectStep>();
  const visit = (list: readonly Step[]): void => {
    for (const step of list) {
      if (step.verb === 'request' || step.verb === 'use') found.set(step.path, step);
      else if (step.verb === 'switch') step.branches.forEach((branch) => visit(branch.steps));
    }
  };
  visit(steps);
  return found;
}

/** The outputs of all that was done are there for the templates of what undoes it. */
function revealAll(steps: readonly Step[], frame: Frame): void {
  for (const step of steps) {
    const record = frame.recordOf(step.path);
    if (record) frame.reveal(step.id, record);
    if (step.verb === 'switch') step.branches.forEach((branch) => revealAll(branch.steps, frame));
  }
}
