import { expect } from 'chai';
import { testApi, type Answer, type TestApi } from './test-api.ts';

const QUESTIONS = [
  { key: 'phone', type: 'phone', required: true },
  { key: 'name', type: 'text' },
  { key: 'urgent', type: 'boolean' },
];
const SID = `AC${'1'.repeat(32)}`;

describe("a form's actions", () => {
  let api: TestApi;
  let form: string;
  let connectionId: string;
  before(async () => {
    api = await testApi();
    const connection = await api.call('POST', '/v1/connections', {
      definition: 'twilio-sms',
      name: 'Phone',
      config: { accountSid: SID, authToken: 'tok-secret', from: '+15550000000' },
    });
    connectionId = connection.body.id;
  });
  beforeEach(async () => {
    const made = await api.call('POST', '/v1/forms', { title: 'Alarm', questions: QUESTIONS });
    form = `/v1/forms/${made.body.id}`;
  });
  after(() => api.close());

  const attach = (change: object = {}): Promise<Answer> =>
    api.call('POST', `${form}/actions`, {
      definition: 'twilio-sms',
      action: 'send',
      connectionId,
      input: {
        to: '{{ event.answers.phone }}',
        body: 'Hello {{ event.answers.name }} of {{ event.form.title }}',
      },
      ...change,
    });
  const submit = (answers: object): Promise<Answer> => api.call('POST', `${form}/responses`, { answers });
  const run = async (id: string): Promise<Answer['body']> => (await api.call('GET', `/v1/runs/${id}`)).body;

  it('make a run each when a response commits, with the input rendered', async () => {
    const attached = await attach();
    expect(attached.status, attached.text).to.equal(201);
    const other = await attach({
      input: { to: '+15551111111', body: '{{ event.response.id }} {{ event.response.createdAt }}' },
    });
    const { body } = await submit({ phone: '+15551234567', name: 'Ada 🚀' });
    expect(body.runs).to.have.length(2);
    const first = await run(body.runs[0]);
    expect(first).to.deep.include({
      state: 'queued',
      kind: 'action',
      definition: 'twilio-sms',
      pipeline: 'actions/send',
      subject: `response:${body.id}`,
      actionId: attached.body.id,
      connectionId,
      input: { to: '+15551234567', body: 'Hello Ada 🚀 of Alarm' },
      steps: [],
      error: null,
      outputs: null,
    });
    const second = await run(body.runs[1]);
    expect(second.actionId).to.equal(other.body.id);
    expect(second.input.body).to.equal(`${body.id} ${body.createdAt}`);
    const found = await api.call(
      'GET',
      `/v1/runs?subject=response:${body.id}&state=queued&kind=action&definition=twilio-sms`,
    );
    expect(found.body.items.map(({ id }: { id: string }) => id)).to.have.members(body.runs);
    const shown = await api.call('GET', `${form}/responses`);
    expect(shown.body.items[0].runs).to.have.members(body.runs);
  });

  it('treat an unanswered question as nothing: its key goes, in text it is empty', async () => {
    await attach({
      input: {
        to: '{{ event.answers.phone }}',
        body: 'Hi {{ event.answers.name }}!',
        from: '{{ event.answers.name }}',
      },
    });
    const { body } = await submit({ phone: '+15551234567' });
    expect((await run(body.runs[0])).input).to.deep.equal({ to: '+15551234567', body: 'Hi !' });
  });

  it('make a failed run, never a refused response, where the rendered input does not fit', async () => {
    await attach({ input: { to: '{{ event.answers.phone }}', body: '{{ event.answers.urgent }}' } });
    const made = await submit({ phone: '+15551234567', urgent: true });
    expect(made.status).to.equal(201);
    const failed = await run(made.body.runs[0]);
    expect(failed.state).to.equal('failed');
    expect(failed.error.kind).to.equal('config');
    expect(failed.error.message).to.match(/^The action's input does not fit this response: \/body /);
    const dead = await api.call('GET', '/v1/runs?state=failed');
    expect(dead.body.items[0].id).to.equal(failed.id);
  });

  it('mended, mend their dead letters: a replay renders the input anew', async () => {
    const { body: action } = await attach({ input: { to: '{{ event.answers.phone }}', body: '{{ event.answers.urgent }}' } });
    const { body: response } = await submit({ phone: '+15551234567', urgent: true });
    const id = response.runs[0];
    const tooSoon = await api.call('POST', `/v1/runs/${id}:replay`, {});
    expect([tooSoon.status, tooSoon.body.code]).to.deep.equal([409, 'RUN_NOT_REPLAYABLE']);
    expect(tooSoon.body.detail).to.match(/still does not fit this response: \/body .* Change the action/);
    const input = { to: '{{ event.answers.phone }}', body: 'urgent: {{ event.answers.urgent }}' };
    await api.call('PATCH', `${form}/actions/${action.id}`, { input });
    const replayed = await api.call('POST', `/v1/runs/${id}:replay`, {});
    expect([replayed.status, replayed.body.state]).to.deep.equal([202, 'queued']);
    expect(replayed.body.input).to.deep.equal({ to: '+15551234567', body: 'urgent: true' });
  });

  it('make no run where `if` is false, or where they are switched off', async () => {
    const { body: action } = await attach({ if: '{{ event.answers.urgent }}' });
    expect((await submit({ phone: '+15551234567', urgent: false })).body.runs).to.deep.equal([]);
    expect((await submit({ phone: '+15551234567' })).body.runs).to.deep.equal([]);
    expect((await submit({ phone: '+15551234567', urgent: true })).body.runs).to.have.length(1);
    await api.call('PATCH', `${form}/actions/${action.id}`, { enabled: false });
    expect((await submit({ phone: '+15551234567', urgent: true })).body.runs).to.deep.equal([]);
    await api.call('PATCH', `${form}/actions/${action.id}`, { enabled: true, if: null });
    expect((await submit({ phone: '+15551234567' })).body.runs).to.have.length(1);
  });

  it('are checked when they are attached', async () => {
    const question = await attach({ input: { to: '{{ event.answers.phnoe }}', body: 'x' } });
    expect([question.status, question.body.errors]).to.deep.equal([
      422,
      [
        {
          path: '/input/to',
          message:
            '"event.answers.phnoe" is not declared; "event.answers" has: phone, name, urgent. Did you mean "phone"?',
        },
      ],
    ]);
    const input = await attach({ input: { to: 5, body: '{{ event.answers.name }}', bdy: 'x' } });
    expect(input.body.errors.map(({ path }: { path: string }) => path)).to.have.members([
      '/input/to',
      '/input/bdy',
    ]);
    const missing = await attach({ input: { to: '{{ event.answers.phone }}' } });
    expect(missing.body.errors[0].path).to.equal('/input/body');
    const condition = await attach({ if: '{{ event.answers.urgnt }}' });
    expect(condition.body.errors[0].path).to.equal('/if');
    const helper = await attach({ input: { to: '{{ uper event.answers.phone }}', body: 'x' } });
    expect(helper.body.errors[0].path).to.equal('/input/to');
    const refused = await attach({ input: { to: '{{ this.constructor }}', body: 'x' } });
    expect(refused.status).to.equal(422);
  });

  it('say which definition, action or connection there is', async () => {
    const definition = await attach({ definition: 'twilio' });
    expect(definition.body.errors[0].path).to.equal('/definition');
    const action = await attach({ action: 'sendd' });
    expect(action.body.errors).to.deep.equal([
      {
        path: '/action',
        message: 'The definition twilio-sms has no action "sendd"; it has send. Did you mean "send"?',
      },
    ]);
    const none = await attach({ connectionId: undefined });
    expect(none.body.errors[0].path).to.equal('/connectionId');
    const wrong = await attach({ definition: 'webhook', input: { data: 'x' } });
    expect(wrong.body.errors[0]).to.deep.equal({
      path: '/connectionId',
      message: 'The connection "Phone" is one of twilio-sms, and this action is of webhook.',
    });
    const malformed = await attach({ connectionId: 'x' });
    expect([malformed.status, malformed.body.errors[0].path]).to.deep.equal([422, '/connectionId']);
  });

  it('hold a form to the questions they name', async () => {
    const { body: action } = await attach();
    const broken = await api.call('PATCH', form, { questions: [{ key: 'phone', type: 'phone' }] });
    expect([broken.status, broken.body.code]).to.deep.equal([409, 'ACTION_BROKEN']);
    expect(broken.body.errors[0].message).to.include(action.id).and.include('/input/body');
    const fine = await api.call('PATCH', form, { questions: [...QUESTIONS, { key: 'more', type: 'text' }] });
    expect(fine.status).to.equal(200);
    await api.call('DELETE', `${form}/actions/${action.id}`);
    expect((await api.call('PATCH', form, { questions: [{ key: 'phone', type: 'phone' }] })).status).to.equal(
      200,
    );
  });

  it('are listed, changed and found by their form only', async () => {
    const { body: action } = await attach();
    const list = await api.call('GET', `${form}/actions`);
    expect(list.body).to.deep.equal({ items: [action], nextCursor: null });
    const changed = await api.call('PATCH', `${form}/actions/${action.id}`, {
      input: { to: '+15551234567', body: 'fixed' },
    });
    expect(changed.body.input).to.deep.equal({ to: '+15551234567', body: 'fixed' });
    const { body } = await submit({ phone: '+15559999999' });
    expect((await run(body.runs[0])).input).to.deep.equal({ to: '+15551234567', body: 'fixed' });
    const other = await api.call('POST', '/v1/forms', { title: 'Other', questions: QUESTIONS });
    expect((await api.call('GET', `/v1/forms/${other.body.id}/actions/${action.id}`)).status).to.equal(404);
  });

  it('show what a sample response would send, without secrets', async () => {
    const { body: action } = await attach({ if: '{{ event.answers.urgent }}' });
    const tried = await api.call('POST', `${form}/actions/${action.id}:test`);
    expect(tried.status, tried.text).to.equal(200);
    expect(tried.body.runs).to.equal(true);
    expect(tried.body.input).to.deep.equal({ to: '+15551234567', body: 'Hello Sample of name of Alarm' });
    expect(tried.body.requests[0]).to.include({
      step: 'message',
      method: 'POST',
      url: `https://api.twilio.com/2010-04-01/Accounts/${SID}/Messages.json`,
    });
    expect(tried.text).not.to.include('tok-secret');
    const not = await api.call('POST', `${form}/actions/${action.id}:test`, {
      answers: { phone: '+15551234567' },
    });
    expect(not.body).to.deep.include({ runs: false, requests: [] });
  });

  it('take turns under a concurrency key', async () => {
    const sheets = await api.call('GET', '/v1/definitions/google-sheets');
    expect(sheets.body.state, JSON.stringify(sheets.body.findings)).to.equal('ok');
    const connection = await api.call('POST', '/v1/connections', {
      definition: 'google-sheets',
      name: 'Sheet',
      config: {},
    });
    const attached = await attach({
      definition: 'google-sheets',
      action: 'appendRow',
      connectionId: connection.body.id,
      input: { spreadsheetId: 'sheet-1', values: ['{{ event.answers.phone }}'] },
    });
    expect(attached.status, attached.text).to.equal(201);
    const [a, b] = [await submit({ phone: '+15551234567' }), await submit({ phone: '+15551234568' })];
    expect((await run(a.body.runs[0])).parked).to.equal(false);
    expect(await run(b.body.runs[0])).to.include({ parked: true, state: 'queued', dueAt: null });
  });
});
