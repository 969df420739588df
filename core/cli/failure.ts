import { messageOf } from '../kernel/errors.ts';

/**
 * A failure a command explains in full: its message is printed without a stack. Exit code 1: what was asked for did
 * not come about. 2: the question itself was unusable (arguments, settings, files that are not there).
 */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2 = 2, options?: { cause?: unknown }) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** What an operator can mend is told in one sentence, not in a stack trace. */
export async function refused<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new CommandFailure(messageOf(error), 1, { cause: error });
  }
}
