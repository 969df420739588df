import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { useSandbox } from './support.ts';

interface State {
  readonly twilio: { readonly messages: readonly unknown[] };
  readonly webhook: { readonly received: readonly { body: string; path: string; signature?: string }[] };
}

describe('sandbox: faults, state and pages', () => {
  const { sandbox, send } = useSandbox();
  const script = (fault: object) =>
    send({ method: 'POST', path: '/_sandbox/faults', body: JSON.stringify(fault) });
  const state = async () => (await send({ path: '/_sandbox/state' })).json() as State;
  const message = () => {
    const { accountSid, authToken } = sandbox().credentials.twilio;
    return send({
      method: 'POST',
      host: 'api.twilio.com',
      path: `/2010-04-01/Accounts/${accountSid}/Messages.json`,
      headers: {
        authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'To=%2B15551230001&From=%2B15005550006&Body=Hi',
    });
  };
  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => 'answered',
      (error: NodeJS.ErrnoException) => error.code,
    );

  it('answers the scripted status with the vendor’s own error, as often as asked', async () => {
    await script({ vendor: 'twilio', kind: 'status', status: 429, retryAfter: 7, times: 2 });
    for (let i = 0; i < 2; i++) {
      const reply = await message();
      expect(reply.headers['retry-after']).to.equal('7');
      expect(reply.json()).to.include({ code: 20429, status: 429 });
    }
    expect((await message()).status).to.equal(201);
  });

  it('narrows a fault to a method and a path', async () => {
    await script({ vendor: 'twilio', kind: 'status', status: 500, method: 'POST', path: 'Messages' });
    expect((await send({ host: 'api.twilio.com', path: '/2010-04-01/Accounts/x.json' })).status).to.equal(
      401,
    );
    expect((await message()).status).to.equal(500);
  });

  it('cuts the connection before anything is done (reset) or after (lost, half)', async () => {
    await script({ vendor: 'twilio', kind: 'reset' });
    expect(await failure(message())).to.equal('ECONNRESET');
    expect((await state()).twilio.messages).to.have.lengthOf(0);
    await script({ vendor: 'twilio', kind: 'lost' });
    expect(await failure(message())).to.equal('ECONNRESET');
    await script({ vendor: 'twilio', kind: 'half' });
    expect(await failure(message())).to.equal('ECONNRESET');
    expect((await state()).twilio.messages).to.have.lengthOf(2);
  });

  it('answers with a page where a proxy would', async () => {
    await script({ vendor: 'twilio', kind: 'html' });
    const reply = await message();
    expect(reply.status).to.equal(502);
    expect(reply.headers['content-type']).to.contain('text/html');
  });

  it('refuses a fault it does not understand, and says what it takes', async () => {
    const reply = await script({ vendor: 'slack', kind: 'explode', when: 1 });
    expect(reply.status).to.equal(422);
    expect(reply.text)
      .to.contain('google, google-oauth, twilio, webhook')
      .and.contain('lost')
      .and.contain('when');
  });

  it('remembers webhooks and checks their signatures', async () => {
    const secret = Buffer.from(sandbox().credentials.webhook.secret.slice('whsec_'.length), 'base64');
    const body = '{"hello":"שלום"}';
    const signature = createHmac('sha256', secret).update(`msg_1.1700000000.${body}`).digest('base64');
    const headers = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': '1700000000',
      'webhook-signature': `v1,${signature}`,
    };
    await send({ method: 'POST', host: 'webhook.sandbox.test', path: '/hooks/demo', headers, body });
    await send({ method: 'PUT', path: '/_sandbox/echo/a?b=c', headers, body: `${body} ` });
    const { received } = (await state()).webhook;
    expect(received.map(({ path, signature }) => [path, signature])).to.deep.equal([
      ['/hooks/demo', 'good'],
      ['/_sandbox/echo/a?b=c', 'bad'],
    ]);
    expect(received[0]?.body).to.equal(body);
    expect((await send({ path: '/_sandbox/requests' })).text).to.contain('signature good');
  });

  it('shows on its index page all there is to copy', async () => {
    const page = await send({ path: '/' });
    const { twilio, google, webhook } = sandbox().credentials;
    for (const text of [
      'SLUICE_ENDPOINTS',
      twilio.authToken,
      google.clientSecret,
      webhook.secret,
      sandbox().url,
    ]) {
      expect(page.text).to.contain(text);
    }
    expect(page.text).not.to.contain('<script');
    expect(page.headers['content-security-policy']).to.contain("default-src 'none'");
    expect((await send({ path: '/google/service-account.json' })).json()).to.have.property('client_email');
    expect((await send({ path: '/_sandbox/style.css' })).headers['content-type']).to.contain('text/css');
  });

  it('makes a spreadsheet from the form on its index page', async () => {
    const made = await send({ method: 'POST', path: '/google/sheet', body: 'title=%3Ci%3E' });
    expect(made.status).to.equal(303);
    const page = await send({ path: String(made.headers['location']) });
    expect(page.text).to.contain('<h1>&lt;i&gt;</h1>');
  });

  it('maps every vendor origin to itself, and says where nothing is', async () => {
    expect(sandbox().endpoints).to.include({
      'https://sheets.googleapis.com': sandbox().url,
      'https://api.twilio.com': sandbox().url,
    });
    expect((await send({ path: '/nothing' })).status).to.equal(404);
    expect((await send({ host: 'sheets.googleapis.com', path: '/nothing' })).json()).to.have.nested.property(
      'error.status',
      'NOT_FOUND',
    );
  });
});
