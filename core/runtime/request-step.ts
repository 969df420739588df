import type { Intent } from '../kernel/runs.ts';
import type { RequestStep } from '../language/plan.ts';
import { exchange } from './attempt.ts';
import { renewCredentials } from './credentials.ts';
import type { Frame, Halt } from './frame.ts';
import { afterUnknown, idempotencyKey, needsIntent } from './idempotency.ts';
import { review, settle } from './settle.ts';

/**
 * One request step: rendered once, its intent on record, sent, judged; then attempts, waits and idempotency decide
 * what follows. Nothing sleeps here: a wait is a halt, and the run comes back when it is due.
 */
export async function request(step: RequestStep, frame: Frame): Promise<Halt | undefined> {
  const interrupted = frame.takeDoubt();
  const scope = frame.scope({ idempotencyKey: idempotencyKey(frame.run.id, step.path, frame.run.cursor) });
  let intent = frame.intentOf(step.path) ?? newIntent(step, frame, interrupted);
  if (interrupted) {
    frame.intent = intent = { ...intent, standing: 'doubt' };
    const age = frame.deps.clock.now() - intent.firstSentAt;
    if (afterUnknown(step.idempotency, age) === 'review') {
      return review(step, frame, 'The worker was lost while this request may have been under way.');
    }
  }
  for (let renewed = false; ; renewed = true) {
    frame.intent = intent = { ...intent, attempt: intent.attempt + 1 };
    await frame.beforeEffect(needsIntent(step.idempotency));
    const attempt = await exchange(step, frame, intent, scope);
    frame.afterEffect();
    const again = attempt.judgement.verdict === 'refresh' && !renewed;
    if (!again || !(await renewCredentials(step, frame, scope))) return settle(step, frame, intent, attempt, scope);
    frame.trace.push({ ...attempt.row, state: 'waiting', wait: 0 });
  }
}

function newIntent(step: RequestStep, frame: Frame, interrupted: boolean): Intent {
  const key = idempotencyKey(frame.run.id, step.path, frame.run.cursor);
  return {
    step: step.path,
    key,
    request: step.render(frame.scope({ idempotencyKey: key })),
    attempt: 0,
    firstSentAt: interrupted ? frame.run.claimedAt : frame.deps.clock.now(),
    standing: 'none',
  };
}
