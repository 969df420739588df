import { backoffDelay } from '../kernel/backoff.ts';
import { parseDuration } from '../kernel/duration.ts';
import type { RetryPolicy } from '../language/plan.ts';

/**
 * A wait written as a duration (`PT1M`), as seconds, or as a time: an HTTP-date (RFC 9110, section 5.6.7), RFC 3339,
 * epoch seconds or epoch milliseconds. Numbers below 1e9 are seconds from now, below 1e11 seconds since the epoch.
 * @returns ms from now, never negative; undefined where it says nothing.
 */
export function parseWait(value: unknown, now: number): number | undefined {
  if (typeof value === 'number') return fromNumber(value, now);
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return fromNumber(Number(text), now);
  const duration = parseDuration(text);
  if (duration !== undefined) return duration;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : Math.max(0, time - now);
}

function fromNumber(value: number, now: number): number | undefined {
  if (!Number.isFinite(value) || value < 0) return undefined;
  if (value < 1e9) return value * 1000;
  return Math.max(0, (value < 1e11 ? value * 1000 : value) - now);
}

/** No vendor's header parks a run for longer than this: a date in the wrong unit would park it for ever. */
const LONGEST_HONOURED = 7 * 86_400_000;

/**
 * How long to wait before the next attempt: the longest of backoff, the rule's `after` and the honoured headers.
 * Retry-After always counts (RFC 9110, section 10.2.3). A header that says when a quota resets stands on every answer
 * of its vendor, so it counts only where the quota is why the request was refused.
 */
export function waitBefore(
  policy: RetryPolicy,
  attempt: number,
  from: {
    readonly now: number;
    readonly random: () => number;
    readonly headers: Readonly<Record<string, string>>;
    readonly after: number | undefined;
    readonly rateLimited: boolean;
  },
): number {
  const honoured = honouredWait(policy, from.headers, from);
  return Math.max(from.after ?? 0, honoured, backoffDelay(policy.backoff, attempt, from.random));
}

/** What an answer's headers ask for, as far as the policy honours them. */
export function honouredWait(
  policy: RetryPolicy,
  headers: Readonly<Record<string, string>>,
  { now, rateLimited }: { readonly now: number; readonly rateLimited: boolean },
): number {
  const names = policy.honor.filter((name) => rateLimited || name === 'retry-after');
  const waits = names.map((name) => parseWait(headers[name], now) ?? 0);
  return Math.min(LONGEST_HONOURED, Math.max(0, ...waits));
}
