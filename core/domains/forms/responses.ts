import { notFound } from '../../kernel/errors.ts';
import type { Form } from '../../kernel/stores/forms.ts';
import type { Stores } from '../../kernel/stores/stores.ts';
import type { Submitted } from './submit.ts';

/** One response of a form, with its runs. */
export async function findResponse(stores: Stores, form: Form, id: string): Promise<Submitted> {
  const response = await stores.responses.find(form.tenantId, form.id, id);
  if (!response) throw notFound('response');
  const runs = await stores.responses.runsOf(form.tenantId, [id]);
  return { response, runs: runs.get(id) ?? [] };
}
