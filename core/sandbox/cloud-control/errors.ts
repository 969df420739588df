import { randomUUID } from 'node:crypto';
import type { Response } from 'express';
import type { Fault } from '../faults.ts';

/** Codes of a FAILED operation: https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/API_ProgressEvent.html */
export const HANDLER_ERROR_CODES = [
  'NotUpdatable',
  'InvalidRequest',
  'AccessDenied',
  'InvalidCredentials',
  'AlreadyExists',
  'NotFound',
  'ResourceConflict',
  'Throttling',
  'ServiceLimitExceeded',
  'NotStabilized',
  'GeneralServiceException',
  'ServiceInternalError',
  'ServiceTimeout',
  'NetworkFailure',
  'InternalFailure',
] as const;
export type HandlerErrorCode = (typeof HANDLER_ERROR_CODES)[number];

/** How an operation that was accepted ended badly. */
export class HandlerError extends Error {
  override readonly name = 'HandlerError';
  readonly code: HandlerErrorCode;

  constructor(code: HandlerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Faults of the service itself. All else is the caller's. */
const OF_THE_SERVICE = new Set([
  'ConcurrentModificationException',
  'HandlerFailureException',
  'HandlerInternalFailureException',
  'InternalFailure',
  'NetworkFailureException',
  'ServiceInternalErrorException',
  'ServiceUnavailableException',
]);

/** Errors that every service of AWS has, named after its framework. */
const OF_ALL_SERVICES = new Set([
  'AccessDeniedException',
  'IncompleteSignatureException',
  'InternalFailure',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'SerializationException',
  'ServiceUnavailableException',
  'UnknownOperationException',
  'UnrecognizedClientException',
  'ValidationException',
]);

/**
 * A request that was refused, in the shape of AWS's JSON protocol: `{__type, Message}`. On the wire the status is 400
 * for the caller's faults and 500 for the service's, whatever the API's model says beside the error.
 * @see https://docs.aws.amazon.com/cloudcontrolapi/latest/APIReference/CommonErrors.html
 */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = OF_THE_SERVICE.has(code) ? 500 : 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export function sendAws(res: Response, status: number, body: object): void {
  // The SDKs read the type with its version; express would add a charset.
  res.status(status).set('x-amzn-requestid', randomUUID());
  res.setHeader('content-type', 'application/x-amz-json-1.0');
  res.end(JSON.stringify(body));
}

export function sendAwsError(res: Response, { code, message, status }: AwsError): void {
  const origin = OF_ALL_SERVICES.has(code) ? 'com.amazon.coral.service' : 'com.amazonaws.cloudcontrol';
  sendAws(res, status, { __type: `${origin}#${code}`, Message: message });
}

const BY_STATUS: Readonly<Record<number, string>> = {
  400: 'InvalidRequestException',
  401: 'UnrecognizedClientException',
  403: 'AccessDeniedException',
  404: 'ResourceNotFoundException',
  409: 'ConcurrentOperationException',
  429: 'ThrottlingException',
  500: 'InternalFailure',
};

const MESSAGES: Readonly<Record<string, string>> = {
  AccessDeniedException:
    'User: arn:aws:iam::123456789012:user/sandbox is not authorized to perform this action because no identity-based policy allows it',
  ConcurrentOperationException: 'Another resource operation is currently being performed on this resource.',
  InternalFailure: 'The request processing has failed because of an unknown error, exception or failure.',
  ServiceLimitExceededException: 'The number of resources in this account has reached its limit.',
  ServiceUnavailableException: 'The request has failed due to a temporary failure of the server.',
  ThrottlingException: 'Rate exceeded',
};

/** The error that a scripted fault stands for: its own code, else the one that goes with its status. */
export function awsFault({ code, status, message }: Fault): AwsError {
  const name = code ?? BY_STATUS[status ?? 503] ?? 'ServiceUnavailableException';
  return new AwsError(
    name,
    message ?? MESSAGES[name] ?? 'The sandbox was asked for this answer.',
    code ? status : (status ?? 503),
  );
}
