import { messageOf, StepFault } from '../../kernel/errors.ts';
import { uuid7 } from '../../kernel/ids.ts';
import { isJsonObject, type JsonObject } from '../../kernel/json.ts';
import type { DefinitionRef, NewRun, RunError } from '../../kernel/runs.ts';
import type { Connection } from '../../kernel/stores/connections.ts';
import type { Automation, Form, FormResponse, Question } from '../../kernel/stores/forms.ts';
import type { Tenant } from '../../kernel/stores/tenancy.ts';
import { ABSENT, type Plan } from '../../language/plan.ts';
import { isTrue } from '../../language/template/values.ts';
import { concurrencyOf } from '../runs/concurrency.ts';
import { runOf } from '../../runtime/run-of.ts';
import { eventOf } from './event.ts';
import { compileTemplates } from './templates.ts';

/** An attached action, ready to make runs. */
export interface CompiledAction {
  /** The run that a response sets off; undefined where `if` is false. */
  runFor(form: Form, response: FormResponse): NewRun | undefined;
}

export interface ActionParts {
  readonly automation: Automation;
  /** Undefined where the definition is not loaded, or does not have the action any more: its runs are born failed. */
  readonly plan: Plan | undefined;
  /** What a run of it pins. */
  readonly definition: DefinitionRef;
  readonly connection: Connection | undefined;
  readonly tenant: Tenant;
  readonly questions: readonly Question[];
}

export const pipelineName = (action: string): string => `actions/${action}`;

/** Compiles once; what a response then costs is an evaluation. */
export function compileAction(parts: ActionParts): CompiledAction {
  const { automation, plan, definition, connection } = parts;
  const input = compileTemplates(automation.input, '/input', parts.questions);
  const condition =
    automation.condition === undefined
      ? undefined
      : compileTemplates(automation.condition, '/if', parts.questions);
  const pipeline = plan?.pipelines.get(pipelineName(automation.action));

  return {
    runFor(form, response) {
      const event = eventOf(form, response);
      const scope = { event };
      const born = {
        tenantId: form.tenantId,
        id: uuid7(),
        kind: 'action',
        ...(plan ? runOf(plan, pipelineName(automation.action)) : { definition, pipeline: pipelineName(automation.action) }),
        subject: `response:${response.id}`,
        automationId: automation.id,
        ...(connection && { connectionId: connection.id }),
        event,
      };
      let rendered: JsonObject = {};
      try {
        if (condition && !holds(condition.evaluate(scope))) return undefined;
        if (!pipeline) throw new StepFault('config', missing(automation, plan));
        const value = input.evaluate(scope);
        rendered = isJsonObject(value) ? value : {};
        const { value: whole, violations } = pipeline.input.complete(rendered);
        if (violations.length > 0) {
          const list = violations.map(({ path, message }) => `${path || '/'} ${message}`).join('; ');
          throw new StepFault('config', `The action's input does not fit this response: ${list}`);
        }
        rendered = whole;
        const concurrency = concurrencyOf(definition.id, pipeline, {
          connection,
          tenant: parts.tenant,
          runId: born.id,
          input: whole,
          more: { event },
        });
        return { ...born, input: whole, ...(concurrency && { concurrency }) };
      } catch (error) {
        return { ...born, input: rendered, error: faultOf(error) };
      }
    },
  };
}

function holds(value: unknown): boolean {
  return value !== ABSENT && isTrue(value as Parameters<typeof isTrue>[0]);
}

function missing({ definition, action }: Automation, plan: Plan | undefined): string {
  return plan
    ? `The definition ${definition} has no action "${action}" any more. Change or detach the form's action.`
    : `The definition ${definition} is not loaded, or has errors; GET /v1/definitions says which.`;
}

/** A response is never refused for what an action makes of it: the run says what went wrong. */
function faultOf(error: unknown): RunError {
  return error instanceof StepFault
    ? { kind: error.kind, message: error.message }
    : { kind: 'system', message: `The run could not be made: ${messageOf(error)}` };
}
