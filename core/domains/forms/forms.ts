import { notFound, SluiceError } from '../../kernel/errors.ts';
import { uuid7 } from '../../kernel/ids.ts';
import type { Form } from '../../kernel/stores/forms.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import type { Actor } from '../audit/record.ts';
import { FORM_RESPONSE } from './actions.ts';
import { completeQuestions, type NewQuestion } from './questions.ts';
import { compileTemplates } from './templates.ts';

export interface FormChange {
  readonly title?: string;
  readonly questions?: readonly NewQuestion[];
  readonly published?: boolean;
}

export async function createForm(
  stores: Stores,
  who: Actor,
  wanted: FormChange & { readonly title: string; readonly questions: readonly NewQuestion[] },
): Promise<Form> {
  const now = new Date();
  const form: Form = {
    tenantId: who.tenantId,
    id: uuid7(now.getTime()),
    title: wanted.title,
    questions: completeQuestions(wanted.questions),
    published: wanted.published ?? false,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  await stores.forms.insert(form);
  return form;
}

export async function findForm(stores: Stores, tenantId: string, id: string): Promise<Form> {
  const form = await stores.forms.find(tenantId, id);
  if (!form) throw notFound('form');
  return form;
}

/** Throws ACTION_BROKEN where an attached action names what the changed form would not have. */
export async function changeForm(stores: Stores, who: Actor, id: string, change: FormChange): Promise<Form> {
  // Under the lock no action is attached to the questions as they were.
  const before = await stores.forms.lock(who.tenantId, id);
  if (!before) throw notFound('form');
  const changed: Form = {
    ...before,
    title: change.title ?? before.title,
    questions: change.questions ? completeQuestions(change.questions) : before.questions,
    published: change.published ?? before.published,
  };
  if (change.questions) await checkActions(stores, before, changed);
  const form = await stores.forms.update(changed);
  await stores.changed({ noun: 'form', tenantId: form.tenantId, id: form.id });
  return form;
}

/** Only what this change breaks counts, not what an action may have been missing before. */
async function checkActions(stores: Stores, before: Form, after: Form): Promise<void> {
  const automations = await stores.automations.bySource(after.tenantId, FORM_RESPONSE, after.id);
  const errors = automations.flatMap((automation) => {
    const faults = (form: Form) => [
      ...compileTemplates(automation.input, '/input', form.questions).violations,
      ...(automation.condition === undefined
        ? []
        : compileTemplates(automation.condition, '/if', form.questions).violations),
    ];
    const known = new Set(faults(before).map(({ path, message }) => `${path} ${message}`));
    return faults(after)
      .filter(({ path, message }) => !known.has(`${path} ${message}`))
      .map(({ path, message }) => ({
        path: '/questions',
        message: `The action ${automation.id} (${automation.definition}, ${automation.action}) would break at ${path}: ${message}`,
      }));
  });
  if (errors.length === 0) return;
  throw new SluiceError('ACTION_BROKEN', `${errors[0]!.message} Change or detach the action first.`, {
    errors,
  });
}

/** Its responses and actions go too; runs they set off stay. */
export async function deleteForm(stores: Stores, form: Form): Promise<void> {
  await stores.forms.delete(form.tenantId, form.id);
  await stores.changed({ noun: 'form', tenantId: form.tenantId, id: form.id });
}
