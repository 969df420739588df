/** Of a question that a run asks. It gives dates, one a row; and its step, which takes no longer, is what ends it. */
export const LIMITS = { maxRows: 100_000, timeoutMs: 2 * 3_600_000 } as const;
