import { notFound, SluiceError, type Violation } from '../../kernel/errors.ts';
import { uuid7 } from '../../kernel/ids.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import type { Automation, Form } from '../../kernel/stores/forms.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import { didYouMean } from '../../kernel/suggest.ts';
import type { Plan } from '../../language/plan.ts';
import { validateTemplated } from '../../language/schema/templated.ts';
import type { Actor } from '../audit/record.ts';
import { planNamed, refusal, urlsOf, type CheckUrl } from '../connections/config.ts';
import { connectionFaults } from '../connections/needed.ts';
import type { Catalogue } from '../definitions/catalogue.ts';
import { pipelineName } from './compiled-action.ts';
import { compileTemplates } from './templates.ts';

/** The source of automations that a form's responses set off. */
export const FORM_RESPONSE = 'form.response';

export interface NewAction {
  readonly definition: string;
  readonly action: string;
  readonly connectionId?: string;
  readonly input: JsonObject;
  readonly if?: Json;
  readonly enabled?: boolean;
}

export type ActionChange = Partial<Omit<NewAction, 'definition' | 'if' | 'connectionId'>> & {
  /** null takes it away. */
  readonly if?: Json;
  readonly connectionId?: string | null;
};

export interface ActionDeps {
  readonly catalogue: Catalogue;
  readonly checkUrl: CheckUrl;
}

/** Attaches an action to a form, checked against its definition and the form's questions. */
export async function attachAction(
  deps: ActionDeps,
  stores: Stores,
  who: Actor,
  formId: string,
  wanted: NewAction,
): Promise<Automation> {
  const form = await lockForm(stores, who, formId);
  const now = new Date();
  const automation: Automation = {
    tenantId: who.tenantId,
    id: uuid7(now.getTime()),
    source: FORM_RESPONSE,
    sourceId: form.id,
    definition: wanted.definition,
    action: wanted.action,
    connectionId: wanted.connectionId,
    input: wanted.input,
    condition: wanted.if ?? undefined,
    enabled: wanted.enabled ?? true,
    createdAt: now,
    updatedAt: now,
  };
  await checkAction(deps, stores, form, automation);
  await stores.automations.insert(automation);
  await stores.changed({ noun: 'form', tenantId: form.tenantId, id: form.id });
  return automation;
}

export async function findAction(stores: Stores, form: Form, id: string): Promise<Automation> {
  const automation = await stores.automations.find(form.tenantId, id);
  if (!automation || automation.source !== FORM_RESPONSE || automation.sourceId !== form.id)
    throw notFound('action');
  return automation;
}

export async function changeAction(
  deps: ActionDeps,
  stores: Stores,
  who: Actor,
  before: Automation,
  change: ActionChange,
): Promise<Automation> {
  const form = await lockForm(stores, who, before.sourceId);
  const after: Automation = {
    ...before,
    action: change.action ?? before.action,
    connectionId:
      change.connectionId === undefined ? before.connectionId : (change.connectionId ?? undefined),
    input: change.input ?? before.input,
    condition: change.if === undefined ? before.condition : (change.if ?? undefined),
    enabled: change.enabled ?? before.enabled,
  };
  // Switching one off must work also where it is the definition that broke it.
  const onlySwitched = Object.keys(change).every((key) => key === 'enabled');
  if (!(onlySwitched && change.enabled === false)) await checkAction(deps, stores, form, after);
  const changed = await stores.automations.update(after);
  await stores.changed({ noun: 'form', tenantId: form.tenantId, id: form.id });
  return changed;
}

export async function detachAction(stores: Stores, automation: Automation): Promise<void> {
  await stores.automations.delete(automation.tenantId, automation.id);
  await stores.changed({ noun: 'form', tenantId: automation.tenantId, id: automation.sourceId });
}

async function lockForm(stores: Stores, who: Actor, id: string): Promise<Form> {
  const form = await stores.forms.lock(who.tenantId, id);
  if (!form) throw notFound('form');
  return form;
}

/** Throws VALIDATION_FAILED with all that is wrong; NOT_FOUND for a connection that is not the tenant's. */
async function checkAction(
  deps: ActionDeps,
  stores: Stores,
  form: Form,
  automation: Automation,
): Promise<void> {
  const plan = planNamed(deps.catalogue, automation.definition);
  const pipeline = plan.pipelines.get(pipelineName(automation.action));
  if (!pipeline) throw refused([{ path: '/action', message: noSuchAction(plan, automation.action) }]);
  const urls = urlsOf(automation.input, '/input').flatMap(([path, url]) => refusal(path, url, deps.checkUrl));
  const errors: Violation[] = [
    ...(await connectionFaults(stores, plan, automation, 'action')),
    ...compileTemplates(automation.input, '/input', form.questions).violations,
    ...(automation.condition === undefined
      ? []
      : compileTemplates(automation.condition, '/if', form.questions).violations),
    ...urls,
  ];
  const named = new Set(errors.map(({ path }) => path));
  for (const { path, message } of validateTemplated(pipeline.input, automation.input)) {
    if (!named.has(`/input${path}`)) errors.push({ path: `/input${path}`, message });
  }
  if (errors.length > 0) throw refused(errors);
}

function refused(errors: readonly Violation[]): SluiceError {
  const others = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new SluiceError('VALIDATION_FAILED', `${errors[0]!.message}${others}`, { errors });
}

function noSuchAction(plan: Plan, action: string): string {
  const names = [...plan.pipelines.keys()].flatMap((name) =>
    name.startsWith('actions/') ? [name.slice('actions/'.length)] : [],
  );
  return `The definition ${plan.id} has no action "${action}"; it has ${names.join(', ') || 'none'}.${didYouMean(action, names)}`;
}
