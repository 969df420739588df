import { messageOf, ObjectStoreError, type ObjectStoreFault } from '../../core/sdk.ts';

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
const BY_NAME: ReadonlyMap<string, ObjectStoreFault> = new Map<string, ObjectStoreFault>([
  ['NoSuchKey', 'not_found'],
  ['PreconditionFailed', 'changed'],
  ['KeyTooLongError', 'invalid_key'],
  ['AccessDenied', 'denied'],
  ['AllAccessDisabled', 'denied'],
  ['AccountProblem', 'denied'],
  ['ExpiredToken', 'denied'],
  ['InvalidAccessKeyId', 'denied'],
  ['InvalidToken', 'denied'],
  ['SignatureDoesNotMatch', 'denied'],
]);

/** The status of an answer; undefined where none came. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  return (error.$metadata as { readonly httpStatusCode?: number }).httpStatusCode;
}

/** Another writer was there, or is just now: S3 says 412 of the first, and 409 of the second, which may yet fail. */
export function isTaken(error: unknown): boolean {
  return statusOf(error) === 412;
}

/** The client has sent it again: the answer that was lost before may have been to the write that is now in the way. */
export function wasRepeated(error: unknown): boolean {
  return error instanceof Error && '$metadata' in error && ((error.$metadata as { readonly attempts?: number }).attempts ?? 1) > 1;
}

export function isContested(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConditionalRequestConflict';
}

/** What a caller is told of what the client threw; what is none of S3's as it is: an abort, an error of the content. */
export function toFault(error: unknown, what: string): unknown {
  if (error instanceof ObjectStoreError || !(error instanceof Error) || error.name === 'AbortError') return error;
  const status = statusOf(error);
  if (status === undefined && !isOfTheWay(error)) return error;
  const fault = BY_NAME.get(error.name) ?? (status === 403 ? 'denied' : 'unavailable');
  return new ObjectStoreError(fault, `${what}: ${describe(error, status)}`, { cause: error });
}

/** No answer came: no credentials, no name, no connection. */
function isOfTheWay(error: Error): boolean {
  return ('code' in error && typeof error.code === 'string') || /^(CredentialsProviderError|TimeoutError|.*NetworkingError)$/.test(error.name);
}

/** Answers to HEAD have no body: the client then calls the error "UnknownError". */
function describe(error: Error, status: number | undefined): string {
  const said = messageOf(error) === 'UnknownError' || messageOf(error) === '' ? error.name : messageOf(error);
  const text = `${said.replace(/\.$/, '')}${status === undefined ? '' : ` (${status})`}.`;
  const remedy = REMEDIES.get(error.name);
  return remedy === undefined ? text : `${text} ${remedy}`;
}

const KEYS = 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or the role of the machine, as AWS’s own tools take them';

const REMEDIES: ReadonlyMap<string, string> = new Map([
  ['CredentialsProviderError', `Give it ${KEYS}.`],
  ['InvalidAccessKeyId', `Look at ${KEYS}.`],
  ['SignatureDoesNotMatch', `Look at ${KEYS}.`],
  ['AccessDenied', 'It has to list the bucket, and to get, put and delete objects in it.'],
  ['NoSuchBucket', 'It has to be made by its owner; and look at SLUICE_S3_ENDPOINT.'],
]);
