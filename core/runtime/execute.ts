import { StepFault } from '../kernel/errors.ts';
import type { LiveConnection } from '../kernel/ports.ts';
import type { ClaimedRun, RunError, RunWrite } from '../kernel/runs.ts';
import type { Pipeline, Plan } from '../language/plan.ts';
import { Frame, type EngineDeps } from './frame.ts';
import { evaluateAll, walk } from './pipeline.ts';
import { redactTree } from './redaction.ts';
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
  const frame = new Frame(run, plan, deps, { connection, redact, signal });
  const pipeline = plan.pipelines.get(run.pipeline);
  const obstacle = obstacleOf(run, pipeline, connection, plan);
  if (obstacle || !pipeline) return frame.write('failed', { error: obstacle! });
  const halt = await walk(pipeline.steps, frame);
  if (halt) {
    const { state, ...more } = halt;
    return frame.write(state, more);
  }
  return finish(frame, pipeline);
}

function finish(frame: Frame, pipeline: Pipeline): RunWrite {
  try {
    const outputs = evaluateAll(pipeline.outputs, frame.scope());
    // Outputs are shown to people: a vendor that echoes a credential must not put it there.
    return frame.write('succeeded', { outputs: redactTree(outputs, frame.redact.leaf) });
  } catch (fault) {
    if (!(fault instanceof StepFault)) throw fault;
    return frame.write('failed', { error: { kind: fault.kind, message: frame.redact(fault.message) } });
  }
}

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
