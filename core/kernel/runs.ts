import type { FaultCode, FaultKind } from './errors.ts';
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
  readonly code?: FaultCode;
  /** What the other side said: its status, its own code, and the id under which its support finds the request. */
  readonly provider?: { readonly status?: number; readonly code?: string; readonly requestId?: string };
  /** What was the matter before: of a deadline, what kept the run waiting. */
  readonly causes?: readonly RunError[];
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
  /** Further variables of its templates, by name: `environment` of a provisioner, `batch` of a sink. */
  readonly context?: JsonObject;
  /** At most `limit` runs of one tenant with this key are under way at a time; others wait their turn. */
  readonly concurrency?: { readonly key: string; readonly limit: number };
  /** No other run of the tenant that has not ended has this key: the insert fails with `RunExclusion`. */
  readonly exclusiveKey?: string;
  /** Ms from now after which its way forward ends. */
  readonly deadlineMs?: number;
  /** Its pipeline has steps with `undo`: a cancellation goes through a worker, which undoes what was done. */
  readonly compensates?: boolean;
  /** Where it does not begin at the beginning: to undo what another run did. */
  readonly cursor?: Cursor;
  /** Ms from now before which it is not due. */
  readonly delayMs?: number;
  /** Set where the run cannot even begin: it is recorded as failed, and replayable like any other. */
  readonly error?: RunError;
}

/** What became of a step: enough to walk the pipeline again without doing it again. */
export type StepRecord =
  | { readonly state: 'succeeded'; readonly outputs: JsonObject; readonly branch?: number }
  | { readonly state: 'skipped' };

/** Thrown where a run is to be made, or set going again, whose exclusive key another run has that has not ended. */
export class RunExclusion extends Error {
  override readonly name = 'RunExclusion';
  readonly exclusiveKey: string;

  constructor(exclusiveKey: string, options?: { cause?: unknown }) {
    super(`Another run that has not ended has the exclusive key "${exclusiveKey}".`, options);
    this.exclusiveKey = exclusiveKey;
  }
}

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

/** A step type's settings with every template filled. */
export interface RenderedUse {
  readonly use: string;
  readonly with: JsonObject;
}

/** The step in hand: its intent. It is in the run's row before its request leaves. Times in ms since the epoch. */
export interface Intent {
  readonly step: string;
  readonly key: string;
  readonly request: RenderedRequest | RenderedUse;
  readonly attempt: number;
  readonly firstSentAt: number;
  /** `none`: nothing in doubt, the last answer was definite. `doubt`: sent, and what became of it is unknown. */
  readonly standing: 'none' | 'doubt';
  /** When it was last sent: a lookup that finds nothing is believed once `settle` has passed since. */
  readonly lastSentAt?: number;
  /** Of a step that polls: its requests so far, when the first was sent, and what a step type gave the last time. */
  readonly poll?: { readonly count: number; readonly since: number; readonly previous?: Json };
  /** Of a doubt that is looked into: attempts of the lookup since its last whole answer. */
  readonly look?: { readonly attempt: number };
}

/** A step with `undo` whose request was sent, or may have been. */
export interface Effect {
  /** Path of the step. */
  readonly step: string;
  /** `leaked`: it could not be undone. */
  readonly state: 'standing' | 'undone' | 'leaked';
  /** What became of the request is unknown: that is settled before it is undone. */
  readonly doubt?: Intent;
  /** Why it could not be undone. */
  readonly error?: RunError;
}

/** The way back: effects are undone in the reverse order of their intents. */
export interface Rollback {
  /** The run's state once nothing is left. Where something leaks it has failed, whatever this says. */
  readonly ends: 'failed' | 'cancelled' | 'succeeded';
  /** What ended the way forward. */
  readonly cause?: RunError;
}

/** Where a run stands. The pipeline is walked from its start each time; recorded steps are passed over. */
export interface Cursor {
  readonly steps: Readonly<Record<string, StepRecord>>;
  readonly intent?: Intent;
  /** A worker was lost while a request may have been under way, and the run has not come to look into that yet. */
  readonly doubt?: true;
  /** Part of every idempotency key; replay raises it, a retry never does. Step generations add to it. */
  readonly generation: number;
  readonly stepGenerations?: Readonly<Record<string, number>>;
  /** In the order of the intents. */
  readonly effects?: readonly Effect[];
  /** There from the moment the way forward has ended. */
  readonly rollback?: Rollback;
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
  readonly context?: JsonObject;
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
  /** Ms that were left of its deadline when it was claimed, negative where it has passed. */
  readonly deadlineIn?: number;
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
  /** Of a step that polls: its requests so far. Its row is written again and again, and stays one row. */
  readonly polls?: number;
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
  /** The run's own: what moves with its state (an environment's, a partition's) is found by it. */
  readonly kind: string;
  readonly leaseEpoch: number;
  /** The run's state, or for a checkpoint what it was: an intent recorded in the middle of a run. */
  readonly state: RunState;
  /** True for a checkpoint: the lease is kept. */
  readonly keep?: true;
  /** For `waiting` and `rolling_back`: ms from now. Relative, so that a worker's clock and the database's need not agree. */
  readonly waitMs?: number;
  /** Sets another deadline, ms from now: the way back has its own. */
  readonly deadlineMs?: number;
  readonly attempt: number;
  readonly cursor: Cursor;
  readonly outputs?: JsonObject;
  readonly error?: RunError;
  readonly trace: readonly TraceRow[];
  /** Runs that are made in the transaction of this write: the rest of a batch. */
  readonly spawn?: readonly NewRun[];
}

/** What a worker learns when a write was made. */
export interface Written {
  readonly cancelRequested: boolean;
}
