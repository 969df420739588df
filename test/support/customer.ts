import { eventually, type Called, type SluiceProcess } from './sluice-process.ts';

/** A tenant with one connection, and a form whose question `text` goes into one action. */
export interface Customer {
  readonly apiKey: string;
  readonly tenantId: string;
  readonly connectionId: string;
  readonly formId: string;
  call(method: string, path: string, body?: unknown, through?: SluiceProcess): Promise<Called>;
  /** Submits a response; gives the id of its run. */
  submit(text: string, through?: SluiceProcess): Promise<string>;
  /** The run once it has come to an end. */
  ended(runId: string): Promise<Called['body']>;
}

export async function newCustomer(
  sluice: SluiceProcess,
  wanted: { readonly definition: string; readonly action: string; readonly config?: object },
): Promise<Customer> {
  const made = async (path: string, body: unknown, key?: string): Promise<Record<string, string>> => {
    const answer = await sluice.call('POST', path, body, key);
    if (answer.status !== 201) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body as Record<string, string>;
  };
  const { id: tenantId, apiKey } = await made('/v1/tenants', { name: 'Acme' });
  const { definition, action, config = {} } = wanted;
  const connection = await made('/v1/connections', { definition, name: 'main', config }, apiKey);
  const questions = [{ key: 'text', title: 'Text', type: 'text', required: true }];
  const form = await made('/v1/forms', { title: 'Notes', questions }, apiKey);
  const input = { text: '{{ event.answers.text }}' };
  await made(`/v1/forms/${form['id']}/actions`, { definition, action, connectionId: connection['id'], input }, apiKey);
  const call: Customer['call'] = (method, path, body, through = sluice) => through.call(method, path, body, apiKey);
  return {
    apiKey: apiKey!,
    tenantId: tenantId!,
    connectionId: connection['id']!,
    formId: form['id']!,
    call,
    async submit(text, through) {
      const { status, body } = await call('POST', `/v1/forms/${form['id']}/responses`, { answers: { text } }, through);
      if (status !== 201) throw new Error(`The response was answered ${status}: ${JSON.stringify(body)}`);
      return body.runs[0] as string;
    },
    ended: (runId) =>
      eventually(`run ${runId} ends`, async () => {
        const { body } = await call('GET', `/v1/runs/${runId}`);
        return ['succeeded', 'failed', 'needs_review', 'cancelled'].includes(body.state) && body;
      }),
  };
}
