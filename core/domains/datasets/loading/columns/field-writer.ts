import type { CopyText } from '../copy-text.ts';

/**
 * Checks a field, the bytes from `from` to before `to`, and writes it as COPY reads it; or says what is wrong with it.
 * What it has written by then is of no account.
 */
export type FieldWriter = (bytes: Uint8Array, from: number, to: number, out: CopyText) => string | undefined;

/** Bytes that a writer adds to those of its field at most, when every one of them is escaped. */
export const MOST_ADDED = 32;
