import { expect } from 'chai';
import { useSandbox } from './support.ts';
import type { Reply } from './support.ts';

describe('sandbox: Twilio', () => {
  const { clock, sandbox, send } = useSandbox();
  const account = () => sandbox().credentials.twilio;
  const basic = (user: string, password: string) =>
    `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const call = (
    method: string,
    path: string,
    form?: Record<string, string>,
    authorization?: string,
  ): Promise<Reply> =>
    send({
      method,
      host: 'api.twilio.com',
      path: `/2010-04-01/Accounts/${account().accountSid}${path}`,
      headers: {
        authorization: authorization ?? basic(account().accountSid, account().authToken),
        ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      ...(form && { body: new URLSearchParams(form).toString() }),
    });
  const create = (form: Record<string, string>) =>
    call('POST', '/Messages.json', { To: '+15551230001', From: '+15005550006', Body: 'Hello', ...form });

  it('takes a message and delivers it after a while', async () => {
    const reply = await create({ Body: 'Hello' });
    expect(reply.status).to.equal(201);
    const made = reply.json() as { sid: string };
    expect(made).to.include({
      status: 'queued',
      to: '+15551230001',
      from: '+15005550006',
      num_segments: '1',
      error_code: null,
    });
    expect(made.sid).to.match(/^SM[0-9a-f]{32}$/);
    const status = async () =>
      ((await call('GET', `/Messages/${made.sid}.json`)).json() as { status: string }).status;
    clock.advance(1000);
    expect(await status()).to.equal('sent');
    clock.advance(2000);
    expect(await status()).to.equal('delivered');
  });

  it('makes two messages of the same request: there is no idempotency key', async () => {
    await create({});
    await create({});
    expect((await call('GET', '/Messages.json')).json())
      .to.have.property('messages')
      .with.lengthOf(2);
  });

  it('shows emoji and right-to-left text on the phone exactly, escaped', async () => {
    await create({ Body: 'שלום 👋🏽 <b>&' });
    const page = await send({ path: '/twilio/phone' });
    expect(page.text).to.contain('שלום 👋🏽 &lt;b&gt;&amp;').and.contain('dir="auto"');
  });

  it('counts segments by alphabet', async () => {
    const segments = async (Body: string) =>
      ((await create({ Body })).json() as { num_segments: string }).num_segments;
    expect(await segments('a'.repeat(160))).to.equal('1');
    expect(await segments('a'.repeat(161))).to.equal('2');
    expect(await segments('€'.repeat(81))).to.equal('2');
    expect(await segments('ש'.repeat(71))).to.equal('2');
  });

  for (const [what, form, code] of [
    ['an invalid To', { To: '+15005550001' }, 21211],
    ['a To that is no number', { To: 'Ada' }, 21211],
    ['no To', { To: '' }, 21604],
    ['an unreachable To', { To: '+15005550002' }, 21612],
    ['a region that is not enabled', { To: '+15005550003' }, 21408],
    ['an unsubscribed recipient', { To: '+15005550004' }, 21610],
    ['a landline', { To: '+15005550009' }, 21614],
    ['an invalid From', { From: '+15005550001' }, 21212],
    ['a foreign From', { From: '+15551239999' }, 21606],
    ['a full queue', { From: '+15005550008' }, 21611],
    ['no sender', { From: '' }, 21603],
    ['an unknown messaging service', { From: '', MessagingServiceSid: `MG${'0'.repeat(32)}` }, 21701],
    ['no body', { Body: '' }, 21602],
    ['a body too long', { Body: 'x'.repeat(1601) }, 21617],
  ] as const) {
    it(`answers ${what} with ${code}`, async () => {
      const reply = await create(form);
      expect(reply.status).to.equal(400);
      expect(reply.json()).to.include({
        code,
        status: 400,
        more_info: `https://www.twilio.com/docs/errors/${code}`,
      });
    });
  }

  it('sends from a messaging service and ignores parameters it does not know', async () => {
    const reply = await create({
      From: '',
      MessagingServiceSid: account().messagingServiceSid,
      Nonsense: '1',
    });
    expect(reply.status).to.equal(201);
    expect(reply.json()).to.include({ from: null, messaging_service_sid: account().messagingServiceSid });
  });

  it('reads a JSON body as no parameters at all', async () => {
    const reply = await send({
      method: 'POST',
      host: 'api.twilio.com',
      path: `/2010-04-01/Accounts/${account().accountSid}/Messages.json`,
      headers: {
        authorization: basic(account().accountSid, account().authToken),
        'content-type': 'application/json',
      },
      body: '{"To":"+15551230001"}',
    });
    expect(reply.json()).to.have.property('code', 21604);
  });

  it('checks the account and its token', async () => {
    expect((await call('GET', '.json')).json()).to.have.property('status', 'active');
    const wrong = await call('GET', '.json', undefined, basic(account().accountSid, 'wrong'));
    expect(wrong.status).to.equal(401);
    expect(wrong.json()).to.include({ code: 20003, message: 'Authenticate' });
    expect((await call('GET', '/Messages/SMnothing.json')).json()).to.include({ code: 20404 });
  });

  it('answers 429 with Retry-After once a limit is set and reached', async () => {
    await send({
      method: 'POST',
      path: '/_sandbox/quota',
      body: JSON.stringify({ vendor: 'twilio', limit: 1 }),
    });
    expect((await create({})).status).to.equal(201);
    const reply = await create({});
    expect(reply.status).to.equal(429);
    expect(reply.json()).to.include({ code: 20429 });
    expect(reply.headers['retry-after']).to.equal('60');
    await send({
      method: 'POST',
      path: '/_sandbox/quota',
      body: JSON.stringify({ vendor: 'twilio', limit: null }),
    });
  });
});
