import type { AttemptState, Intent, TraceRow } from '../kernel/runs.ts';
import type { RequestStep, Scope } from '../language/plan.ts';
import type { Attempt } from './attempt.ts';
import { choicesOf, markNeedsReauth } from './credentials.ts';
import { outputsOf } from './extract.ts';
import type { Frame, Halt } from './frame.ts';
import { afterUnknown } from './idempotency.ts';
import { redactTree } from './redaction.ts';
import { waitBefore } from './wait.ts';

/** What follows from a judged attempt: done, another attempt later, a failure, or a question for a person. */
export async function settle(
  step: RequestStep,
  frame: Frame,
  intent: Intent,
  attempt: Attempt,
  scope: Scope,
): Promise<Halt | undefined> {
  const { verdict, message } = attempt.judgement;
  switch (verdict) {
    case 'done':
    case 'ignore':
      return done(step, frame, attempt, scope);
    case 'retry':
    case 'rateLimited':
      return tryLater(step, frame, intent, attempt);
    case 'unknown':
      return unknown(step, frame, { ...intent, standing: 'doubt' }, attempt);
    case 'refresh': {
      if (choicesOf(step, frame).length === 0 || !frame.connection) return giveUp(step, frame, attempt, message);
      return giveUp(step, frame, attempt, await markNeedsReauth(frame, message));
    }
    case 'fail':
      // A whole answer that refuses settles what an earlier attempt under the same key left open.
      frame.intent = { ...intent, standing: 'none' };
      return giveUp(step, frame, attempt, message);
  }
}

function unknown(step: RequestStep, frame: Frame, intent: Intent, attempt: Attempt): Halt {
  frame.intent = intent;
  const age = frame.deps.clock.now() - intent.firstSentAt;
  if (afterUnknown(step.idempotency, age) === 'resend') return tryLater(step, frame, intent, attempt);
  return review(step, frame, attempt.judgement.message, attempt);
}

function tryLater(step: RequestStep, frame: Frame, intent: Intent, attempt: Attempt): Halt {
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
  return { state: 'waiting', waitMs: wait };
}

function done(step: RequestStep, frame: Frame, attempt: Attempt, scope: Scope): Halt | undefined {
  const extracted = outputsOf(step, attempt, scope);
  // The record is kept in the clear, and a vendor may have echoed a credential.
  const outputs = redactTree(extracted.outputs, frame.redact.certain);
  // On record even where its outputs fail: the effect has happened, and no replay may send it again.
  frame.record(step, { state: 'succeeded', outputs });
  if (extracted.fault === undefined) return note(frame, attempt.row, 'succeeded');
  const error = { kind: 'system', message: frame.redact(extracted.fault) } as const;
  note(frame, attempt.row, 'failed', { error });
  return { state: 'failed', error: { ...error, step: step.path } };
}

function giveUp(step: RequestStep, frame: Frame, attempt: Attempt, message: string): Halt {
  const { kind, rule } = attempt.judgement;
  const error = { kind, message: frame.redact(message) };
  note(frame, attempt.row, 'failed', { error });
  return { state: 'failed', error: { ...error, step: step.path, ...(rule === undefined ? {} : { rule }) } };
}

/** Stops the run until a person says whether the request had its effect. */
export function review(step: RequestStep, frame: Frame, why: string, attempt?: Attempt): Halt {
  const message = `It is unknown whether this request had its effect, and it may not be repeated. ${frame.redact(why)} Say which it is with POST /v1/runs/${frame.run.id}:resolve.`;
  const error = { kind: 'transient', message } as const;
  const rule = attempt?.judgement.rule;
  note(frame, attempt?.row ?? lostRow(step, frame), 'needs_review', { error });
  return { state: 'needs_review', error: { ...error, step: step.path, ...(rule === undefined ? {} : { rule }) } };
}

/** The attempt of a worker that was lost: nothing is known of it but that it may have been. */
function lostRow(step: RequestStep, frame: Frame): Attempt['row'] {
  const now = frame.deps.clock.now();
  const intent = frame.intentOf(step.path);
  const attempt = (intent?.attempt ?? 0) + 1;
  return { step: step.path, attempt, startedAt: frame.run.claimedAt, finishedAt: now, ...(intent ? { idempotencyKey: intent.key } : {}) };
}

function note(frame: Frame, row: Attempt['row'], state: AttemptState, more: Partial<TraceRow> = {}): undefined {
  frame.trace.push({ ...row, state, ...more });
}
