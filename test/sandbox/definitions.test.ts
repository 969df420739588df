import { expect } from 'chai';
import type { JsonObject } from '../../core/kernel/json.ts';
import { bundled, runAction } from '../definitions/running.ts';
import { useSandbox } from './support.ts';

interface State {
  readonly google: {
    readonly spreadsheets: readonly { id: string; sheets: readonly { values: unknown[][] }[] }[];
  };
  readonly twilio: { readonly messages: readonly { body: string; to: string }[] };
  readonly webhook: {
    readonly received: readonly {
      body: string;
      path: string;
      signature?: string;
      headers: Record<string, string>;
    }[];
  };
}

describe('bundled definitions against the sandbox', () => {
  const { clock, sandbox, send } = useSandbox();
  const state = async () => (await send({ path: '/_sandbox/state' })).json() as State;
  const script = (fault: object) =>
    send({ method: 'POST', path: '/_sandbox/faults', body: JSON.stringify(fault) });
  const run = (definition: string, action: string, connection: JsonObject, input: JsonObject) =>
    runAction(bundled(definition), {
      action,
      connection,
      input,
      endpoints: sandbox().endpoints,
      clock,
      sleep: (ms) => Promise.resolve(clock.advance(ms)),
    });
  const rows = async () =>
    (await state()).google.spreadsheets.find(({ id }) => id === 'sandbox-sheet')?.sheets[0]?.values;
  const serviceAccount = () => {
    const { client_email: email, private_key: key } = sandbox().credentials.google.serviceAccount;
    return { serviceAccountEmail: email, privateKey: key };
  };
  const record = (name: string, more: JsonObject = {}) => ({
    spreadsheetId: 'sandbox-sheet',
    record: { Name: name, ...more },
  });

  it('google-sheets appends records as a service account, header first', async () => {
    const connection = serviceAccount();
    const first = await run('google-sheets', 'appendRecord', connection, record('Ada', { Age: 36 }));
    expect(first.state, first.error?.message).to.equal('succeeded');
    await run('google-sheets', 'appendRecord', connection, record('עדה 👩‍💻', { City: 'Haifa' }));
    expect(await rows()).to.deep.equal([
      ['Name', 'Age', 'City'],
      ['Ada', '36'],
      ['עדה 👩‍💻', '', 'Haifa'],
    ]);
  });

  it('google-sheets takes a private key as it stands in its JSON file', async () => {
    const { privateKey, ...rest } = serviceAccount();
    const connection = { ...rest, privateKey: privateKey.replaceAll('\n', '\\n') };
    const result = await run('google-sheets', 'verify', connection, {});
    expect(result.state, result.error?.message).to.equal('succeeded');
  });

  it('google-sheets updates the row that holds a key', async () => {
    const connection = serviceAccount();
    for (const name of ['Ada', 'Bob', 'Cleo'])
      await run('google-sheets', 'appendRecord', connection, record(name, { Age: 1, City: 'x' }));
    const input = { spreadsheetId: 'sandbox-sheet', keyColumn: 'Name', key: 'Bob', record: { Age: 40 } };
    const result = await run('google-sheets', 'updateRow', connection, input);
    expect(result.state, result.error?.message).to.equal('succeeded');
    expect(result.outputs).to.deep.equal({ updatedRange: 'Sheet1!A3:C3', inserted: false });
    expect(await rows()).to.deep.equal([
      ['Name', 'Age', 'City'],
      ['Ada', '1', 'x'],
      ['Bob', '40', 'x'],
      ['Cleo', '1', 'x'],
    ]);
  });

  it('google-sheets waits out the quota and appends once', async () => {
    await script({ vendor: 'google', kind: 'status', status: 429, retryAfter: 2, method: 'POST' });
    const input = { spreadsheetId: 'sandbox-sheet', values: ['Ada', '+15551234567'] };
    const result = await run('google-sheets', 'appendRow', serviceAccount(), input);
    expect(result.state, result.error?.message).to.equal('succeeded');
    expect(result.steps.map(({ state, wait }) => [state, wait ?? 0])).to.deep.equal([
      ['waiting', 2000],
      ['succeeded', 0],
    ]);
    expect(await rows()).to.deep.equal([['Ada', '+15551234567']]);
  });

  it('google-sheets leaves a row whose answer was lost to a person', async () => {
    await script({ vendor: 'google', kind: 'lost', method: 'POST' });
    const result = await run('google-sheets', 'appendRow', serviceAccount(), {
      spreadsheetId: 'sandbox-sheet',
      values: ['Ada'],
    });
    expect(result.state).to.equal('needs_review');
    expect(await rows()).to.deep.equal([['Ada']]);
  });

  for (const [what, input, message] of [
    [
      'a spreadsheet of somebody else',
      { spreadsheetId: 'private-sheet', values: [1] },
      'share the spreadsheet with sheets-writer@',
    ],
    ['a spreadsheet that is not there', { spreadsheetId: 'nothing', values: [1] }, 'between /d/ and /edit'],
    [
      'a sheet that is not there',
      { spreadsheetId: 'sandbox-sheet', range: 'Sheet9!A1', values: [1] },
      'no such sheet',
    ],
    ['a list in a cell', { spreadsheetId: 'sandbox-sheet', values: [['a', 'b']] }, 'with join'],
  ] as const) {
    it(`google-sheets explains ${what}`, async () => {
      const result = await run('google-sheets', 'appendRow', serviceAccount(), input);
      expect(result.state).to.equal('failed');
      expect(result.error?.message).to.contain(message);
    });
  }

  it('twilio-sms sends a message and explains a wrong number', async () => {
    const { accountSid, authToken, from } = sandbox().credentials.twilio;
    const connection = { accountSid, authToken, from };
    expect((await run('twilio-sms', 'verify', connection, {})).state).to.equal('succeeded');
    const sent = await run('twilio-sms', 'send', connection, { to: '+15551230001', body: 'שלום 👋' });
    expect(sent.state, sent.error?.message).to.equal('succeeded');
    expect((await state()).twilio.messages.map(({ body }) => body)).to.deep.equal(['שלום 👋']);
    const refused = await run('twilio-sms', 'send', connection, { to: '+15005550001', body: 'x' });
    expect(refused.error?.message).to.contain('country code');
    const silent = await run(
      'twilio-sms',
      'send',
      { accountSid, authToken },
      { to: '+15551230001', body: 'x' },
    );
    expect(silent.error?.message).to.contain('no sender');
  });

  it('webhook delivers once in effect: a repetition carries the same id and body, and a good signature', async () => {
    const { url, secret } = sandbox().credentials.webhook;
    await script({ vendor: 'webhook', kind: 'lost' });
    const result = await run('webhook', 'send', { url, secret }, { data: { name: 'עדה' } });
    expect(result.state, result.error?.message).to.equal('succeeded');
    const [first, second] = (await state()).webhook.received;
    expect([first?.signature, second?.signature]).to.deep.equal(['good', 'good']);
    expect(second?.headers['webhook-id']).to.equal(first?.headers['webhook-id']);
    expect(second?.body).to.equal(first?.body);
    expect(JSON.parse(first?.body ?? '')).to.deep.include({
      type: 'form.response.created',
      data: { name: 'עדה' },
    });
  });
});
