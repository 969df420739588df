import { messageOf } from '../kernel/errors.ts';
import type { Json, JsonObject } from '../kernel/json.ts';
import { ABSENT, type EffectStep, type Scope } from '../language/plan.ts';
import type { Attempt } from './attempt.ts';

/**
 * A step's outputs from its answer. A miss is absent. After `ignore` everything is lenient: the answer is not the one
 * the step was written for.
 * @returns the outputs, or why the answer is not what the step's `decode` and `schema` say
 */
export function outputsOf(step: EffectStep, attempt: Attempt, scope: Scope): { outputs: JsonObject; fault?: string } {
  const lenient = attempt.judgement.verdict === 'ignore';
  const fault = lenient ? undefined : misshapen(step, attempt);
  if (fault !== undefined) return { outputs: {}, fault };
  const found: [string, Json][] = [];
  for (const [name, extractor] of Object.entries(step.response.outputs)) {
    try {
      const value = extractor(scope, attempt.view);
      if (value !== ABSENT) found.push([name, value]);
    } catch (error) {
      if (!lenient) return { outputs: Object.fromEntries(found), fault: `Output "${name}": ${messageOf(error)}` };
    }
  }
  return { outputs: Object.fromEntries(found) };
}

function misshapen(step: EffectStep, { undecodable, view }: Attempt): string | undefined {
  if (undecodable !== undefined && step.response.decode) {
    return `The answer is not ${step.response.decode}: ${undecodable}`;
  }
  const [first] = step.response.schema?.(view.body) ?? [];
  return first && `The answer is not as its schema says: ${first.path || '/'} ${first.message}`;
}
