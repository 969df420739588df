import { isFailure, type Answer, type Failure, type OutgoingRequest } from '../kernel/http.ts';
import type { Intent } from '../kernel/runs.ts';
import type { AnswerView, RequestStep, Scope } from '../language/plan.ts';
import { rowOf, type Attempt } from './attempt.ts';
import { authorise, judgeUnsent } from './credentials.ts';
import { decodeBody } from './decode.ts';
import type { Frame } from './frame.ts';
import { judge } from './judge.ts';
import { outgoing } from './outgoing.ts';
import { traceRequest, traceResponse } from './redaction.ts';

/** Puts credentials on the intent's request, sends it, and judges what comes back. */
export async function sendRequest(step: RequestStep, frame: Frame, intent: Intent, scope: Scope): Promise<Attempt> {
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
    const row = { ...rowOf(step.path, frame, intent, { judgement, startedAt }), request: traceRequest(wire, frame.redact) };
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
  const absentIsDone = isUndoing(step, frame) && methodOf(intent) === 'DELETE';
  const judgement = judge({ ...seen, view, redact, absentIsDone }, step.errors, scope, frame.deps.clock.now());
  const response = isFailure(result)
    ? { fault: result.network, message: frame.redact(result.message) }
    : traceResponse(result, frame.redact);
  const row = {
    request: traceRequest(sent.wire, frame.redact),
    response,
    ...(isFailure(result) ? {} : { status: result.status }),
    ...rowOf(step.path, frame, intent, { judgement, startedAt: sent.startedAt }),
  };
  const undecodable = 'undecodable' in decoded ? decoded.undecodable : undefined;
  return { judgement, view, row, wire: sent.wire, ...(undecodable === undefined ? {} : { undecodable }) };
}

/** Where something is taken away, what is not there any more is as it should be. */
function isUndoing(step: RequestStep, frame: Frame): boolean {
  return frame.rollback !== undefined || frame.run.pipeline === 'delete' || step.path.includes('/undo/');
}

function methodOf({ request }: Intent): string | undefined {
  return 'method' in request ? request.method : undefined;
}
