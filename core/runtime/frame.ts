import type { Clock } from '../kernel/clock.ts';
import type { HttpClient } from '../kernel/http.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { StepType } from '../kernel/plugin.ts';
import type { ConnectionStore, LiveConnection } from '../kernel/ports.ts';
import type {
  ClaimedRun,
  Cursor,
  Effect,
  Intent,
  NewRun,
  Rollback,
  RunError,
  RunState,
  RunWrite,
  StepRecord,
  TraceRow,
  Written,
} from '../kernel/runs.ts';
import type { Services } from '../kernel/services.ts';
import type { AnswerView, Plan, Scope } from '../language/plan.ts';
import type { Authorizer } from './auth.ts';
import type { LearningRedactor } from './redaction.ts';

/** What the interpreter needs from outside. One set a process. */
export interface EngineDeps {
  readonly clock: Clock;
  /** For jitter: even in [0, 1). Tests give the upper bound. */
  readonly random: () => number;
  readonly http: HttpClient;
  readonly authorizer: Authorizer;
  readonly connections: ConnectionStore;
  /** The operator's values for a definition (SLUICE_APPS). */
  readonly app: (definition: string) => JsonObject;
  /** The code behind `use`. */
  readonly stepTypes: (name: string) => StepType | undefined;
  /** What step types may use of the platform. */
  readonly services: Services;
  /** The events of a sink's batch, as they are in their store now. Throws StepFault, transient where it is away. */
  readonly events: (run: ClaimedRun) => Promise<readonly JsonObject[]>;
  /**
   * Puts a write on record in the middle of a run. Undefined says that the lease is lost: the run is somebody else's
   * now and nothing more may be done for it.
   */
  readonly checkpoint: (write: RunWrite) => Promise<Written | undefined>;
}

/** Why a run stops here, for now or for good. */
export interface Halt {
  readonly state: Exclude<RunState, 'queued' | 'running' | 'succeeded'>;
  readonly waitMs?: number;
  readonly error?: RunError;
}

/** Why the way forward is not gone on with. */
export type Stop = 'cancelled' | 'deadline';

/** Thrown where the lease turned out to be lost: the caller drops the run without a word. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** One stretch of work on one run: what is known, what was done, and what templates see. */
export class Frame {
  readonly run: ClaimedRun;
  readonly plan: Plan;
  readonly deps: EngineDeps;
  readonly connection: LiveConnection | undefined;
  /** Knows the connection's secrets, and learns of credentials that are made on the way. */
  readonly redact: LearningRedactor;
  readonly signal: AbortSignal;
  readonly trace: TraceRow[] = [];
  attempt: number;
  /** The last whole answer of this stretch, for conditions that look at it from outside its step. */
  lastAnswer: AnswerView | undefined;
  /** Of a sink: how many events of its batch were not taken. */
  rest = { retry: 0, failed: 0 };
  /** Runs to be made with the next write. */
  readonly spawn: NewRun[] = [];
  #effects: readonly Effect[];
  #rollback: Rollback | undefined;
  readonly #deadlineAt: number;
  #cancelRequested: boolean;
  #steps: Record<string, StepRecord>;
  #intent: Intent | undefined;
  #outputs: Record<string, JsonObject> = {};
  #now: number;
  /** The claim is the intent of the first request; every later one that may not be repeated blindly records its own. */
  #covered = true;
  #doubt: boolean;
  readonly #base: Scope;

  constructor(
    run: ClaimedRun,
    plan: Plan,
    deps: EngineDeps,
    live: {
      connection: LiveConnection | undefined;
      redact: LearningRedactor;
      signal: AbortSignal;
      events?: readonly JsonObject[];
    },
  ) {
    this.run = run;
    this.plan = plan;
    this.deps = deps;
    this.connection = live.connection;
    this.redact = live.redact;
    this.signal = live.signal;
    this.attempt = run.attempt;
    this.#steps = { ...run.cursor.steps };
    this.#intent = run.cursor.intent;
    this.#now = run.claimedAt;
    this.#doubt = run.interrupted || run.cursor.doubt === true;
    this.#effects = run.cursor.effects ?? [];
    this.#rollback = run.cursor.rollback;
    this.#deadlineAt = deps.clock.now() + (run.deadlineIn ?? Infinity);
    this.#cancelRequested = run.cancelRequested;
    this.#base = {
      connection: live.connection ? { ...live.connection.config, id: live.connection.id } : {},
      app: deps.app(plan.id),
      input: run.input,
      event: run.event ?? {},
      tenant: { id: run.tenantId, name: run.tenantName },
      run: { id: run.id, createdAt: new Date(run.createdAt).toISOString() },
      ...run.context,
      ...(live.events ? { events: live.events } : {}),
    };
  }

  /** The variables of a step's templates. */
  scope(step?: { idempotencyKey: string }): Scope {
    const now = new Date(this.#now).toISOString();
    return { now, steps: this.#outputs, ...(step ? { step } : {}), ...this.#base };
  }

  recordOf(path: string): StepRecord | undefined {
    return this.#steps[path];
  }

  /** Makes a step's outputs visible to those after it: as it is passed over, or when it is done. */
  reveal(id: string, record: StepRecord): void {
    if (record.state === 'succeeded') this.#outputs = { ...this.#outputs, [id]: record.outputs };
  }

  record(step: { readonly id: string; readonly path: string }, record: StepRecord): void {
    this.#steps = { ...this.#steps, [step.path]: record };
    if (this.#intent?.step === step.path) this.#intent = undefined;
    this.reveal(step.id, record);
  }

  get cursor(): Cursor {
    const { generation, stepGenerations } = this.run.cursor;
    return {
      steps: this.#steps,
      generation,
      ...(stepGenerations ? { stepGenerations } : {}),
      ...(this.#intent ? { intent: this.#intent } : {}),
      ...(this.#doubt ? { doubt: true as const } : {}),
      ...(this.#effects.length > 0 ? { effects: this.#effects } : {}),
      ...(this.#rollback ? { rollback: this.#rollback } : {}),
    };
  }

  /** In the order of the intents. */
  get effects(): readonly Effect[] {
    return this.#effects;
  }

  /** Puts an effect in its place, or at the end where it is new. */
  keepEffect(effect: Effect): void {
    const known = this.#effects.some(({ step }) => step === effect.step);
    this.#effects = known
      ? this.#effects.map((other) => (other.step === effect.step ? effect : other))
      : [...this.#effects, effect];
  }

  /** Nothing happened outside, for certain. */
  dropEffect(path: string): void {
    this.#effects = this.#effects.filter(({ step }) => step !== path);
  }

  get rollback(): Rollback | undefined {
    return this.#rollback;
  }

  /** Ends the way forward. The step in hand is no longer in hand: what is in doubt of it is among the effects. */
  turnBack(rollback: Rollback): void {
    this.#rollback = rollback;
    this.#intent = undefined;
  }

  /** Why nothing more is to be begun. On the way back a cancellation says nothing new. */
  get stop(): Stop | undefined {
    if (this.#cancelRequested && !this.#rollback) return 'cancelled';
    return this.deps.clock.now() >= this.#deadlineAt ? 'deadline' : undefined;
  }

  intentOf(path: string): Intent | undefined {
    return this.#intent?.step === path ? this.#intent : undefined;
  }

  set intent(intent: Intent) {
    this.#intent = intent;
    this.attempt = Math.max(this.attempt, intent.attempt);
  }

  forgetIntent(): void {
    this.#intent = undefined;
  }

  /** True once, for the first request after a worker was lost: it may have been sent. */
  takeDoubt(): boolean {
    const doubt = this.#doubt;
    this.#doubt = false;
    return doubt;
  }

  /** Called before a request leaves. Records its intent, unless the claim that began this stretch covers it. */
  async beforeEffect(needsIntent: boolean): Promise<void> {
    const covered = this.#covered;
    this.#covered = false;
    if (covered || !needsIntent) return;
    const state = this.#rollback ? 'rolling_back' : 'running';
    const kept = await this.deps.checkpoint({ ...this.write(state), keep: true });
    if (!kept) throw new LeaseLost(`The lease of run ${this.run.id} is lost.`);
    this.#cancelRequested ||= kept.cancelRequested;
    this.trace.length = 0;
    this.spawn.length = 0;
  }

  /** Called after an answer: time moves on for the templates of later steps. */
  afterEffect(): void {
    this.#now = this.deps.clock.now();
  }

  write(
    state: RunState,
    more: { waitMs?: number; error?: RunError; outputs?: JsonObject; deadlineMs?: number } = {},
  ): RunWrite {
    const { tenantId, id, kind, leaseEpoch } = this.run;
    return {
      tenantId,
      id,
      kind,
      leaseEpoch,
      state,
      attempt: this.attempt,
      cursor: this.cursor,
      trace: [...this.trace],
      ...(this.spawn.length > 0 ? { spawn: [...this.spawn] } : {}),
      ...more,
    };
  }
}
