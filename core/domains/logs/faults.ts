import { SluiceError } from '../../kernel/errors.ts';
import type { LogStoreError, LogStoreFault } from '../../kernel/logs.ts';

/** What a shard says is wrong; undefined where an error is not a shard's. Known by name: a plugin may carry its own copy of the class. */
export function faultOf(error: unknown): LogStoreFault | undefined {
  return error instanceof Error && error.name === 'LogStoreError'
    ? (error as LogStoreError).fault
    : undefined;
}

/** What a caller hears of a shard's trouble while it writes. Anything that is not a shard's is given back as it is. */
export function writeError(shard: string, error: unknown): unknown {
  switch (faultOf(error)) {
    case 'unavailable':
    case 'timeout':
    case 'cancelled':
      return shardAway(shard, error);
    case 'locked':
      return new SluiceError('UNAVAILABLE', `The shard "${shard}" is busy. Try again in a moment.`, {
        cause: error,
        retryAfter: 1,
      });
    case 'too_large':
      return new SluiceError(
        'BODY_TOO_LARGE',
        `The shard "${shard}" takes no request as large as this. Send fewer events.`,
        {
          cause: error,
        },
      );
    case 'uncomputable':
    // The control plane made the users, and checked the values: what is denied or refused is a defect.
    case 'denied':
    case 'refused':
    case undefined:
      return error;
  }
}

export function shardAway(shard: string, cause?: unknown): SluiceError {
  return new SluiceError(
    'UNAVAILABLE',
    `The shard "${shard}", which holds this family, cannot be reached. Try again in a moment.`,
    {
      cause,
      retryAfter: 2,
    },
  );
}
