import { uuid7 } from '../kernel/ids.ts';
import type { LiveConnection } from '../kernel/ports.ts';
import type { ClaimedRun } from '../kernel/runs.ts';
import type { Plan } from '../language/plan.ts';
import { execute } from './execute.ts';
import type { EngineDeps } from './frame.ts';

/**
 * Sends what a definition's `verify` says, once and at once: a person waits for the answer, so nothing is tried again.
 * A connection that proves good is taken back into use.
 * @returns whether the other side accepts the connection, and in words what it said
 */
export async function verify(
  plan: Plan,
  connection: LiveConnection,
  deps: Omit<EngineDeps, 'checkpoint'>,
): Promise<{ ok: boolean; message: string }> {
  const now = deps.clock.now();
  const run: ClaimedRun = {
    tenantId: connection.tenantId,
    tenantName: '',
    id: uuid7(now),
    kind: 'verify',
    definition: { id: plan.id, version: plan.version, hash: plan.hash },
    pipeline: 'verify',
    connectionId: connection.id,
    input: {},
    createdAt: now,
    claimedAt: now,
    leaseEpoch: 0,
    attempt: 0,
    cursor: { steps: {}, generation: 0 },
    interrupted: false,
    cancelRequested: false,
  };
  const result = await execute(run, plan, { ...deps, checkpoint: async () => ({ cancelRequested: false }) }, new AbortController().signal);
  if (result.state === 'succeeded') {
    // Loaded again: the request may have renewed its tokens, and only who knows the connection as it is may change it.
    const now = await deps.connections.load(connection.tenantId, connection.id);
    if (now?.state === 'needs_reauth') await deps.connections.setState(now, 'active');
    return { ok: true, message: `${plan.title} accepts this connection.` };
  }
  const last = result.trace.at(-1);
  const message = result.error?.message ?? (last?.status ? `The answer was ${last.status}; try again later.` : 'No answer came; try again later.');
  return { ok: false, message };
}
