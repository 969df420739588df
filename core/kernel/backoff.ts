/** How long to wait before attempt n+1. Durations in milliseconds. */
export interface Backoff {
  readonly type: 'constant' | 'linear' | 'exponential';
  readonly initial: number;
  readonly factor: number;
  readonly max: number;
  readonly jitter: 'none' | 'full';
}

export const DEFAULT_BACKOFF: Backoff = {
  type: 'exponential',
  initial: 1000,
  factor: 2,
  max: 600_000,
  jitter: 'full',
};

/**
 * The wait after the given attempt (1 is the first). With full jitter it is drawn evenly between nothing and the
 * bound (Brooker, "Exponential Backoff And Jitter"); `random` of 1 gives the bound itself.
 */
export function backoffDelay(backoff: Backoff, attempt: number, random: () => number): number {
  const grown = {
    constant: () => backoff.initial,
    linear: () => backoff.initial * attempt,
    exponential: () => backoff.initial * backoff.factor ** (attempt - 1),
  }[backoff.type]();
  const bound = Math.min(backoff.max, grown);
  return backoff.jitter === 'full' ? Math.round(bound * random()) : bound;
}
