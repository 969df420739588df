import { AssertionError } from 'chai';

/** The error a promise ends with; fails where it ends well. */
export async function rejection(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
  throw new AssertionError('It succeeded, and should have failed.');
}
