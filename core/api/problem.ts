import type { ServerResponse } from 'node:http';
import { isDatabaseAway } from '../kernel/database-away.ts';
import { SluiceError, type ErrorCode } from '../kernel/errors.ts';

const TITLES: Readonly<Record<ErrorCode, string>> = {
  BAD_REQUEST: 'The request cannot be read',
  INVALID_JSON: 'The body is not JSON',
  SQL_SYNTAX: 'The query is not SQL',
  UNAUTHENTICATED: 'No valid credentials',
  FORBIDDEN: 'Not allowed',
  NOT_FOUND: 'Not found',
  METHOD_NOT_ALLOWED: 'Method not allowed',
  CONFLICT: 'In conflict with what is',
  IN_USE: 'In use',
  ACTION_BROKEN: 'An attached action would break',
  IDEMPOTENCY_IN_PROGRESS: 'The first request is still under way',
  RUN_NOT_REPLAYABLE: 'The run cannot be replayed',
  RUN_NOT_IN_REVIEW: 'The run is not in review',
  NOT_CANCELLABLE: 'Not cancellable',
  ENVIRONMENT_NOT_READY: 'The compute environment is not ready',
  OPERATION_IN_PROGRESS: 'An operation is under way',
  OPERATION_FINISHED: 'The operation has ended',
  PRECONDITION_FAILED: 'It was changed since',
  BODY_TOO_LARGE: 'The body is too large',
  UNSUPPORTED_MEDIA_TYPE: 'Unsupported media type',
  VALIDATION_FAILED: 'The request breaks a rule',
  IDEMPOTENCY_MISMATCH: 'The idempotency key was used for another body',
  EGRESS_REFUSED: 'The address is not allowed',
  DEFINITION_INVALID: 'The definition has errors',
  SQL_REFUSED: 'The query is not accepted',
  UNKNOWN_COLUMN: 'No such column',
  type_mismatch: 'Kinds that do not go together',
  query_too_complex: 'The query is too complex',
  cross_shard_unsupported: 'The query needs several shards',
  QUERY_TIMEOUT: 'The query took too long',
  RESULT_TOO_LARGE: 'The result is too large',
  RATE_LIMITED: 'Too many requests',
  INTERNAL: 'Internal error',
  UNAVAILABLE: 'Unavailable',
};

/** The problem as RFC 9457 writes it. */
export function problemBody(error: SluiceError, requestId: string): object {
  const title = TITLES[error.code] ?? error.code;
  return {
    // RFC 9457, 4.2.1: the type of problems that their status and members describe.
    type: 'about:blank',
    title,
    status: error.status,
    code: error.code,
    detail: error.message,
    errors: error.errors,
    requestId,
  };
}

/** Writes an error as the answer. */
export type SendError = (response: ServerResponse, error: SluiceError, requestId: string) => void;

export const sendProblem: SendError = (response, error, requestId) => {
  setErrorHeaders(response, error);
  const text = JSON.stringify(problemBody(error, requestId));
  response.writeHead(error.status, {
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
};

/** What an error says in headers, in whatever form its text is sent. */
export function setErrorHeaders(response: ServerResponse, error: SluiceError): void {
  if (error.code === 'UNAUTHENTICATED') response.setHeader('WWW-Authenticate', 'Bearer realm="sluice"');
  if (error.retryAfter !== undefined) response.setHeader('Retry-After', String(Math.ceil(error.retryAfter)));
  else if (error.code === 'RATE_LIMITED' || error.code === 'UNAVAILABLE')
    response.setHeader('Retry-After', '1');
  // What is left of the body is not going to be read.
  if (error.code === 'BODY_TOO_LARGE') response.setHeader('Connection', 'close');
}

/**
 * What any thrown value is to a caller. Of what is not ours only the database's complaints about values, and its
 * absence, are told apart; the rest is a defect and says nothing about itself.
 */
export function toSluiceError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const { code, status, type } = facts(error);
  if (isDatabaseAway(error)) {
    return new SluiceError('UNAVAILABLE', 'The database cannot be reached. Try again in a moment.', {
      cause: error,
      retryAfter: 1,
    });
  }
  // Serialisation failure, deadlock, lock timeout, statement timeout.
  if (code !== undefined && ['40001', '40P01', '55P03', '57014'].includes(code)) {
    return new SluiceError('UNAVAILABLE', 'The database is busy. Try again in a moment.', {
      cause: error,
      retryAfter: 1,
    });
  }
  // Express itself: a malformed percent-encoding in the path.
  if (status === 400 || type === 'request.aborted' || error instanceof URIError) {
    return new SluiceError('BAD_REQUEST', 'The request cannot be read.', { cause: error });
  }
  return new SluiceError(
    'INTERNAL',
    'Something went wrong on our side. The log holds it under this requestId.',
    {
      cause: error,
    },
  );
}

function facts(error: unknown): { code?: string; status?: number; type?: string } {
  if (typeof error !== 'object' || error === null) return {};
  const { code, status, type } = error as { code?: unknown; status?: unknown; type?: unknown };
  return {
    ...(typeof code === 'string' && { code }),
    ...(typeof status === 'number' && { status }),
    ...(typeof type === 'string' && { type }),
  };
}
