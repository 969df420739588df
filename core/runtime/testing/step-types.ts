import { StepFault } from '../../kernel/errors.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import type { StepContext, StepType } from '../../kernel/plugin.ts';
import type { Registry } from '../../kernel/registry.ts';
import type { ExpectedRequest } from '../../language/definition-test.ts';
import { difference } from './difference.ts';
import type { ExchangeScript } from './script.ts';

/**
 * The step types of the plugins at hand, of which none runs: exchanges answer in their place. It is the definition
 * that is tested; step types have tests of their own.
 */
export function scriptedStepTypes(registry: Registry, script: ExchangeScript): (name: string) => StepType | undefined {
  return (name) => {
    const type = registry.stepType(name);
    return type && { ...type, run: (config, context) => answer(name, config, context, script) };
  };
}

async function answer(name: string, config: JsonObject, context: StepContext, script: ExchangeScript): Promise<Json> {
  const next = script.take({ use: name, with: config }, ({ expect = {} }) => mismatches(expect, name, config));
  if (!next) throw new StepFault('system', 'The test has no exchange for this.');
  const { error, fault, json = null } = next.reply ?? {};
  if (error) throw new StepFault(error.kind, error.message, error.code === undefined ? {} : { code: error.code });
  if (fault === 'timeout') return never(context, script);
  if (fault) throw new Error('It was cut off, as the test says.');
  return json;
}

function mismatches({ use, with: given }: ExpectedRequest, name: string, config: JsonObject): string[] {
  if (use === undefined) return ['expected a request, got a step type'];
  if (use !== name) return [`use: expected ${use}, got ${name}`];
  const found = given === undefined ? undefined : difference(given, config);
  return found === undefined ? [] : [`with ${found}`];
}

/** The time that the step has passes. */
function never({ signal }: StepContext, script: ExchangeScript): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('The time is up.')), { once: true });
    script.timeout();
  });
}
