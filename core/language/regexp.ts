import { RE2JS } from 're2js';
import { messageOf } from '../kernel/errors.ts';

/** Longest pattern accepted, in characters. */
const PATTERN_LIMIT = 1024;

/** A regular expression that cannot be used. The message gives the reason. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/**
 * Compiles a regular expression of RE2's syntax. It is unanchored, and its time is linear in the text: patterns of
 * definitions run over what other systems answer. Lookaround and backreferences, which cannot be linear, are refused.
 * @throws PatternError
 */
export function compilePattern(source: string): (text: string) => boolean {
  if (source.length > PATTERN_LIMIT) {
    throw new PatternError(`The pattern has ${source.length} characters; ${PATTERN_LIMIT} are accepted.`);
  }
  try {
    const pattern = RE2JS.compile(source);
    return (text) => pattern.matcher(text).find();
  } catch (error) {
    throw new PatternError(
      `"${source}" is no pattern of RE2 (linear time; no lookaround, no backreferences): ${messageOf(error)}.`,
      { cause: error },
    );
  }
}
