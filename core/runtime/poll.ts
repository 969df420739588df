import { StepFault } from '../kernel/errors.ts';
import type { Json } from '../kernel/json.ts';
import type { Intent } from '../kernel/runs.ts';
import type { EffectStep, Poll, Scope } from '../language/plan.ts';
import type { Attempt } from './attempt.ts';
import { faultOf } from './fault.ts';
import type { Frame, Halt } from './frame.ts';
import { note, waiting } from './halts.ts';
import { honouredWait } from './wait.ts';

/**
 * After a whole answer of a step that polls: another request later, unless the condition holds. Its one row of the trace
 * is written again with its count, and no worker is held meanwhile.
 * @returns undefined where the step is done
 */
export function pollAgain(step: EffectStep, frame: Frame, intent: Intent, attempt: Attempt, scope: Scope): Halt | undefined {
  const { poll } = step;
  if (!poll || holds(poll, attempt, scope)) return undefined;
  const now = frame.deps.clock.now();
  const { count, since } = intent.poll ?? { count: 1, since: intent.firstSentAt };
  const interval = Math.min(poll.maxMs, poll.everyMs * poll.factor ** (count - 1));
  const wait = Math.max(interval, honouredWait(step.retry, attempt.view.headers, { now, rateLimited: false }));
  if (now + wait - since > poll.timeoutMs) {
    const message = `What it waits for has not come about after ${count} ${count === 1 ? 'answer' : 'answers'}: the next would be after its poll's timeout.`;
    const late = { ...attempt, judgement: { ...attempt.judgement, kind: 'transient', code: 'NOT_STABILIZED' } as const };
    note(frame, attempt.row, 'failed', { error: { kind: 'transient', message } });
    return { state: 'failed', error: faultOf(step.path, frame, late, message) };
  }
  // Each answer is a fresh start for the retry policy: trouble is counted between two of them.
  frame.intent = { ...intent, attempt: 0, firstSentAt: now + wait, poll: { count: count + 1, since, ...previousOf(step, attempt) } };
  note(frame, attempt.row, 'waiting', { wait });
  return waiting(frame, wait);
}

/** Answers of vendors may be large, and say where they stand by themselves; a step type counts on. */
function previousOf(step: EffectStep, { view }: Attempt): { previous?: Json } {
  return step.verb === 'use' ? { previous: view.body as Json } : {};
}

function holds(poll: Poll, { view }: Attempt, scope: Scope): boolean {
  try {
    return poll.until({ ...scope, response: view }, view);
  } catch (error) {
    // What the condition cannot be asked of is not what is waited for.
    if (error instanceof StepFault) return false;
    throw error;
  }
}
