import { StepFault, type Violation } from '../../kernel/errors.ts';
import { uuid7 } from '../../kernel/ids.ts';
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts';
import type { Connection } from '../../kernel/stores/connections.ts';
import type { Automation, Form } from '../../kernel/stores/forms.ts';
import type { Tenant } from '../../kernel/stores/tenancy.ts';
import { ABSENT, type Plan, type RequestStep, type Scope, type Step } from '../../language/plan.ts';
import { isTrue } from '../../language/template/values.ts';
import { pipelineName } from './compiled-action.ts';
import { eventOf } from './event.ts';
import { compileTemplates } from './templates.ts';

/** A step's request as it would be sent, without credentials; or why it cannot be known beforehand. */
export type TriedRequest =
  | {
      readonly step: string;
      readonly method: string;
      readonly url: string;
      readonly headers: JsonObject;
      readonly body: Json;
    }
  | { readonly step: string; readonly unknown: string };

export interface Trial {
  /** Whether a response with these answers makes a run at all. */
  readonly runs: boolean;
  readonly input: JsonObject;
  readonly violations: readonly Violation[];
  readonly requests: readonly TriedRequest[];
}

/** Renders what a response with these answers would send. Nothing is sent, and nothing secret is read. */
export function tryAction(
  parts: {
    readonly form: Form;
    readonly automation: Automation;
    readonly plan: Plan;
    readonly tenant: Tenant;
    readonly connection: Connection | undefined;
  },
  answers: JsonObject,
): Trial {
  const { form, automation, plan, tenant, connection } = parts;
  const createdAt = new Date();
  const event = eventOf(form, { id: uuid7(createdAt.getTime()), answers, createdAt });
  const none = { input: {}, violations: [], requests: [] };
  try {
    if (automation.condition !== undefined) {
      const value = compileTemplates(automation.condition, '/if', form.questions).evaluate({ event });
      if (value === ABSENT || !isTrue(value)) return { ...none, runs: false };
    }
    const rendered = compileTemplates(automation.input, '/input', form.questions).evaluate({ event });
    const pipeline = plan.pipelines.get(pipelineName(automation.action));
    if (!pipeline)
      throw new StepFault('config', `The definition ${plan.id} has no action "${automation.action}".`);
    const { value: input, violations } = pipeline.input.complete(rendered === ABSENT ? {} : rendered);
    const now = createdAt.toISOString();
    const scope: Scope = {
      event,
      input,
      connection: connection ? { ...connection.config, id: connection.id } : {},
      app: {},
      tenant: { id: tenant.id, name: tenant.name },
      run: { id: uuid7(), createdAt: now },
      now,
      steps: {},
    };
    return {
      runs: true,
      input,
      violations,
      requests: violations.length > 0 ? [] : requestsOf(plan, pipeline.steps, scope),
    };
  } catch (error) {
    if (!(error instanceof StepFault)) throw error;
    return { ...none, runs: true, violations: [{ path: '', message: error.message }] };
  }
}

/** Steps in order. What depends on an answer, which nobody has given, is said to. */
function requestsOf(plan: Plan, steps: readonly Step[], scope: Scope): TriedRequest[] {
  return steps.flatMap((step): TriedRequest[] => {
    try {
      if (step.if && !step.if(scope)) return [];
      if (step.verb === 'request') return [requestOf(plan, step, scope)];
      if (step.verb !== 'switch') return [];
      const branch = step.branches.find(({ when }) => !when || when(scope));
      return branch ? requestsOf(plan, branch.steps, scope) : [];
    } catch (error) {
      if (!(error instanceof StepFault)) throw error;
      return [
        { step: step.path, unknown: `It depends on what is not known before it runs: ${error.message}` },
      ];
    }
  });
}

function requestOf(plan: Plan, step: RequestStep, scope: Scope): TriedRequest {
  const request = step.render({ ...scope, step: { idempotencyKey: uuid7() } });
  const { body } = request;
  return {
    step: step.path,
    method: request.method,
    url: request.absolute ? request.target : `${baseOf(plan, scope)}${request.target}`,
    headers: request.headers,
    body: body === undefined ? null : 'text' in body ? decoded(body.text) : { base64: body.base64 },
  };
}

/** A base URL may hold a secret; then it is not shown. */
function baseOf(plan: Plan, scope: Scope): string {
  try {
    return (plan.baseUrl?.evaluate(scope) ?? '').replace(/\/$/, '');
  } catch (error) {
    if (error instanceof StepFault) return '(base URL)';
    throw error;
  }
}

function decoded(text: string): Json {
  try {
    const value = JSON.parse(text) as Json;
    return isJsonObject(value) || Array.isArray(value) ? value : text;
  } catch {
    return text;
  }
}
