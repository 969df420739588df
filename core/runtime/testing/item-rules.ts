import type { EffectStep, ErrorRule, Pipeline, Plan, Step } from '../../language/plan.ts';

/**
 * The plan with its rules for items watched: which of them matched stands in no row of a trace, for a batch has many
 * items and one row.
 * @param matched is told the pointer of a rule that held
 */
export function watchItemRules(plan: Plan, matched: (rule: string) => void): Plan {
  if (plan.kind !== 'sink') return plan;
  const watch = (rule: ErrorRule): ErrorRule => ({
    ...rule,
    when(scope, answer) {
      const holds = rule.when(scope, answer);
      if (holds) matched(rule.at);
      return holds;
    },
  });
  const pipelines = [...plan.pipelines].map(([name, pipeline]): [string, Pipeline] => [
    name,
    { ...pipeline, steps: pipeline.steps.map((step) => watched(step, watch)) },
  ]);
  return { ...plan, pipelines: new Map(pipelines) };
}

function watched(step: Step, watch: (rule: ErrorRule) => ErrorRule): Step {
  if (step.verb === 'request' || step.verb === 'use') return withItems(step, watch);
  if (step.verb !== 'switch') return step;
  const branches = step.branches.map((branch) => ({ ...branch, steps: branch.steps.map((inner) => watched(inner, watch)) }));
  return { ...step, branches };
}

function withItems(step: EffectStep, watch: (rule: ErrorRule) => ErrorRule): EffectStep {
  const { items } = step.response;
  if (!items) return step;
  return { ...step, response: { ...step.response, items: { ...items, errors: items.errors.map(watch) } } };
}
