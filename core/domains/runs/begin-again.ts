import { SluiceError, StepFault } from '../../kernel/errors.ts';
import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import type { Run } from '../../kernel/stores/runs.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import type { Plan } from '../../language/plan.ts';
import { FORM_RESPONSE } from '../forms/actions.ts';
import { compileTemplates } from '../forms/templates.ts';

/**
 * The input of a run that never began, because its action's templates did not fit the response: rendered anew, with the
 * action as it is now, so that mending the action mends its dead letters.
 * @returns undefined where the run did begin, or no action made it: it keeps the input it has
 * @throws SluiceError RUN_NOT_REPLAYABLE where the action still makes no valid input
 */
export async function inputAnew(stores: Stores, run: Run, plan: Plan | undefined): Promise<JsonObject | undefined> {
  if (run.startedAt !== undefined || run.automationId === undefined || run.event === undefined) return undefined;
  const automation = await stores.automations.find(run.tenantId, run.automationId);
  if (automation?.source !== FORM_RESPONSE) return undefined;
  const form = await stores.forms.find(run.tenantId, automation.sourceId);
  const pipeline = plan?.pipelines.get(run.pipeline);
  if (!form || !pipeline) return undefined;
  try {
    const rendered = compileTemplates(automation.input, '/input', form.questions).evaluate({ event: run.event });
    const { value, violations } = pipeline.input.complete(isJsonObject(rendered) ? rendered : {});
    if (violations.length === 0) return value;
    throw stillUnfit(violations.map(({ path, message }) => `${path || '/'} ${message}`).join('; '));
  } catch (error) {
    if (error instanceof StepFault) throw stillUnfit(error.message);
    throw error;
  }
}

function stillUnfit(why: string): SluiceError {
  const detail = `The action's input still does not fit this response: ${why}. Change the action, then replay the run.`;
  return new SluiceError('RUN_NOT_REPLAYABLE', detail);
}
