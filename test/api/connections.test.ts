import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { testApi, type TestApi } from './test-api.ts';

const SID = `AC${'0'.repeat(32)}`;
const TOKEN = 'a-token-nobody-may-see';
const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;

const CONSENT = `
apiVersion: sluice/v1
kind: integration
id: consenting
version: 1.0.0
title: Consenting
baseUrl: https://api.consenting.test
auth:
  oauth2:
    flow: authorizationCode
    authorizationUrl: https://login.consenting.test/authorize
    tokenUrl: https://login.consenting.test/token
    clientId: me
    clientSecret: secret-of-the-app
    scopes: [write]
actions:
  ping:
    steps:
      - id: ping
        request: { method: GET, path: /ping }
`;

describe('connections', () => {
  let api: TestApi;
  let vendor: Server;
  let accepted = true;
  before(async () => {
    vendor = createServer((request, response) => {
      if (request.url === '/token') {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(
          JSON.stringify({
            access_token: 'access-1',
            refresh_token: 'refresh-1',
            expires_in: 3600,
            token_type: 'Bearer',
          }),
        );
        return;
      }
      response.writeHead(accepted ? 200 : 401, { 'content-type': 'application/json' }).end('{}');
    });
    await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
    api = await testApi({
      definitions: { 'consenting.yaml': CONSENT },
      endpoints: {
        'https://api.twilio.com': origin,
        'https://login.consenting.test': origin,
        'https://api.consenting.test': origin,
      },
    });
  });
  after(async () => {
    await api.close();
    vendor.closeAllConnections();
    vendor.close();
  });

  const twilio = async (name = 'Phone'): Promise<string> => {
    const made = await api.call('POST', '/v1/connections', {
      definition: 'twilio-sms',
      name,
      config: { accountSid: SID, authToken: TOKEN },
    });
    expect(made.status, made.text).to.equal(201);
    return made.body.id;
  };

  it('takes secrets and never shows them, in an answer, the log or the database', async () => {
    const id = await twilio();
    const { body } = await api.call('GET', `/v1/connections/${id}`);
    expect(body).to.include({
      id,
      definition: 'twilio-sms',
      name: 'Phone',
      state: 'active',
      stateReason: null,
    });
    expect(body.config).to.deep.equal({ accountSid: SID });
    expect(body.secrets).to.deep.equal(['authToken']);
    const list = await api.call('GET', '/v1/connections?definition=twilio-sms');
    expect(list.body.items[0].config).to.deep.equal({ accountSid: SID });
    const events = await api.call('GET', '/v1/audit-events');
    const rows = await api.db.engine.query('SELECT row_to_json(c)::text AS text FROM connections c');
    const everything = [list.text, events.text, api.log(), JSON.stringify(rows.rows)].join();
    expect(everything).not.to.include(TOKEN);
    expect(everything).not.to.include(Buffer.from(TOKEN).toString('hex'));
    expect(events.body.items[0].action).to.equal('connection.create');
  });

  it('changes what is given and keeps the rest, secrets too', async () => {
    const id = await twilio();
    const changed = await api.call('PATCH', `/v1/connections/${id}`, {
      name: 'Renamed',
      config: { from: '+15550001111' },
    });
    expect(changed.body).to.deep.include({
      name: 'Renamed',
      config: { accountSid: SID, from: '+15550001111' },
      secrets: ['authToken'],
    });
    const less = await api.call('PATCH', `/v1/connections/${id}`, { config: { from: null } });
    expect(less.body.config).to.deep.equal({ accountSid: SID });
    const broken = await api.call('PATCH', `/v1/connections/${id}`, { config: { authToken: null } });
    expect(broken.status).to.equal(422);
    expect(broken.body.errors[0].path).to.equal('/config/authToken');
    expect((await api.call('POST', `/v1/connections/${id}:verify`)).body.ok).to.equal(true);
  });

  it('refuses what the definition does not take', async () => {
    const unknown = await api.call('POST', '/v1/connections', {
      definition: 'twillio-sms',
      name: 'x',
      config: {},
    });
    expect([unknown.status, unknown.body.errors]).to.deep.equal([
      422,
      [{ path: '/definition', message: 'There is no definition "twillio-sms". Did you mean "twilio-sms"?' }],
    ]);
    const config = await api.call('POST', '/v1/connections', {
      definition: 'twilio-sms',
      name: 'x',
      config: { accountSid: 'nope', authTokn: TOKEN },
    });
    expect(config.status).to.equal(422);
    expect(config.body.errors.map(({ path }: { path: string }) => path)).to.include.members([
      '/config/accountSid',
      '/config/authToken',
    ]);
    expect(config.text).to.include('Did you mean');
    expect(config.text).not.to.include(TOKEN);
  });

  it("refuses a tenant's URL at a private, loopback or metadata address", async () => {
    for (const url of [
      'https://127.0.0.1/hook',
      'https://10.1.2.3/hook',
      'https://169.254.169.254/latest/meta-data',
      'https://[::1]/hook',
      'https://localhost/hook',
      'https://0x7f000001/hook',
      'https://2130706433/hook',
    ]) {
      const made = await api.call('POST', '/v1/connections', {
        definition: 'webhook',
        name: 'x',
        config: { url, secret: SECRET },
      });
      expect([made.status, made.body.code, made.body.errors[0]?.path], url).to.deep.equal([
        422,
        'EGRESS_REFUSED',
        '/config/url',
      ]);
    }
    const fine = await api.call('POST', '/v1/connections', {
      definition: 'webhook',
      name: 'x',
      config: { url: 'https://hooks.example.org/in', secret: SECRET },
    });
    expect(fine.status, fine.text).to.equal(201);
  });

  it('asks the other side whether the credentials work', async () => {
    const id = await twilio();
    accepted = true;
    expect((await api.call('POST', `/v1/connections/${id}:verify`)).body).to.deep.equal({
      ok: true,
      message: 'Twilio SMS accepts this connection.',
    });
    accepted = false;
    const refused = await api.call('POST', `/v1/connections/${id}:verify`);
    expect(refused.body.ok).to.equal(false);
    expect(refused.text).not.to.include(TOKEN);
    accepted = true;
  });

  it('authorises through the consent page, once a state', async () => {
    const made = await api.call('POST', '/v1/connections', { definition: 'consenting', name: 'Mine' });
    const { body } = await api.call('POST', `/v1/connections/${made.body.id}:authorize`);
    const page = new URL(body.authorizationUrl);
    expect(page.searchParams.get('redirect_uri')).to.equal(`${api.url}/oauth/callback`);
    const state = page.searchParams.get('state') ?? '';
    const back = await api.call('GET', `/oauth/callback?code=abc&state=${state}`, undefined, { key: null });
    expect([back.status, back.headers.get('content-type')]).to.deep.equal([200, 'text/html; charset=utf-8']);
    expect(back.text).to.include('“Mine” is connected');
    const twice = await api.call('GET', `/oauth/callback?code=abc&state=${state}`, undefined, { key: null });
    expect(twice.status).to.equal(400);
    const { rows } = await api.db.engine.query(
      'SELECT tokens IS NOT NULL AS kept FROM connections WHERE id = $1',
      [made.body.id],
    );
    expect(rows).to.deep.equal([{ kept: true }]);
    const events = await api.call('GET', `/v1/audit-events?subject=connection:${made.body.id}`);
    expect(events.body.items[0].action).to.equal('connection.authorise');
  });

  it('escapes what a callback brings', async () => {
    const made = await api.call('POST', '/v1/connections', { definition: 'consenting', name: 'Mine' });
    const { body } = await api.call('POST', `/v1/connections/${made.body.id}:authorize`);
    const state = new URL(body.authorizationUrl).searchParams.get('state') ?? '';
    const evil = encodeURIComponent('<script>alert(1)</script>');
    const back = await api.call(
      'GET',
      `/oauth/callback?error=access_denied&error_description=${evil}&state=${state}`,
      undefined,
      { key: null },
    );
    expect(back.status).to.equal(400);
    expect(back.text).to.include('&#60;script&#62;');
    expect(back.text).not.to.include('<script>');
  });

  it('needs no consent where credentials are configuration', async () => {
    const id = await twilio();
    const refused = await api.call('POST', `/v1/connections/${id}:authorize`);
    expect([refused.status, refused.body.code]).to.deep.equal([409, 'CONFLICT']);
  });

  it("is 404 for another tenant, and as an id in another tenant's body", async () => {
    const id = await twilio();
    const other = await api.newTenant('Other');
    for (const [method, path] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', ':verify'],
      ['POST', ':authorize'],
    ] as const) {
      const answer = await api.call(
        method,
        `/v1/connections/${id}${path}`,
        method === 'PATCH' ? {} : undefined,
        { key: other.apiKey },
      );
      expect(answer.status, `${method} ${path}`).to.equal(404);
    }
    const form = await api.call(
      'POST',
      '/v1/forms',
      { title: 'x', questions: [{ key: 'a', type: 'text' }] },
      { key: other.apiKey },
    );
    const action = {
      definition: 'twilio-sms',
      action: 'send',
      connectionId: id,
      input: { to: '+15551234567', body: 'x' },
    };
    const attached = await api.call('POST', `/v1/forms/${form.body.id}/actions`, action, {
      key: other.apiKey,
    });
    expect([attached.status, attached.body.detail]).to.deep.equal([404, 'There is no such connection.']);
  });

  it('is deleted only when no action uses it', async () => {
    const id = await twilio();
    const form = await api.call('POST', '/v1/forms', { title: 'x', questions: [{ key: 'a', type: 'text' }] });
    const actions = `/v1/forms/${form.body.id}/actions`;
    const action = await api.call('POST', actions, {
      definition: 'twilio-sms',
      action: 'send',
      connectionId: id,
      input: { to: '+15551234567', body: 'x' },
    });
    expect(action.status, action.text).to.equal(201);
    const used = await api.call('DELETE', `/v1/connections/${id}`);
    expect([used.status, used.body.code]).to.deep.equal([409, 'IN_USE']);
    expect(used.body.errors[0].message).to.include(action.body.id);
    expect((await api.call('DELETE', `${actions}/${action.body.id}`)).status).to.equal(204);
    expect((await api.call('DELETE', `/v1/connections/${id}`)).status).to.equal(204);
    expect((await api.call('GET', `/v1/connections/${id}`)).status).to.equal(404);
  });
});

describe('definitions', () => {
  let api: TestApi;
  before(async () => {
    api = await testApi({ definitions: { 'definitions/broken.yaml': 'kind: integration\nid: broken\n' } });
  });
  after(() => api.close());

  it('are listed, broken ones with what is wrong', async () => {
    const { body } = await api.call('GET', '/v1/definitions');
    const states = body.items.map(({ id, state }: { id: string; state: string }) => `${id} ${state}`);
    expect(states).to.include.members(['broken broken', 'google-sheets ok', 'twilio-sms ok', 'webhook ok']);
    const sinks = await api.call('GET', '/v1/definitions?kind=sink');
    expect(sinks.body.items.map(({ id }: { id: string }) => id)).to.deep.equal(['loki', 'sql']);
    const datasets = await api.call('GET', '/v1/definitions?kind=dataset');
    expect(datasets.body.items.map(({ id }: { id: string }) => id)).to.deep.equal(['commerce']);
  });

  it('show what a connection and an action take, and their versions', async () => {
    const { body } = await api.call('GET', '/v1/definitions/twilio-sms');
    expect(body.connection.required).to.deep.equal(['accountSid', 'authToken']);
    expect(body.secrets).to.deep.equal(['authToken']);
    expect(body.actions.send.input.required).to.deep.equal(['to', 'body']);
    expect(
      body.versions.map(({ version, hash }: { version: string; hash: string }) => [version, hash]),
    ).to.deep.equal([[body.version, body.hash]]);
    expect((await api.call('GET', '/v1/definitions/none')).status).to.equal(404);
  });

  it('are linted, as they are or as they would be', async () => {
    expect((await api.call('POST', '/v1/definitions/twilio-sms:lint')).body).to.deep.equal({ findings: [] });
    const { body } = await api.call('POST', '/v1/definitions/twilio-sms:lint', {
      source: 'kind: integraton',
    });
    expect(body.findings[0]).to.include.keys('severity', 'line', 'column', 'path', 'message');
  });
});
