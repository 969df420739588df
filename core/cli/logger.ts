import { pino, type Logger } from 'pino';
import { messageOf } from '../kernel/errors.ts';

/** JSON lines on stderr: stdout is for what a command answers. */
export function createLogger(level: string): Logger {
  const options = { level, base: null, serializers: { err: loggedError } };
  return pino(options, pino.destination({ fd: 2, sync: true }));
}

/** Errors of libraries drag whole clients and requests along, credentials included: of those the log gets nothing. */
function loggedError(error: unknown): unknown {
  if (!(error instanceof Error)) return messageOf(error);
  const { name, message, stack, cause } = error;
  const code = 'code' in error ? { code: error.code } : {};
  return { type: name, message, ...code, stack, ...(cause === undefined ? {} : { cause: loggedError(cause) }) };
}
