import type { Clock } from '../kernel/clock.ts';
import { SluiceError } from '../kernel/errors.ts';
import type { HttpClient } from '../kernel/http.ts';
import { uuid7 } from '../kernel/ids.ts';
import { isJsonObject, type JsonObject } from '../kernel/json.ts';
import type { StepType, Tokens } from '../kernel/plugin.ts';
import type { Registry } from '../kernel/registry.ts';
import { ENDED, type Effect, type NewRun, type RunError, type RunState, type TraceRow } from '../kernel/runs.ts';
import type { Plan } from '../language/plan.ts';
import { createAuthorizer } from './auth.ts';
import { execute } from './execute.ts';
import type { EngineDeps } from './frame.ts';
import { runOf } from './run-of.ts';
import { LOCAL_CONNECTION, LOCAL_TENANT, MemoryConnectionStore } from './memory/connection-store.ts';
import { MemoryRunStore } from './memory/run-store.ts';

export interface DriveOptions {
  readonly plan: Plan;
  /** Name of the pipeline, for example `actions/appendRow`. */
  readonly pipeline: string;
  readonly connection?: JsonObject;
  readonly app?: JsonObject;
  readonly input: JsonObject;
  readonly event?: JsonObject;
  /** Further variables of its templates: `environment` of a provisioner, `batch` of a sink. */
  readonly context?: JsonObject;
  /** Of a sink: what is to be forwarded. */
  readonly events?: readonly JsonObject[];
  /** The code behind `use`; the registry's where it is left out. */
  readonly stepTypes?: (name: string) => StepType | undefined;
  readonly http: HttpClient & Parameters<typeof createAuthorizer>[0]['http'];
  /** What steps send with, where it is not `http`, which token requests take. */
  readonly stepHttp?: HttpClient;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly random?: () => number;
  /** Id of the run, where a test has to know its idempotency keys. */
  readonly runId?: string;
  /** Passes the time until a waiting run is due. */
  readonly sleep: (ms: number) => Promise<void>;
  readonly onTrace?: (row: TraceRow) => void;
  readonly signal?: AbortSignal;
}

export interface DriveResult {
  readonly state: RunState;
  readonly outputs: JsonObject | undefined;
  readonly error: RunError | undefined;
  readonly attempts: number;
  readonly steps: readonly TraceRow[];
  /** What was done that can be undone, in the order of the intents. */
  readonly effects: readonly Effect[];
  /** The connection's tokens as they are now. Secret. */
  readonly tokens: Tokens | undefined;
}

/**
 * Carries one run from its start to its end in this process, with the engine's own interpreter over the memory
 * stores: `sluice run`, and the tests of definitions.
 * @throws SluiceError VALIDATION_FAILED where connection or input are not as the definition says
 */
export async function drive(options: DriveOptions): Promise<DriveResult> {
  const { plan, clock, registry, http } = options;
  const connections = new MemoryConnectionStore(plan.id, complete(options, 'connection'));
  const runs = new MemoryRunStore(clock);
  const app = options.app ?? {};
  const deps: EngineDeps = {
    clock,
    random: options.random ?? Math.random,
    http: options.stepHttp ?? http,
    connections,
    authorizer: createAuthorizer({ registry, connections, http, clock, app: () => app }),
    app: () => app,
    stepTypes: options.stepTypes ?? ((name) => registry.stepType(name)),
    // There is no platform under a command: step types that need one say so.
    services: {},
    events: async () => options.events ?? [],
    checkpoint: async (write) => {
      write.trace.forEach((row) => options.onTrace?.(row));
      return (await runs.write([write])).get(write.id);
    },
  };
  const id = options.runId ?? uuid7(clock.now());
  await runs.enqueue([newRun(id, options)]);
  const end = await toEnd(id, runs, deps, options);
  return { ...end, tokens: await connections.tokens() };
}

function newRun(id: string, options: DriveOptions): NewRun {
  const { plan, pipeline, event } = options;
  const input = complete(options, 'input');
  const context = contextOf(options, input);
  return {
    tenantId: LOCAL_TENANT,
    id,
    kind: 'local',
    ...runOf(plan, pipeline),
    subject: 'local',
    connectionId: LOCAL_CONNECTION,
    input,
    ...(event ? { event } : {}),
    ...(context ? { context } : {}),
  };
}

/** What `create` is given is the environment's, too. */
function contextOf({ pipeline, context }: DriveOptions, input: JsonObject): JsonObject | undefined {
  if (pipeline !== 'create') return context;
  const environment = isJsonObject(context?.['environment']) ? context['environment'] : {};
  return { ...context, environment: { ...environment, input } };
}

/** Of the run itself: a batch that it leaves behind is a run of its own. */
async function toEnd(
  id: string,
  runs: MemoryRunStore,
  deps: EngineDeps,
  options: DriveOptions,
): Promise<Omit<DriveResult, 'tokens'>> {
  const signal = options.signal ?? new AbortController().signal;
  for (;;) {
    const { state, outputs, error, attempt, trace, cursor } = runs.runs.get(id)!;
    const hasEnded = ENDED.includes(state) || state === 'needs_review' || signal.aborted;
    const [run] = hasEnded ? [] : await runs.claim('local', 1);
    const nextDueMs = hasEnded || run ? undefined : await runs.nextDue();
    if (run) {
      const write = await execute(run, options.plan, deps, signal);
      await runs.write([write]);
      write.trace.forEach((row) => options.onTrace?.(row));
    } else if (nextDueMs === undefined) {
      return { state, outputs, error, attempts: attempt, steps: trace, effects: cursor.effects ?? [] };
    } else {
      await options.sleep(nextDueMs);
    }
  }
}

function complete(options: DriveOptions, what: 'connection' | 'input'): JsonObject {
  const { $oauth, ...given } = options[what] ?? {};
  const schema = what === 'connection' ? options.plan.connection : inputOf(options);
  const { value, violations } = schema.complete(given);
  if (violations.length > 0) {
    const list = violations.map(({ path, message }) => `${path || '/'} ${message}`).join('; ');
    throw new SluiceError('VALIDATION_FAILED', `The ${what} is not as ${options.plan.id} asks: ${list}`, { errors: violations });
  }
  return $oauth === undefined ? value : { ...value, $oauth };
}

function inputOf({ plan, pipeline }: DriveOptions): Plan['connection'] {
  const found = plan.pipelines.get(pipeline);
  if (found) return found.input;
  const names = [...plan.pipelines.keys()].join(', ');
  throw new SluiceError('NOT_FOUND', `${plan.id} has no ${pipeline}; it has ${names}.`);
}
