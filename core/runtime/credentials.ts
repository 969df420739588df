import { SluiceError, StepFault } from '../kernel/errors.ts';
import type { OutgoingRequest } from '../kernel/http.ts';
import { ReauthRequired } from '../kernel/plugin.ts';
import type { AuthChoice, RequestStep, Scope } from '../language/plan.ts';
import type { Frame } from './frame.ts';
import { TokenRefusal, type Judgement } from './judge.ts';

/** The auth alternatives of a step: its own, else the definition's; none where it says `auth: none`. */
export function choicesOf(step: RequestStep, frame: Frame): readonly AuthChoice[] {
  return step.auth === 'none' ? [] : (step.auth ?? frame.plan.auth);
}

/** Fresh credentials on the same bytes, at each attempt anew. */
export function authorise(
  step: RequestStep,
  frame: Frame,
  scope: Scope,
  bare: OutgoingRequest,
): Promise<OutgoingRequest> | OutgoingRequest {
  const choices = choicesOf(step, frame);
  return choices.length === 0 ? bare : frame.deps.authorizer.authorize(choices, scope, frame.connection, bare, frame.plan);
}

/** After a refusal of the credentials. False where there are no other ones to be had. */
export async function renewCredentials(step: RequestStep, frame: Frame, scope: Scope): Promise<boolean> {
  const choices = choicesOf(step, frame);
  if (choices.length === 0) return false;
  try {
    return await frame.deps.authorizer.renew(choices, scope, frame.connection, frame.plan);
  } catch (error) {
    // A token endpoint that is down says nothing about the credentials; the next attempt asks it again.
    if (error instanceof ReauthRequired || error instanceof StepFault) return false;
    throw error;
  }
}

/** Takes a connection out of use until its owner authorises it again. */
export async function markNeedsReauth(frame: Frame, reason: string): Promise<string> {
  if (!frame.connection) return reason;
  await frame.deps.connections.setState(frame.connection, 'needs_reauth', frame.redact(reason));
  return `The connection "${frame.connection.name}" needs to be authorised again. ${reason}`;
}

/** Judges a request that never left: no credentials, an address out of bounds, a token endpoint in trouble. */
export async function judgeUnsent(
  step: RequestStep,
  frame: Frame,
  scope: Scope,
  error: unknown,
): Promise<Judgement> {
  if (error instanceof ReauthRequired) {
    const message = await markNeedsReauth(frame, error.message);
    return { verdict: 'fail', kind: 'config', message, rule: 'default/needs_reauth', sent: false };
  }
  if (error instanceof TokenRefusal) return error.judgement;
  if (error instanceof StepFault) {
    const verdict = error.kind === 'transient' ? 'retry' : 'fail';
    return { verdict, kind: error.kind, message: error.message, sent: false };
  }
  if (error instanceof SluiceError) return { verdict: 'fail', kind: 'config', message: error.message, sent: false };
  throw error;
}
