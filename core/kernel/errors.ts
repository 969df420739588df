/**
 * The closed list of error codes that leave the platform over HTTP (`code` of a problem+json body) or end a
 * command. docs/errors.md documents each; test/architecture proves that the two lists are the same.
 */
export const ERROR_STATUS = {
  BAD_REQUEST: 400,
  INVALID_JSON: 400,
  SQL_SYNTAX: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  CONFLICT: 409,
  IN_USE: 409,
  ACTION_BROKEN: 409,
  IDEMPOTENCY_IN_PROGRESS: 409,
  RUN_NOT_REPLAYABLE: 409,
  RUN_NOT_IN_REVIEW: 409,
  NOT_CANCELLABLE: 409,
  ENVIRONMENT_NOT_READY: 409,
  OPERATION_IN_PROGRESS: 409,
  OPERATION_FINISHED: 409,
  PRECONDITION_FAILED: 412,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  VALIDATION_FAILED: 422,
  IDEMPOTENCY_MISMATCH: 422,
  EGRESS_REFUSED: 422,
  DEFINITION_INVALID: 422,
  SQL_REFUSED: 422,
  UNKNOWN_COLUMN: 422,
  type_mismatch: 422,
  query_too_complex: 422,
  cross_shard_unsupported: 422,
  QUERY_TIMEOUT: 422,
  RESULT_TOO_LARGE: 422,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** One finding inside a refused body: `path` is a JSON Pointer into what was sent. */
export interface Violation {
  readonly path: string;
  readonly message: string;
}

/**
 * An error the platform expects and explains. Everything else that is thrown is a defect, answered as INTERNAL
 * without its message.
 */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly code: ErrorCode;
  readonly errors: readonly Violation[];
  /** Seconds, for the Retry-After header of 429 and 503. */
  readonly retryAfter: number | undefined;

  constructor(
    code: ErrorCode,
    detail: string,
    more: { errors?: readonly Violation[]; retryAfter?: number; cause?: unknown } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.errors = more.errors ?? [];
    this.retryAfter = more.retryAfter;
  }

  get status(): number {
    return ERROR_STATUS[this.code];
  }
}

/** One error for all that is wrong with a body. */
export function invalidBody(errors: readonly Violation[], cause?: unknown): SluiceError {
  const [first, ...others] = errors;
  const place = first === undefined || first.path === '' ? 'The body' : first.path;
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return new SluiceError('VALIDATION_FAILED', `${place}: ${first?.message ?? 'breaks a rule.'}${more}`, { errors, cause });
}

export function notFound(noun: string): SluiceError {
  return new SluiceError('NOT_FOUND', `There is no such ${noun}.`);
}

/** Who must act on a failed run: the tenant or operator (config), nobody but time (transient), us (system). */
export type FaultKind = 'config' | 'transient' | 'system';

/** What went wrong, in the terms of Cloud Control's handler errors, extended by what a provisioner needs to tell. */
export const FAULT_CODES = [
  'INVALID_REQUEST',
  'INVALID_CREDENTIALS',
  'ACCESS_DENIED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'RESOURCE_CONFLICT',
  'SERVICE_LIMIT_EXCEEDED',
  'THROTTLED',
  'NETWORK_FAILURE',
  'SERVICE_TIMEOUT',
  'SERVICE_INTERNAL_ERROR',
  'NOT_STABILIZED',
  'DEADLINE_EXCEEDED',
  'PROBE_FAILED',
  'QUOTA_EXCEEDED',
  'OUTCOME_UNKNOWN',
  'CANCELLED',
  'INTERNAL_FAILURE',
] as const;
export type FaultCode = (typeof FAULT_CODES)[number];

/**
 * A step that cannot go on. The engine turns it into the run's `error`; it never reaches a caller as an exception.
 */
export class StepFault extends Error {
  override readonly name = 'StepFault';
  readonly kind: FaultKind;
  readonly code: FaultCode | undefined;

  constructor(kind: FaultKind, message: string, options?: { cause?: unknown; code?: FaultCode }) {
    super(message, options);
    this.kind = kind;
    this.code = options?.code;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
