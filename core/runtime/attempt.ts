import { isFailure, type Answer, type Failure, type OutgoingRequest } from '../kernel/http.ts';
import type { Intent, TraceRow } from '../kernel/runs.ts';
import type { AnswerView, RequestStep, Scope } from '../language/plan.ts';
import { authorise, judgeUnsent } from './credentials.ts';
import { decodeBody } from './decode.ts';
import type { Frame } from './frame.ts';
import { judge, type Judgement } from './judge.ts';
import { outgoing } from './outgoing.ts';
import { traceRequest, traceResponse } from './redaction.ts';

/** One attempt, judged: what it means, what was seen, and its row in the trace but for the state. */
export interface Attempt {
  readonly judgement: Judgement;
  readonly view: AnswerView;
  /** Why the body could not be decoded as its content type, or the step, says. */
  readonly undecodable?: string;
  /** As it was sent, credentials and all. */
  readonly wire: OutgoingRequest;
  readonly row: Omit<TraceRow, 'state'>;
}

/** Puts credentials on the intent's request, sends it, and judges what comes back. */
export async function exchange(step: RequestStep, frame: Frame, intent: Intent, scope: Scope): Promise<Attempt> {
  const startedAt = frame.deps.clock.now();
  const { request: bare, ...route } = outgoing(step, frame.plan, intent, scope);
  let wire = bare;
  try {
    wire = await authorise(step, frame, scope, bare);
    const { timeoutMs } = step;
    const { maxBytes } = step.response;
    const result = await frame.deps.http.send(wire, { timeoutMs, maxBytes, ...route, signal: frame.signal });
    return judged(step, frame, intent, scope, { wire, result, startedAt });
  } catch (error) {
    const judgement = await judgeUnsent(step, frame, scope, error);
    const row = rowOf(step, frame, intent, { wire, judgement, startedAt });
    return { judgement, view: { headers: {}, body: undefined }, row, wire };
  }
}

function judged(
  step: RequestStep,
  frame: Frame,
  intent: Intent,
  scope: Scope,
  sent: { wire: OutgoingRequest; result: Answer | Failure; startedAt: number },
): Attempt {
  const { result } = sent;
  const decoded = isFailure(result) ? { body: undefined } : decodeBody(result, step.response.decode);
  const view: AnswerView = isFailure(result)
    ? { headers: {}, body: undefined, network: result.network }
    : { status: result.status, headers: result.headers, body: decoded.body };
  const { redact } = frame;
  const seen = isFailure(result) ? { sent: result.sent, failure: result.message } : { sent: true };
  const judgement = judge({ ...seen, view, redact }, step.errors, scope, frame.deps.clock.now());
  const response = isFailure(result)
    ? { fault: result.network, message: frame.redact(result.message) }
    : traceResponse(result, frame.redact);
  const row = { ...rowOf(step, frame, intent, { ...sent, judgement }), response };
  const undecodable = 'undecodable' in decoded ? decoded.undecodable : undefined;
  return { judgement, view, row, wire: sent.wire, ...(undecodable === undefined ? {} : { undecodable }) };
}

function rowOf(
  step: RequestStep,
  frame: Frame,
  intent: Intent,
  of: { wire: OutgoingRequest; judgement: Judgement; startedAt: number; result?: Answer | Failure },
): Omit<TraceRow, 'state'> {
  const { rule } = of.judgement;
  return {
    step: step.path,
    attempt: intent.attempt,
    idempotencyKey: intent.key,
    ...(rule === undefined ? {} : { rule }),
    ...(of.result && 'status' in of.result ? { status: of.result.status } : {}),
    request: traceRequest(of.wire, frame.redact),
    startedAt: of.startedAt,
    finishedAt: frame.deps.clock.now(),
  };
}
