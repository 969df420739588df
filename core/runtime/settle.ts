import { isJsonObject } from '../kernel/json.ts';
import type { Intent } from '../kernel/runs.ts';
import type { EffectStep, Scope } from '../language/plan.ts';
import type { Attempt } from './attempt.ts';
import { choicesOf, markNeedsReauth } from './credentials.ts';
import { outputsOf } from './extract.ts';
import { faultOf } from './fault.ts';
import type { Frame, Halt } from './frame.ts';
import { note, waiting } from './halts.ts';
import { afterUnknown } from './idempotency.ts';
import { sortItems } from './items.ts';
import { pollAgain } from './poll.ts';
import { redactTree } from './redaction.ts';
import { waitBefore } from './wait.ts';

/** What follows from a judged attempt: done, another attempt later, a failure, or a question for a person. */
export async function settle(
  step: EffectStep,
  frame: Frame,
  intent: Intent,
  attempt: Attempt,
  scope: Scope,
): Promise<Halt | undefined> {
  const { verdict, message } = attempt.judgement;
  switch (verdict) {
    case 'done':
    case 'ignore':
      return pollAgain(step, frame, intent, attempt, scope) ?? done(step, frame, intent, attempt, scope);
    case 'retry':
    case 'rateLimited':
      if (intent.standing === 'none') frame.dropEffect(step.path);
      return tryLater(step, frame, intent, attempt);
    case 'unknown':
      return unknown(step, frame, { ...intent, standing: 'doubt' }, attempt);
    case 'refresh': {
      if (intent.standing === 'none') frame.dropEffect(step.path);
      if (step.verb === 'use' || choicesOf(step, frame).length === 0 || !frame.connection) return giveUp(step, frame, attempt, message);
      return giveUp(step, frame, attempt, await markNeedsReauth(frame, message));
    }
    case 'fail':
      // A whole answer that refuses settles what an earlier attempt under the same key left open.
      frame.intent = { ...intent, standing: 'none' };
      settleEffect(step, frame, intent, attempt);
      return giveUp(step, frame, attempt, message);
  }
}

/**
 * A refusal leaves nothing to undo; where an answer before it was lost, it says nothing of what that did. Anything else
 * that a rule calls a failure came after the effect.
 */
function settleEffect(step: EffectStep, frame: Frame, intent: Intent, { view, judgement }: Attempt): void {
  if (!step.undo) return;
  const refused = isRefusal(step, view) || !judgement.sent;
  if (refused && intent.standing === 'doubt') frame.keepEffect({ step: step.path, state: 'standing', doubt: intent });
  else if (refused) frame.dropEffect(step.path);
  else frame.keepEffect({ step: step.path, state: 'standing' });
}

/** Of a step type: what it will not do. What broke in the middle of it may have left something behind. */
function isRefusal({ verb }: EffectStep, { status, body }: Attempt['view']): boolean {
  if (verb === 'use') return isJsonObject(body) && body['kind'] === 'config';
  return status !== undefined && status >= 400 && status < 500;
}

function unknown(step: EffectStep, frame: Frame, intent: Intent, attempt: Attempt): Halt {
  frame.intent = intent;
  if (step.undo) frame.keepEffect({ step: step.path, state: 'standing', doubt: intent });
  const age = frame.deps.clock.now() - intent.firstSentAt;
  if (afterUnknown(step.idempotency, age) !== 'review') return tryLater(step, frame, intent, attempt);
  return review(step, frame, attempt.judgement.message, attempt);
}

/** Another attempt, of the request or of what looks for its effect, after the policy's wait. */
export function tryLater(step: EffectStep, frame: Frame, intent: Intent, attempt: Attempt): Halt {
  const { clock, random } = frame.deps;
  const { message, after, verdict } = attempt.judgement;
  const { maxAttempts, maxElapsed } = step.retry;
  const { headers } = attempt.view;
  const now = clock.now();
  const rateLimited = verdict === 'rateLimited';
  const wait = waitBefore(step.retry, intent.attempt, { now, random, headers, after, rateLimited });
  if (intent.attempt >= maxAttempts) {
    return giveUp(step, frame, attempt, `Given up after ${maxAttempts} attempts. ${message}`);
  }
  if (now + wait - intent.firstSentAt > maxElapsed) {
    return giveUp(step, frame, attempt, `Given up: the next attempt would come after maxElapsed. ${message}`);
  }
  note(frame, attempt.row, 'waiting', { wait });
  return waiting(frame, wait);
}

function done(step: EffectStep, frame: Frame, intent: Intent, attempt: Attempt, scope: Scope): Halt | undefined {
  const extracted = outputsOf(step, attempt, scope);
  // The record is kept in the clear, and a vendor may have echoed a credential.
  const outputs = redactTree(extracted.outputs, frame.redact.certain);
  // On record even where its outputs fail: the effect has happened, and no replay may send it again.
  frame.record(step, { state: 'succeeded', outputs });
  if (step.undo) frame.keepEffect({ step: step.path, state: 'standing' });
  const { items } = step.response;
  if (items && extracted.fault === undefined) sortItems(step, items, frame, intent, attempt.view, scope);
  if (extracted.fault === undefined) return note(frame, attempt.row, 'succeeded');
  const error = { kind: 'system', message: frame.redact(extracted.fault) } as const;
  note(frame, attempt.row, 'failed', { error });
  return { state: 'failed', error: { ...error, step: step.path } };
}

export function giveUp(step: EffectStep, frame: Frame, attempt: Attempt, message: string): Halt {
  const error = faultOf(step.path, frame, attempt, frame.redact(message));
  note(frame, attempt.row, 'failed', { error: { kind: error.kind, message: error.message } });
  return { state: 'failed', error };
}

/** Stops the run until a person says whether the request had its effect. */
export function review(step: EffectStep, frame: Frame, why: string, attempt?: Attempt): Halt {
  const message = `It is unknown whether this request had its effect, and it may not be repeated. ${frame.redact(why)} Say which it is with POST /v1/runs/${frame.run.id}:resolve.`;
  const error = { kind: 'transient', message } as const;
  const code = frame.plan.kind === 'provisioner' ? ({ code: 'OUTCOME_UNKNOWN' } as const) : {};
  const rule = attempt?.judgement.rule;
  note(frame, attempt?.row ?? lostRow(step, frame), 'needs_review', { error });
  return { state: 'needs_review', error: { ...error, ...code, step: step.path, ...(rule === undefined ? {} : { rule }) } };
}

/** The attempt of a worker that was lost: nothing is known of it but that it may have been. */
function lostRow(step: EffectStep, frame: Frame): Attempt['row'] {
  const now = frame.deps.clock.now();
  const intent = frame.intentOf(step.path);
  const attempt = (intent?.attempt ?? 0) + 1;
  return { step: step.path, attempt, startedAt: frame.run.claimedAt, finishedAt: now, ...(intent ? { idempotencyKey: intent.key } : {}) };
}
