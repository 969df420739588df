import type { FaultCode, FaultKind, Violation } from '../kernel/errors.ts';
import type { Backoff } from '../kernel/backoff.ts';
import type { NetworkFault } from '../kernel/http.ts';
import type { Json, JsonObject } from '../kernel/json.ts';
import type { RenderedRequest } from '../kernel/runs.ts';
import { ABSENT, type Evaluator, type Scope } from './evaluator.ts';
import type { DatasetPlan } from './plan-dataset.ts';

export { ABSENT, type Evaluator, type Scope };

/** What conditions and extractors see of an exchange. `body` is decoded. */
export interface AnswerView {
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly network?: NetworkFault;
}

export type Condition = (scope: Scope, answer?: AnswerView) => boolean;

export type Verdict = 'retry' | 'fail' | 'ignore' | 'refresh' | 'rateLimited' | 'unknown';

export interface ErrorRule {
  /** JSON Pointer of the rule in its file: its name in traces, tests and coverage. */
  readonly at: string;
  readonly when: Condition;
  readonly then: Verdict;
  readonly after?: Evaluator;
  readonly message?: Evaluator;
  readonly kind?: FaultKind;
  readonly code?: FaultCode;
}

/** Durations in ms. `honor` lists the headers whose wait is respected. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly maxElapsed: number;
  readonly backoff: Backoff;
  readonly honor: readonly string[];
}

export type Idempotency =
  | { readonly mode: 'safe' }
  | { readonly mode: 'once' }
  | { readonly mode: 'header'; readonly header: string; readonly validFor?: number }
  | { readonly mode: 'key'; readonly validFor?: number }
  | Lookup;

/** The effect is looked for after an unknown outcome, until `settleMs` have passed since the request was last sent. */
export interface Lookup {
  readonly mode: 'lookup';
  /** Safe to repeat. Its `response.outputs` are the step's where `found` holds. */
  readonly step: EffectStep;
  readonly found: Condition;
  readonly settleMs: number;
}

/** The step's own request is repeated until the condition holds. Durations in ms. */
export interface Poll {
  readonly everyMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly timeoutMs: number;
  readonly until: Condition;
}

export interface AuthChoice {
  readonly if?: Condition;
  readonly scheme: string;
  /** True where a tenant's value may name a host that the scheme asks for credentials: it passes the egress guard. */
  readonly guarded?: boolean;
  /** Evaluated per use: secrets live as short as possible. */
  readonly config: Evaluator;
}

export interface ResponsePlan {
  readonly decode?: 'json' | 'text' | 'xml' | 'csv' | 'none';
  readonly maxBytes: number;
  readonly schema?: (body: unknown) => readonly Violation[];
  readonly outputs: Readonly<Record<string, (scope: Scope, answer: AnswerView) => Json | typeof ABSENT>>;
  readonly items?: ItemsPlan;
}

/** Of a sink: what an answer says of each event of the batch, by its place in the list at `at` (a JSON Pointer). */
export interface ItemsPlan {
  readonly at: string;
  /** Their conditions see `item`. No match: it was taken. */
  readonly errors: readonly ErrorRule[];
}

interface StepBase {
  readonly id: string;
  /** Unique in its pipeline and stable over edits elsewhere: ids from the outside in, joined by `/`. */
  readonly path: string;
  readonly if?: Condition;
}

/** What every step has that may change the world outside. */
interface EffectBase extends StepBase {
  readonly response: ResponsePlan;
  /** The step's rules, then the definition's. */
  readonly errors: readonly ErrorRule[];
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  readonly idempotency: Idempotency;
  readonly poll?: Poll;
  /** Compensates it. Paths are `<path>/undo/<id>`. A DELETE in here that finds nothing has succeeded. */
  readonly undo?: readonly Step[];
}

export interface RequestStep extends EffectBase {
  readonly verb: 'request';
  /** Fills every template of the request. Throws StepFault. */
  readonly render: (scope: Scope) => RenderedRequest;
  /** The step's own choice; undefined inherits the definition's. */
  readonly auth: 'none' | readonly AuthChoice[] | undefined;
}

/** A step type of a plugin or of the platform. What it gives is the `body` that its outputs and conditions see. */
export interface UseStep extends EffectBase {
  readonly verb: 'use';
  readonly type: string;
  /** Fills every template of `with`. Throws StepFault. */
  readonly prepare: (scope: Scope) => JsonObject;
}

export type EffectStep = RequestStep | UseStep;

export interface SetStep extends StepBase {
  readonly verb: 'set';
  readonly values: Readonly<Record<string, Evaluator>>;
}

export interface SwitchStep extends StepBase {
  readonly verb: 'switch';
  /** The first branch that holds is taken; `else` is the last, with `when` undefined. */
  readonly branches: readonly { readonly when?: Condition; readonly steps: readonly Step[] }[];
}

export interface FailStep extends StepBase {
  readonly verb: 'fail';
  readonly kind: FaultKind;
  readonly message: Evaluator;
  readonly code?: FaultCode;
}

export type Step = EffectStep | SetStep | SwitchStep | FailStep;

/** A compiled JSON Schema. `complete` fills defaults into a copy and says what is wrong with it. */
export interface CompiledSchema {
  readonly json: JsonObject;
  complete(value: unknown): { readonly value: JsonObject; readonly violations: readonly Violation[] };
}

export interface Pipeline {
  /**
   * `actions/<name>`, `verify`; `create`, `read`, `delete` of a provisioner; `batch` (or `purge`) of a sink; `load`,
   * `nightly`, `build`, `retire` of a dataset.
   */
  readonly name: string;
  readonly title?: string;
  readonly input: CompiledSchema;
  readonly steps: readonly Step[];
  readonly outputs: Readonly<Record<string, Evaluator>>;
  readonly concurrency?: { readonly key: Evaluator; readonly limit: number };
  /** How long the way forward may take, in ms; and the way back. */
  readonly deadlineMs?: number;
  readonly rollbackDeadlineMs?: number;
  /** Some step has `undo`. */
  readonly compensates: boolean;
  /** Of `read`: whether what was found is well. It sees the last answer, too. */
  readonly healthy?: Condition;
}

/** When events are forwarded: at the first bound that is reached. */
export interface BatchPolicy {
  readonly maxEvents: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
}

/** Where a sink's events go: through its `batch` pipeline, or into the platform's own typed tables. */
export type SinkPlan = { readonly store: 'steps'; readonly batch: BatchPolicy } | { readonly store: 'sql'; readonly settings: TableSettings };

/** Of the typed tables. Days; rows a chunk of a purge. */
export interface TableSettings {
  /** Of families that have none of their own; undefined keeps events for good. */
  readonly retentionDays?: number;
  readonly purgeChunk: number;
}

/** A definition, compiled once and frozen. */
export interface Plan {
  readonly kind: 'integration' | 'provisioner' | 'sink' | 'dataset';
  readonly id: string;
  readonly version: string;
  /** SHA-256 (hex) of the text and of the files it names. */
  readonly hash: string;
  readonly title: string;
  readonly description?: string;
  readonly docs?: string;
  /** The document as parsed, frozen: for showing, never for running. */
  readonly document: JsonObject;
  readonly connection: CompiledSchema;
  readonly app: CompiledSchema;
  /** Names (JSON Pointers) of secret values of `connection` and of `app`. */
  readonly secrets: { readonly connection: readonly string[]; readonly app: readonly string[] };
  readonly baseUrl?: { readonly evaluate: (scope: Scope) => string; readonly guarded: boolean };
  /** Origins reachable besides `baseUrl`, templates evaluated. */
  readonly egress: (scope: Scope) => readonly string[];
  readonly auth: readonly AuthChoice[];
  /** The definition's own rules, for token answers. */
  readonly errors: readonly ErrorRule[];
  readonly pipelines: ReadonlyMap<string, Pipeline>;
  /** Of a provisioner: paths of the steps a person is shown, in order. */
  readonly progress: readonly string[];
  readonly sink?: SinkPlan;
  readonly dataset?: DatasetPlan;
  /** Pointers of all `errors` rules in the file, for coverage. */
  readonly rules: readonly string[];
}
