import type { StepType } from '../../kernel/plugin.ts';
import type { Services } from '../../kernel/services.ts';
import type { Plan, Step } from '../../language/plan.ts';

/** The code behind `use`, and what it may use of this platform. */
export interface Equipment {
  readonly stepTypes: (name: string) => StepType | undefined;
  readonly services: Services;
}

/** Why step types of a plan cannot work on this platform. */
export async function preflight(plan: Plan, { stepTypes, services }: Equipment): Promise<string[]> {
  const names = new Set([...plan.pipelines.values()].flatMap(({ steps }) => steps.flatMap(typesOf)));
  const refusals = await Promise.all([...names].map(async (name) => stepTypes(name)?.preflight?.(services)));
  return [...new Set(refusals.filter((refusal) => refusal !== undefined))];
}

/** Names of the step types that a step uses, also to look for its effect and to undo it. */
function typesOf(step: Step): string[] {
  if (step.verb === 'switch') return step.branches.flatMap(({ steps }) => steps.flatMap(typesOf));
  if (step.verb !== 'request' && step.verb !== 'use') return [];
  return [
    ...(step.verb === 'use' ? [step.type] : []),
    ...(step.idempotency.mode === 'lookup' ? typesOf(step.idempotency.step) : []),
    ...(step.undo ?? []).flatMap(typesOf),
  ];
}
