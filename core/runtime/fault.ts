import type { FaultCode, FaultKind } from '../kernel/errors.ts';
import type { RunError } from '../kernel/runs.ts';
import type { AnswerView } from '../language/plan.ts';
import type { Attempt } from './attempt.ts';
import type { Frame } from './frame.ts';

/** What went wrong at a step, without an answer to tell more. */
export function faultAt(step: string, kind: FaultKind, message: string): RunError {
  return { kind, message, step };
}

/**
 * What went wrong at a step, as its last attempt says. Who follows an operation is told in a closed list of codes what
 * it was; for other runs the rule and the message are what their owner works with.
 */
export function faultOf(step: string, frame: Frame, attempt: Attempt, message: string): RunError {
  const { kind, rule } = attempt.judgement;
  const error = { kind, message, step, ...(rule === undefined ? {} : { rule }) };
  if (frame.plan.kind !== 'provisioner') return error;
  const provider = providerOf(attempt.view);
  const code = attempt.judgement.code ?? codeOf(attempt.view);
  return { ...error, code, ...(provider ? { provider } : {}) };
}

const BY_STATUS: Readonly<Record<number, FaultCode>> = {
  401: 'INVALID_CREDENTIALS',
  403: 'ACCESS_DENIED',
  404: 'NOT_FOUND',
  408: 'SERVICE_TIMEOUT',
  409: 'RESOURCE_CONFLICT',
  410: 'NOT_FOUND',
  429: 'THROTTLED',
  504: 'SERVICE_TIMEOUT',
};

function codeOf({ status, network }: AnswerView): FaultCode {
  if (status === undefined) {
    if (network === undefined) return 'INTERNAL_FAILURE';
    return network === 'timeout' ? 'SERVICE_TIMEOUT' : 'NETWORK_FAILURE';
  }
  const known = BY_STATUS[status];
  if (known) return known;
  if (status >= 500) return 'SERVICE_INTERNAL_ERROR';
  return status >= 400 ? 'INVALID_REQUEST' : 'INTERNAL_FAILURE';
}

/** Where providers put the id under which they find a request again. */
const REQUEST_IDS = ['x-amzn-requestid', 'x-amz-request-id', 'x-ms-request-id', 'x-request-id', 'x-goog-request-id'];

function providerOf({ status, headers, body }: AnswerView): RunError['provider'] | undefined {
  if (status === undefined) return undefined;
  const requestId = REQUEST_IDS.map((name) => headers[name]).find((id) => id !== undefined);
  const code = providerCode(body);
  return { status, ...(code === undefined ? {} : { code }), ...(requestId === undefined ? {} : { requestId }) };
}

/** The code in a provider's own words: `__type` or a ProgressEvent's of AWS, `code` at the top or under `error`. */
function providerCode(body: unknown): string | undefined {
  const at = (value: unknown, key: string): unknown =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  const said = [at(body, '__type'), at(at(body, 'ProgressEvent'), 'ErrorCode'), at(at(body, 'error'), 'code'), at(body, 'code')];
  const found = said.find((value) => typeof value === 'string' || typeof value === 'number');
  return found === undefined ? undefined : String(found).split('#').at(-1)!.slice(0, 200);
}
