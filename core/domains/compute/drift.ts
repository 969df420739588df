import { uuid7 } from '../../kernel/ids.ts';
import type { RunStore } from '../../kernel/ports.ts';
import { RunExclusion, type NewRun } from '../../kernel/runs.ts';
import type { ComputeEnvironment, EnvironmentDirectory } from '../../kernel/stores/compute.ts';
import { runOf } from '../../runtime/run-of.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import { environmentRun } from './environment-run.ts';

/** A usable environment is looked at this often. */
const EVERY_MS = 5 * 60_000;
/** Most environments of one call: the rest is for the next. */
const BATCH = 500;

export interface DriftDeps {
  readonly environments: EnvironmentDirectory;
  readonly catalogue: Catalogue;
  readonly queue: Pick<RunStore, 'enqueue'>;
}

/**
 * Enqueues a run of `read` for environments that were not looked at for a while. Their key is not an operation's, so
 * that a check stands in nobody's way.
 * @returns how many runs were made
 */
export async function checkDrift({ environments, catalogue, queue }: DriftDeps): Promise<number> {
  let made = 0;
  for (const environment of await environments.takeUnread(EVERY_MS, BATCH)) {
    const run = await readOf(catalogue, environment);
    if (run && (await enqueued(queue, run))) made++;
  }
  return made;
}

async function readOf(catalogue: Catalogue, environment: ComputeEnvironment): Promise<NewRun | undefined> {
  const plan = await catalogue.planByHash(environment.definition.hash);
  if (!plan?.pipelines.has('read')) return undefined;
  return {
    ...environmentRun(environment),
    ...runOf(plan, 'read'),
    id: uuid7(),
    kind: 'read',
    exclusiveKey: `read:${environment.id}`,
  };
}

/** False where the check before has not ended. */
async function enqueued(queue: DriftDeps['queue'], run: NewRun): Promise<boolean> {
  try {
    await queue.enqueue([run]);
    return true;
  } catch (error) {
    if (error instanceof RunExclusion) return false;
    throw error;
  }
}
