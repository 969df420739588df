import type { Intent } from '../kernel/runs.ts';
import type { EffectStep } from '../language/plan.ts';
import type { Attempt } from './attempt.ts';
import { renewCredentials } from './credentials.ts';
import { exchange } from './exchange.ts';
import { faultAt } from './fault.ts';
import type { Frame, Halt, Stop } from './frame.ts';
import { afterUnknown, idempotencyKey, needsIntent } from './idempotency.ts';
import type { Judgement } from './judge.ts';
import { lookUp } from './lookup.ts';
import { review, settle } from './settle.ts';

/**
 * One step that reaches outside: rendered once, its intent on record, sent, judged; then attempts, waits and idempotency
 * decide what follows. Nothing sleeps here: a wait is a halt, and the run comes back when it is due.
 */
export async function effect(step: EffectStep, frame: Frame): Promise<Halt | undefined> {
  const interrupted = frame.takeDoubt();
  const { stop } = frame;
  if (stop) return stopped(step, frame, stop, interrupted);
  const scope = frame.scope({ idempotencyKey: idempotencyKey(frame.run.id, step.path, frame.run.cursor) });
  let intent = frame.intentOf(step.path) ?? newIntent(step, frame, interrupted);
  if (interrupted) intent = { ...intent, standing: 'doubt' };
  frame.intent = intent;
  if (intent.standing === 'doubt') {
    noteEffect(step, frame, intent);
    const age = frame.deps.clock.now() - intent.firstSentAt;
    const next = afterUnknown(step.idempotency, age);
    if (next === 'review') return review(step, frame, whyUnknown(frame, interrupted));
    if (next === 'lookUp') {
      const found = await lookUp(step, frame, intent, scope);
      if (found !== 'notThere') return found;
      frame.intent = intent = { ...intent, standing: 'none' };
      frame.dropEffect(step.path);
      // On the way back a request that had no effect is not sent to have one.
      if (frame.rollback) return undefined;
    }
  }
  for (let renewed = false; ; renewed = true) {
    frame.intent = intent = sentNow(intent, frame);
    noteEffect(step, frame, intent);
    // What is to be undone has to be known even where it may be repeated: after a crash nobody may go forward again.
    await frame.beforeEffect(step.undo !== undefined || needsIntent(step.idempotency));
    if (frame.stop === 'cancelled') return stopped(step, frame, 'cancelled', false);
    const attempt = await exchange(step, frame, intent, scope);
    frame.afterEffect();
    const { wire, judgement } = attempt;
    if (judgement.verdict !== 'refresh' || renewed || step.verb === 'use' || !wire) {
      return settle(step, frame, intent, attempt, scope);
    }
    const renewal = await renewCredentials(step, frame, scope, { judgement, wire });
    if (renewal === 'impossible') return settle(step, frame, intent, attempt, scope);
    if (renewal !== 'renewed') return settle(step, frame, intent, rejudged(attempt, renewal), scope);
    frame.trace.push({ ...attempt.row, state: 'waiting', wait: 0 });
  }
}

function whyUnknown(frame: Frame, interrupted: boolean): string {
  if (interrupted) return 'The worker was lost while this request may have been under way.';
  if (frame.rollback) return 'No whole answer came, and what it did is to be undone.';
  return 'No whole answer came, and its key is no longer remembered by the other side.';
}

function sentNow(intent: Intent, frame: Frame): Intent {
  return { ...intent, attempt: intent.attempt + 1, lastSentAt: frame.deps.clock.now() };
}

/** From its intent on, until an answer says otherwise, a step with `undo` may have had its effect. */
function noteEffect(step: EffectStep, frame: Frame, doubt: Intent): void {
  if (step.undo) frame.keepEffect({ step: step.path, state: 'standing', doubt });
}

/** Nothing more is begun. What was sent before, and is in doubt, is left to the way back. */
function stopped(step: EffectStep, frame: Frame, stop: Stop, interrupted: boolean): Halt {
  const known = frame.intentOf(step.path);
  const inDoubt = interrupted || known?.standing === 'doubt';
  if (inDoubt) noteEffect(step, frame, { ...(known ?? newIntent(step, frame, interrupted)), standing: 'doubt' });
  else if (!frame.rollback) frame.dropEffect(step.path);
  if (!frame.rollback) frame.forgetIntent();
  const unknown = inDoubt && needsIntent(step.idempotency) ? ' Whether its request had its effect is not known.' : '';
  if (stop === 'cancelled') {
    const message = `Cancelled at ${step.path}.${unknown}`;
    return { state: 'cancelled', error: { kind: 'config', code: 'CANCELLED', message, step: step.path } };
  }
  const message = `The deadline passed at ${step.path}.${unknown}`;
  return { state: 'failed', error: { ...faultAt(step.path, 'transient', message), code: 'DEADLINE_EXCEEDED' } };
}

/** The attempt, meaning what came of renewing its credentials. */
function rejudged({ row: { rule: _before, ...row }, ...attempt }: Attempt, judgement: Judgement): Attempt {
  const { rule } = judgement;
  return { ...attempt, judgement, row: rule === undefined ? row : { ...row, rule } };
}

function newIntent(step: EffectStep, frame: Frame, interrupted: boolean): Intent {
  const key = idempotencyKey(frame.run.id, step.path, frame.run.cursor);
  const scope = frame.scope({ idempotencyKey: key });
  const firstSentAt = interrupted ? frame.run.claimedAt : frame.deps.clock.now();
  return {
    step: step.path,
    key,
    request: step.verb === 'use' ? { use: step.type, with: step.prepare(scope) } : step.render(scope),
    attempt: 0,
    firstSentAt,
    standing: 'none',
    ...(step.poll ? { poll: { count: 1, since: firstSentAt } } : {}),
  };
}
