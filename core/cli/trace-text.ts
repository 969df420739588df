import { formatDuration } from '../kernel/duration.ts';
import type { Json } from '../kernel/json.ts';
import type { TraceRow } from '../kernel/runs.ts';

/** A trace row as the API shows it: times in RFC 3339, the wait as an ISO 8601 duration. */
export function traceJson(row: TraceRow): Json {
  return {
    step: row.step,
    attempt: row.attempt,
    state: row.state,
    rule: row.rule ?? null,
    wait: row.wait === undefined ? null : formatDuration(row.wait),
    request: row.request ?? null,
    response: row.response ?? null,
    ...(row.polls === undefined ? {} : { polls: row.polls }),
    ...(row.error && { error: { kind: row.error.kind, message: row.error.message } }),
    startedAt: new Date(row.startedAt).toISOString(),
    finishedAt: new Date(row.finishedAt).toISOString(),
  };
}

/** What one line of a printed trace is made of: a trace row of the engine's, or one of the API's. */
export interface TraceLine {
  readonly step: string;
  readonly attempt: number;
  readonly state: string;
  readonly status?: number | undefined;
  readonly rule?: string | undefined;
  /** ISO 8601 duration. */
  readonly wait?: string | undefined;
  readonly message?: string | undefined;
}

/** One line: `append #1 waiting 429 rule /errors/0, again in PT2S`. */
export function traceLine({ step, attempt, state, status, rule, wait, message }: TraceLine): string {
  const parts = [
    `${step} #${attempt}`,
    state,
    status === undefined ? '' : String(status),
    rule ? `rule ${rule}` : '',
  ];
  const end = [message ? `: ${message}` : '', wait ? `, again in ${wait}` : ''].join('');
  return parts.filter(Boolean).join('  ') + end;
}

export function traceRowLine(row: TraceRow): string {
  const wait = row.wait === undefined ? undefined : formatDuration(row.wait);
  return traceLine({ ...row, wait, message: row.error?.message });
}
