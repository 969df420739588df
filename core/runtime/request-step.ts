import type { Intent } from '../kernel/runs.ts';
import type { RequestStep } from '../language/plan.ts';
import { exchange, type Attempt } from './attempt.ts';
import { renewCredentials } from './credentials.ts';
import type { Frame, Halt } from './frame.ts';
import { afterUnknown, idempotencyKey, needsIntent } from './idempotency.ts';
import type { Judgement } from './judge.ts';
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
    if (attempt.judgement.verdict !== 'refresh' || renewed) return settle(step, frame, intent, attempt, scope);
    const renewal = await renewCredentials(step, frame, scope, attempt);
    if (renewal === 'impossible') return settle(step, frame, intent, attempt, scope);
    if (renewal !== 'renewed') return settle(step, frame, intent, rejudged(attempt, renewal), scope);
    frame.trace.push({ ...attempt.row, state: 'waiting', wait: 0 });
  }
}

/** The attempt, meaning what came of renewing its credentials. */
function rejudged({ row: { rule: _before, ...row }, ...attempt }: Attempt, judgement: Judgement): Attempt {
  const { rule } = judgement;
  return { ...attempt, judgement, row: rule === undefined ? row : { ...row, rule } };
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
