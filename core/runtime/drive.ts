import type { Clock } from '../kernel/clock.ts';
import { SluiceError } from '../kernel/errors.ts';
import type { HttpClient } from '../kernel/http.ts';
import { uuid7 } from '../kernel/ids.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { Registry } from '../kernel/registry.ts';
import type { RunError, RunState, TraceRow } from '../kernel/runs.ts';
import type { Plan } from '../language/plan.ts';
import { createAuthorizer } from './auth.ts';
import { execute } from './execute.ts';
import type { EngineDeps } from './frame.ts';
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
  readonly http: HttpClient & Parameters<typeof createAuthorizer>[0]['http'];
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
    http,
    connections,
    authorizer: createAuthorizer({ registry, connections, http, clock, app: () => app }),
    app: () => app,
    checkpoint: async (write) => {
      write.trace.forEach((row) => options.onTrace?.(row));
      return (await runs.write([write])).has(write.id);
    },
  };
  const id = options.runId ?? uuid7(clock.now());
  await runs.enqueue([
    {
      tenantId: LOCAL_TENANT,
      id,
      kind: 'action',
      definition: { id: plan.id, version: plan.version, hash: plan.hash },
      pipeline: options.pipeline,
      subject: 'local',
      connectionId: LOCAL_CONNECTION,
      input: complete(options, 'input'),
      ...(options.event ? { event: options.event } : {}),
    },
  ]);
  return toEnd(id, runs, deps, options);
}

async function toEnd(id: string, runs: MemoryRunStore, deps: EngineDeps, options: DriveOptions): Promise<DriveResult> {
  const signal = options.signal ?? new AbortController().signal;
  for (;;) {
    const [run] = await runs.claim('local', 1);
    const nextDueMs = run ? undefined : await runs.nextDue();
    if (run) {
      const write = await execute(run, options.plan, deps, signal);
      await runs.write([write]);
      write.trace.forEach((row) => options.onTrace?.(row));
    } else if (nextDueMs === undefined || signal.aborted) {
      const { state, outputs, error, attempt, trace } = runs.runs.get(id)!;
      return { state, outputs, error, attempts: attempt, steps: trace };
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
