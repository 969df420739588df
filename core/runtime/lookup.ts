import { StepFault } from '../kernel/errors.ts';
import type { Intent } from '../kernel/runs.ts';
import type { EffectStep, Lookup, Scope } from '../language/plan.ts';
import type { Attempt } from './attempt.ts';
import { exchange } from './exchange.ts';
import { outputsOf } from './extract.ts';
import type { Frame, Halt } from './frame.ts';
import { note, waiting } from './halts.ts';
import { redactTree } from './redaction.ts';
import { tryLater } from './settle.ts';

/** Between two looks, while an effect may still come to light. */
const LOOK_EVERY = 5000;

/**
 * Looks for the effect of a request whose outcome is unknown. What is not found is believed to be not there once
 * `settle` has passed since the request was last sent: the other side may be slow to show what it has accepted.
 * @returns undefined where it was found: the step is done, with the outputs of the lookup
 */
export async function lookUp(
  step: EffectStep,
  frame: Frame,
  intent: Intent,
  scope: Scope,
): Promise<Halt | undefined | 'notThere'> {
  const lookup = step.idempotency as Lookup; // the caller's table says so
  const asked = lookup.step;
  const attempt = (intent.look?.attempt ?? 0) + 1;
  frame.intent = { ...intent, look: { attempt } };
  const request = asked.verb === 'use' ? { use: asked.type, with: asked.prepare(scope) } : asked.render(scope);
  const look: Intent = { ...intent, step: asked.path, request, attempt };
  const seen = await exchange(asked, frame, look, scope);
  frame.afterEffect();
  const trouble = troubleOf(seen);
  if (trouble) return tryLater({ ...asked, path: asked.path }, frame, look, trouble);
  if (!isFound(lookup, seen, scope)) return notFound(lookup, frame, intent, seen);
  const { outputs } = outputsOf(asked, seen, scope);
  frame.record(step, { state: 'succeeded', outputs: redactTree(outputs, frame.redact.certain) });
  if (step.undo) frame.keepEffect({ step: step.path, state: 'standing' });
  return note(frame, seen.row, 'succeeded');
}

/** A refusal of the lookup is an answer, too: 404 may be what `found` says no to. */
function troubleOf(seen: Attempt): Attempt | undefined {
  const { verdict } = seen.judgement;
  return verdict === 'done' || verdict === 'ignore' || verdict === 'fail' ? undefined : seen;
}

function isFound({ found }: Lookup, { view }: Attempt, scope: Scope): boolean {
  try {
    return found({ ...scope, response: view }, view);
  } catch (error) {
    if (error instanceof StepFault) return false;
    throw error;
  }
}

function notFound({ settleMs }: Lookup, frame: Frame, intent: Intent, seen: Attempt): Halt | 'notThere' {
  const since = frame.deps.clock.now() - (intent.lastSentAt ?? intent.firstSentAt);
  const left = settleMs - since;
  if (left <= 0) {
    note(frame, seen.row, 'succeeded');
    return 'notThere';
  }
  const wait = Math.min(left, LOOK_EVERY);
  frame.intent = { ...intent, look: { attempt: 0 } };
  note(frame, seen.row, 'waiting', { wait });
  return waiting(frame, wait);
}
