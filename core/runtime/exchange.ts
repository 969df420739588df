import type { Intent } from '../kernel/runs.ts';
import type { EffectStep, Scope } from '../language/plan.ts';
import type { Attempt } from './attempt.ts';
import type { Frame } from './frame.ts';
import { runStepType } from './run-step-type.ts';
import { sendRequest } from './send-request.ts';

/** One attempt of a step: over HTTP, or by the code of a step type. */
export async function exchange(step: EffectStep, frame: Frame, intent: Intent, scope: Scope): Promise<Attempt> {
  const attempt = await (step.verb === 'use'
    ? runStepType(step, frame, intent, scope)
    : sendRequest(step, frame, intent, scope));
  frame.lastAnswer = attempt.view;
  return attempt;
}
