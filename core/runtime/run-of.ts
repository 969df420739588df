import type { Cursor, NewRun } from '../kernel/runs.ts';
import type { Plan } from '../language/plan.ts';

/** What a plan says of every run of one of its pipelines, whoever makes it. */
export function runOf(
  { id, version, hash, pipelines }: Plan,
  pipeline: string,
): Pick<NewRun, 'definition' | 'pipeline' | 'deadlineMs' | 'compensates'> {
  const { deadlineMs, compensates } = pipelines.get(pipeline) ?? {};
  return {
    definition: { id, version, hash },
    pipeline,
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(compensates ? { compensates } : {}),
  };
}

/** How long a run may take from where its cursor stands, forward or back, as its plan says. */
export function deadlineAnew(
  plan: Plan | undefined,
  pipeline: string,
  { rollback }: Cursor,
): Pick<NewRun, 'deadlineMs'> {
  const { deadlineMs: forward, rollbackDeadlineMs: back = forward } = plan?.pipelines.get(pipeline) ?? {};
  const deadlineMs = rollback ? back : forward;
  return deadlineMs === undefined ? {} : { deadlineMs };
}
