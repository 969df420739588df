import type { Clock } from '../kernel/clock.ts';
import type { HttpClient } from '../kernel/http.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { ConnectionStore, LiveConnection } from '../kernel/ports.ts';
import type { ClaimedRun, Cursor, Intent, RunError, RunState, RunWrite, StepRecord, TraceRow } from '../kernel/runs.ts';
import type { Plan, Scope } from '../language/plan.ts';
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
  /**
   * Puts a write on record in the middle of a run. False says that the lease is lost: the run is somebody else's
   * now and nothing more may be done for it.
   */
  readonly checkpoint: (write: RunWrite) => Promise<boolean>;
}

/** Why a run stops here, for now or for good. */
export interface Halt {
  readonly state: Exclude<RunState, 'queued' | 'running' | 'succeeded'>;
  readonly waitMs?: number;
  readonly error?: RunError;
}

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
    live: { connection: LiveConnection | undefined; redact: LearningRedactor; signal: AbortSignal },
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
    this.#doubt = run.interrupted;
    this.#base = {
      connection: live.connection ? { ...live.connection.config, id: live.connection.id } : {},
      app: deps.app(plan.id),
      input: run.input,
      event: run.event ?? {},
      tenant: { id: run.tenantId, name: run.tenantName },
      run: { id: run.id, createdAt: new Date(run.createdAt).toISOString() },
    };
  }

  /** The variables of a step's templates. */
  scope(step?: { idempotencyKey: string }): Scope {
    const now = new Date(this.#now).toISOString();
    return { ...this.#base, now, steps: this.#outputs, ...(step ? { step } : {}) };
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
    };
  }

  intentOf(path: string): Intent | undefined {
    return this.#intent?.step === path ? this.#intent : undefined;
  }

  set intent(intent: Intent) {
    this.#intent = intent;
    this.attempt = Math.max(this.attempt, intent.attempt);
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
    const kept = await this.deps.checkpoint(this.write('running'));
    if (!kept) throw new LeaseLost(`The lease of run ${this.run.id} is lost.`);
    this.trace.length = 0;
  }

  /** Called after an answer: time moves on for the templates of later steps. */
  afterEffect(): void {
    this.#now = this.deps.clock.now();
  }

  write(state: RunState, more: { waitMs?: number; error?: RunError; outputs?: JsonObject } = {}): RunWrite {
    const { tenantId, id, leaseEpoch } = this.run;
    return { tenantId, id, leaseEpoch, state, attempt: this.attempt, cursor: this.cursor, trace: [...this.trace], ...more };
  }
}
