import type { FaultKind } from './errors.ts';
import type { Json, JsonObject } from './json.ts';

export const RUN_STATES = [
  'queued',
  'running',
  'waiting',
  'rolling_back',
  'needs_review',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export type RunState = (typeof RUN_STATES)[number];

/** Ended for good, unless replayed. `needs_review` has not ended: a person has still to say what happened. */
export const ENDED: readonly RunState[] = ['succeeded', 'failed', 'cancelled'];

/** The definition a run was made with. Its hash names the exact text, so an edit changes new runs only. */
export interface DefinitionRef {
  readonly id: string;
  readonly version: string;
  readonly hash: string;
}

export interface RunError {
  readonly kind: FaultKind;
  readonly message: string;
  /** JSON Pointer of the `errors` rule that matched, or `default/<status or fault>`. */
  readonly rule?: string;
  /** Path of the step that failed. */
  readonly step?: string;
}

/** A run to be. Made by a domain, written in the transaction of what caused it. */
export interface NewRun {
  readonly tenantId: string;
  readonly id: string;
  /** What the run is to its owner: `action` for a form action; provisioning, loads and builds add theirs. */
  readonly kind: string;
  readonly definition: DefinitionRef;
  /** The pipeline's name in the plan, for example `actions/appendRow`. */
  readonly pipeline: string;
  /** What the run is about, for example `response:<id>`; runs are listed by it. */
  readonly subject: string;
  /** The automation that made it, if one did. */
  readonly automationId?: string;
  readonly connectionId?: string;
  readonly input: JsonObject;
  readonly event?: JsonObject;
  /** At most `limit` runs of one tenant with this key are under way at a time; others wait their turn. */
  readonly concurrency?: { readonly key: string; readonly limit: number };
  /** Set where the run cannot even begin: it is recorded as failed, and replayable like any other. */
  readonly error?: RunError;
}

/** What became of a step: enough to walk the pipeline again without doing it again. */
export type StepRecord =
  | { readonly state: 'succeeded'; readonly outputs: JsonObject; readonly branch?: number }
  | { readonly state: 'skipped' };

/** A request with every template filled, but neither base URL nor credentials on it: those are fresh each time. */
export interface RenderedRequest {
  readonly method: string;
  /** Percent-encoded path below `baseUrl`, with its query; or, where `absolute`, a whole URL. */
  readonly target: string;
  readonly absolute: boolean;
  /** True where the host is a tenant's value. */
  readonly guarded: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: { readonly text: string } | { readonly base64: string };
}

/** The step in hand: its intent. It is in the run's row before its request leaves. Times in ms since the epoch. */
export interface Intent {
  readonly step: string;
  readonly key: string;
  readonly request: RenderedRequest;
  readonly attempt: number;
  readonly firstSentAt: number;
  /** `none`: nothing in doubt, the last answer was definite. `doubt`: sent, and what became of it is unknown. */
  readonly standing: 'none' | 'doubt';
}

/** Where a run stands. The pipeline is walked from its start each time; recorded steps are passed over. */
export interface Cursor {
  readonly steps: Readonly<Record<string, StepRecord>>;
  readonly intent?: Intent;
  /** Part of every idempotency key; replay raises it, a retry never does. Step generations add to it. */
  readonly generation: number;
  readonly stepGenerations?: Readonly<Record<string, number>>;
}

/** A run as a worker holds it. */
export interface ClaimedRun {
  readonly tenantId: string;
  readonly tenantName: string;
  readonly id: string;
  readonly kind: string;
  readonly definition: DefinitionRef;
  readonly pipeline: string;
  readonly connectionId?: string;
  readonly input: JsonObject;
  readonly event?: JsonObject;
  readonly createdAt: number;
  /**
   * When it was claimed, and `now` of the templates up to its first request. A claim that follows an interruption
   * keeps the time of the one before, so that a second rendering gives the same bytes.
   */
  readonly claimedAt: number;
  readonly leaseEpoch: number;
  readonly attempt: number;
  readonly cursor: Cursor;
  /** The worker that held it before was lost in the middle: its step in hand may or may not have had its effect. */
  readonly interrupted: boolean;
  readonly cancelRequested: boolean;
}

export type AttemptState = 'succeeded' | 'failed' | 'waiting' | 'skipped' | 'needs_review';

/** One row of the trace: one attempt of one step. Request and response are redacted and truncated already. */
export interface TraceRow {
  readonly step: string;
  readonly attempt: number;
  readonly state: AttemptState;
  readonly idempotencyKey?: string;
  readonly rule?: string;
  /** Milliseconds until the next attempt. */
  readonly wait?: number;
  readonly status?: number;
  readonly request?: Json;
  readonly response?: Json;
  readonly error?: { readonly kind: FaultKind; readonly message: string };
  readonly startedAt: number;
  readonly finishedAt: number;
}

/** What a worker has to say about a run it holds. Written only while its lease epoch is still the run's. */
export interface RunWrite {
  readonly tenantId: string;
  readonly id: string;
  readonly leaseEpoch: number;
  /** `running` keeps the lease: an intent recorded in the middle of a run. All others give it back. */
  readonly state: RunState;
  /** For `waiting`: ms from now. Relative, so that a worker's clock and the database's need not agree. */
  readonly waitMs?: number;
  readonly attempt: number;
  readonly cursor: Cursor;
  readonly outputs?: JsonObject;
  readonly error?: RunError;
  readonly trace: readonly TraceRow[];
}
