import { SluiceError, StepFault } from '../kernel/errors.ts';
import type { OutgoingRequest } from '../kernel/http.ts';
import { ReauthRequired } from '../kernel/plugin.ts';
import type { AuthChoice, RequestStep, Scope } from '../language/plan.ts';
import type { Frame } from './frame.ts';
import { TokenRefusal, type Judgement } from './judge.ts';
import { credentialsOn } from './redaction.ts';

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
  if (choices.length === 0) return bare;
  const learned = (wire: OutgoingRequest): OutgoingRequest => {
    // A token renewed by this very run, a JWT signed for this request: nobody knew it when the run began.
    const { refreshToken } = authorizer.tokensOn(wire) ?? {};
    frame.redact.learn([...credentialsOn(bare, wire), ...(refreshToken === undefined ? [] : [refreshToken])]);
    return wire;
  };
  const { authorizer } = frame.deps;
  const wire = authorizer.authorize(choices, scope, frame.connection, bare, frame.plan);
  return wire instanceof Promise ? wire.then(learned) : learned(wire);
}

/**
 * After a refusal of the credentials. A judgement says what the attempt means where renewing them came to nothing: a
 * token endpoint in trouble says nothing about the credentials, so the step waits; a refused grant takes the connection
 * out of use.
 * @returns `impossible` where there are no other credentials to be had
 */
export async function renewCredentials(
  step: RequestStep,
  frame: Frame,
  scope: Scope,
  refused: { readonly judgement: Judgement; readonly wire: OutgoingRequest },
): Promise<'renewed' | 'impossible' | Judgement> {
  const choices = choicesOf(step, frame);
  if (choices.length === 0) return 'impossible';
  try {
    const renewed = await frame.deps.authorizer.renew(choices, scope, frame.connection, frame.plan, refused.wire);
    return renewed ? 'renewed' : 'impossible';
  } catch (error) {
    const { rule: own, ...failed } = await judgeUnsent(step, frame, scope, error);
    // Unless a rule matched the token answer, the one that matched the refusal stays the one to look at.
    const rule = error instanceof TokenRefusal ? own : refused.judgement.rule;
    return { ...failed, sent: true, ...(rule === undefined ? {} : { rule }) };
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
