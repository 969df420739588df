import { backoffDelay, DEFAULT_BACKOFF } from '../kernel/backoff.ts';
import { StepFault } from '../kernel/errors.ts';
import type { JsonObject } from '../kernel/json.ts';
import type { LiveConnection } from '../kernel/ports.ts';
import type { ClaimedRun, RunError, RunWrite } from '../kernel/runs.ts';
import type { Pipeline, Plan } from '../language/plan.ts';
import { Frame, type EngineDeps, type Halt } from './frame.ts';
import { batchOutputs } from './items.ts';
import { evaluateAll, walk } from './pipeline.ts';
import { redactTree } from './redaction.ts';
import { abandon, rollBack, turnBack } from './rollback.ts';
import { redactorFor } from './secrets.ts';

/**
 * Carries a claimed run as far as it goes: to its end, or to where it has to wait.
 * @param signal aborts the request in hand; its outcome is then unknown, and recorded as such
 * @returns what is to be written about it
 * @throws LeaseLost where a checkpoint was refused
 */
export async function execute(run: ClaimedRun, plan: Plan, deps: EngineDeps, signal: AbortSignal): Promise<RunWrite> {
  const connection = run.connectionId ? await deps.connections.load(run.tenantId, run.connectionId) : undefined;
  const redact = await redactorFor(plan, connection, deps);
  const { events, fault } = await eventsOf(run, deps);
  const frame = new Frame(run, plan, deps, { connection, redact, signal, ...(events ? { events } : {}) });
  const pipeline = plan.pipelines.get(run.pipeline);
  const obstacle = obstacleOf(run, pipeline, connection, plan);
  if (obstacle || !pipeline) return abandon(frame, obstacle!);
  if (fault) return withoutEvents(frame, fault);
  if (frame.rollback) return rollBack(frame, pipeline);
  // What it was to forward is gone: expired, or purged.
  if (events?.length === 0) return frame.write('succeeded', { outputs: batchOutputs(frame) });
  const end = await goForward(frame, pipeline);
  if ('outputs' in end) return frame.write('succeeded', end);
  const { state, ...more } = end;
  const hasEnded = state === 'failed' || state === 'cancelled';
  return hasEnded && frame.effects.length > 0 ? turnBack(frame, pipeline, state, more.error) : frame.write(state, more);
}

/** The events of a sink's batch, or why they cannot be had. */
async function eventsOf(
  run: ClaimedRun,
  deps: EngineDeps,
): Promise<{ readonly events?: readonly JsonObject[]; readonly fault?: StepFault }> {
  if (run.pipeline !== 'batch') return {};
  try {
    return { events: await deps.events(run) };
  } catch (fault) {
    if (fault instanceof StepFault) return { fault };
    throw fault;
  }
}

/** Ms at most between two looks for events whose store is away. */
const LONGEST_WAIT = 60_000;

/** Nothing was tried of the pipeline. The run waits for its events as long as it takes; what was in doubt stays so. */
function withoutEvents(frame: Frame, { kind, message }: StepFault): RunWrite {
  const error = { kind, message: frame.redact(message) };
  if (kind !== 'transient') return abandon(frame, error);
  frame.attempt++;
  const now = frame.deps.clock.now();
  const waitMs = backoffDelay({ ...DEFAULT_BACKOFF, max: LONGEST_WAIT }, frame.attempt, frame.deps.random);
  const row = { step: 'events', attempt: frame.attempt, state: 'waiting', wait: waitMs, error } as const;
  frame.trace.push({ ...row, startedAt: now, finishedAt: now });
  return frame.write(frame.rollback ? 'rolling_back' : 'waiting', { waitMs });
}

async function goForward(frame: Frame, pipeline: Pipeline): Promise<Halt | { readonly outputs: JsonObject }> {
  const halt = await walk(pipeline.steps, frame);
  if (halt) return halt;
  try {
    if (pipeline.healthy && !pipeline.healthy(frame.scope(), frame.lastAnswer)) return { state: 'failed', error: UNWELL };
    const outputs = frame.run.pipeline === 'batch' ? batchOutputs(frame) : evaluateAll(pipeline.outputs, frame.scope());
    // Outputs are shown to people: a vendor that echoes a credential must not put it there.
    return { outputs: redactTree(outputs, frame.redact.leaf) };
  } catch (fault) {
    if (!(fault instanceof StepFault)) throw fault;
    return { state: 'failed', error: { kind: fault.kind, message: frame.redact(fault.message) } };
  }
}

const UNWELL: RunError = {
  kind: 'config',
  code: 'PROBE_FAILED',
  message: 'It answers, and not as `healthy` says: see the last step.',
};

function obstacleOf(
  run: ClaimedRun,
  pipeline: Pipeline | undefined,
  connection: LiveConnection | undefined,
  plan: Plan,
): RunError | undefined {
  if (!pipeline) {
    return { kind: 'config', message: `Version ${plan.version} of ${plan.id} has no ${run.pipeline}.` };
  }
  if (run.connectionId && !connection) {
    return { kind: 'config', message: `Its connection ${run.connectionId} was deleted.` };
  }
  if (connection?.state === 'needs_reauth' && run.pipeline !== 'verify') {
    return {
      kind: 'config',
      message: `The connection "${connection.name}" needs to be authorised again; then replay this run.`,
    };
  }
  return undefined;
}
