import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { startSandbox, type Sandbox } from '../../core/sandbox/index.ts';
import { ROOT } from '../architecture/sources.ts';
import { cut, inTurn, silent, startVendor, status, type Vendor } from '../support/vendor.ts';
import { commandLine, type Ran } from './command-line.ts';

/** A recorded test, as far as these tests look into it. */
interface Recorded {
  readonly name: string;
  readonly connection?: Record<string, unknown>;
  readonly exchanges: readonly { expect: Record<string, unknown>; reply: Record<string, unknown>; times?: number }[];
  readonly assert: Record<string, unknown>;
}

describe('sluice record', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'sluice-record-'));
  });

  const put = (name: string, content: unknown): string => {
    const file = path.join(folder, name);
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  };
  const record = (
    definition: string,
    action: string,
    given: Readonly<Record<string, unknown>>,
    environment: NodeJS.ProcessEnv = {},
    more: readonly string[] = [],
  ): Promise<Ran> => {
    const files = Object.entries(given).flatMap(([name, content]) => [`--${name}`, put(`${name}.json`, content)]);
    return commandLine(['record', path.join(folder, definition), action, ...files, ...more], { environment });
  };
  const testsIn = (file: string): readonly Recorded[] =>
    (parse(readFileSync(path.join(folder, file), 'utf8')) as { tests: readonly Recorded[] }).tests;
  /** The tests in the folder are run as `sluice test` runs them. */
  const passes = async (count: number): Promise<void> => {
    const { out } = await commandLine(['test', folder]);
    expect(out).to.contain(`1 definition: ${count} passed, 0 failed`);
    expect((await commandLine(['lint', folder])).out).to.equal('1 file, no findings.\n');
  };

  describe('against the sandbox', () => {
    let sandbox: Sandbox;
    before(async () => {
      sandbox = await startSandbox({ port: 0 });
    });
    after(() => sandbox.close());

    const bundled = (id: string): void => void put(`${id}.yaml`, readFileSync(path.join(ROOT, `definitions/integrations/${id}.yaml`), 'utf8'));
    const endpoints = (): NodeJS.ProcessEnv => ({ SLUICE_ENDPOINTS: JSON.stringify(sandbox.endpoints) });

    it('writes a test that passes, and holds neither the password nor its forms', async () => {
      bundled('twilio-sms');
      const { accountSid, authToken, from } = sandbox.credentials.twilio;
      const given = { connection: { accountSid, authToken }, input: { from, to: '+15550100101', body: 'שלום 🎉' } };
      const { code, out, err } = await record('twilio-sms.yaml', 'send', given, endpoints(), ['--name', 'sends a message']);
      expect(code, err).to.equal(0);
      expect(out).to.match(/^message #1 {2}succeeded {2}201/m);
      expect(err).to.contain('Recorded as "sends a message" in').and.to.contain('twilio-sms.test.yaml');
      const [test] = testsIn('twilio-sms.test.yaml');
      expect(test!.connection).to.deep.equal({ accountSid, authToken: 'fake-auth-token' });
      expect(test!.exchanges[0]!.expect).to.deep.equal({
        method: 'POST',
        path: `/2010-04-01/Accounts/${accountSid}/Messages.json`,
        form: { To: '+15550100101', From: from, Body: 'שלום 🎉' },
      });
      expect(test!.assert).to.deep.include({ state: 'succeeded', attempts: 1 });
      const text = readFileSync(path.join(folder, 'twilio-sms.test.yaml'), 'utf8');
      expect(text).to.not.contain(authToken);
      expect(text).to.not.contain(Buffer.from(`${accountSid}:${authToken}`).toString('base64'));
      await passes(1);
    });

    it('records a failure as the rule that it met', async () => {
      bundled('twilio-sms');
      const { accountSid, authToken, from } = sandbox.credentials.twilio;
      const given = { connection: { accountSid, authToken }, input: { from, to: '+15005550001', body: 'Hello' } };
      const { code, out } = await record('twilio-sms.yaml', 'send', given, endpoints());
      expect(out).to.contain('failed (config)');
      expect(code).to.equal(0);
      const [test] = testsIn('twilio-sms.test.yaml');
      expect(test!.name).to.match(/^send as recorded on \d{4}-\d\d-\d\d$/);
      expect(test!.assert).to.deep.include({ state: 'failed', rule: '/errors/1' });
      await passes(1);
    });
  });

  describe('against a server of its own', () => {
    let vendor: Vendor;
    before(async () => {
      vendor = await startVendor();
    });
    after(() => vendor.close());

    const CRM = `apiVersion: sluice/v1
kind: integration
id: crm
version: 1.0.0
title: CRM
baseUrl: https://api.crm.example/v2
connection:
  type: object
  required: [secret]
  properties:
    secret: { type: string, pattern: "^whsec_[A-Za-z0-9]{8,}$", secret: true }
auth: { apiKey: { in: query, name: key, value: "{{ connection.secret }}" } }
retry: { maxAttempts: 3, backoff: { type: constant, initial: PT0.01S, jitter: full } }
actions:
  add:
    input: { type: object, required: [name], properties: { name: { type: string } } }
    steps:
      - id: create
        request: { method: POST, path: /contacts, json: { name: "{{ input.name }}", at: '{{ formatDate run.createdAt "iso" }}' } }
        idempotency: { mode: header, header: Idempotency-Key }
        timeout: PT0.5S
        response: { outputs: { id: /id, next: "{{ response.headers.x-next }}" } }
      - id: check
        request: { method: GET, path: "/contacts/{{ steps.create.id }}" }
        response: { outputs: { name: /name } }
    outputs: { name: "{{ steps.check.name }}", next: "{{ optional steps.create.next }}" }
`;
    const at = (): NodeJS.ProcessEnv => ({ SLUICE_ENDPOINTS: JSON.stringify({ 'https://api.crm.example': vendor.origin }) });
    const SECRET = 'whsec_q8f7Zk2LmPvR';
    const given = { connection: { secret: SECRET }, input: { name: 'Ada' } };
    const created = status(201, { 'x-next': 'n2', 'x-request-id': 'r1', 'set-cookie': 's=1' }, JSON.stringify({ id: 'c1', echo: SECRET, access_token: 'a-token-of-another' }));
    const found = status(200, {}, '{"name":"Ada"}');

    it('keeps waits, lost answers, and of the headers those that the definition speaks of', async () => {
      put('crm.yaml', CRM);
      const later = new Date(Date.now() + 1000).toUTCString();
      vendor.answer(inTurn(status(503, { 'retry-after': later }), cut, created, found));
      const { code, err } = await record('crm.yaml', 'add', given, at());
      expect(code, err).to.equal(0);
      const [test] = testsIn('crm.test.yaml');
      const [busy, lost, done, read] = test!.exchanges;
      expect((busy!.reply['headers'] as Record<string, string>)['retry-after']).to.match(/^[01]$/);
      expect(lost!.reply).to.deep.equal({ fault: 'reset' });
      expect(done!.reply).to.deep.equal({
        status: 201,
        headers: { 'x-next': 'n2' },
        json: { id: 'c1', echo: 'whsec_a0a0Aa0AaAaA', access_token: 'fake-access-token' },
      });
      expect(read!.expect).to.deep.equal({ method: 'GET', path: '/v2/contacts/c1', query: { key: 'whsec_a0a0Aa0AaAaA' } });
      expect(test!.assert).to.deep.include({ state: 'succeeded', attempts: 3, outputs: { name: 'Ada', next: 'n2' } });
      const text = readFileSync(path.join(folder, 'crm.test.yaml'), 'utf8');
      expect(text).to.not.contain(SECRET).and.to.not.contain('a-token-of-another');
      await passes(1);
    });

    it('records an answer that never came', async () => {
      put('crm.yaml', CRM);
      vendor.answer(inTurn(silent, created, found));
      expect((await record('crm.yaml', 'add', given, at())).code).to.equal(0);
      expect(testsIn('crm.test.yaml')[0]!.exchanges[0]!.reply).to.deep.equal({ fault: 'timeout' });
      await passes(1);
    });

    it('leaves the tests that are there to the letter, and refuses a name twice', async () => {
      put('crm.yaml', CRM);
      const before = `# Ours.
tests:
    # It reads, too.
    - name:   adds   # why
      action: add
      connection: { secret: whsec_aaaaaaaaaa }
      input: {name: 'Ada'}
      exchanges:
      - reply: { status: 201, json: {id: "c1"} }
      - { reply: { status: 200, json: { name: Ada } } }

# The end.
`;
      put('crm.test.yaml', before);
      vendor.answer(inTurn(created, found));
      expect((await record('crm.yaml', 'add', given, at(), ['--name', 'adds again'])).code).to.equal(0);
      const after = readFileSync(path.join(folder, 'crm.test.yaml'), 'utf8');
      const place = before.indexOf('\n# The end.');
      expect(after.startsWith(before.slice(0, place))).to.equal(true);
      expect(after.endsWith(before.slice(place))).to.equal(true);
      expect(testsIn('crm.test.yaml').map(({ name }) => name)).to.deep.equal(['adds', 'adds again']);
      await passes(2);

      const seen = vendor.requests.length;
      const twice = await record('crm.yaml', 'add', given, at(), ['--name', 'adds again']);
      expect(twice).to.deep.include({ code: 2, err: '--name: there is a test "adds again" already; give this one another name.\n' });
      expect(vendor.requests).to.have.length(seen);
    });

    it('writes nothing where nothing was exchanged, and ends with 1', async () => {
      put('crm.yaml', CRM);
      const nobody = await startVendor();
      await nobody.close();
      const endpoints = { SLUICE_ENDPOINTS: JSON.stringify({ 'https://api.crm.example': nobody.origin }) };
      const { code, err } = await record('crm.yaml', 'add', given, endpoints);
      expect(err).to.contain('No test was written: nothing was exchanged with the other side.');
      expect(code).to.equal(1);
      expect((await commandLine(['test', folder])).out).to.contain('it has no tests');
    });

    it('puts a public name in place of an address that the operator opened', async () => {
      put(
        'own.yaml',
        `apiVersion: sluice/v1
kind: integration
id: own
version: 1.0.0
title: Own
baseUrl: "{{ connection.url }}"
connection: { type: object, required: [url], properties: { url: { type: string, format: uri } } }
actions:
  ping:
    steps:
      - { id: ping, request: { method: GET, path: /ping }, response: { outputs: { self: /self } } }
    outputs: { self: "{{ steps.ping.self }}" }
`,
      );
      vendor.answer(status(200, {}, JSON.stringify({ self: `${vendor.origin}/me` })));
      const { code, err } = await record('own.yaml', 'ping', { connection: { url: vendor.origin } }, { SLUICE_EGRESS_ALLOW: '127.0.0.1' });
      expect(code, err).to.equal(0);
      const [test] = testsIn('own.test.yaml');
      expect(test!.connection).to.deep.equal({ url: 'https://recorded-1.example' });
      expect(test!.assert['outputs']).to.deep.equal({ self: 'https://recorded-1.example/me' });
      await passes(1);
    });
  });

  describe('with OAuth', () => {
    let vendor: Vendor;
    before(async () => {
      vendor = await startVendor();
    });
    after(() => vendor.close());

    const OAUTH = `apiVersion: sluice/v1
kind: integration
id: tokens
version: 1.0.0
title: Tokens
baseUrl: https://api.tokens.example
connection:
  type: object
  required: [clientId, clientSecret]
  properties:
    clientId: { type: string }
    clientSecret: { type: string, secret: true }
auth:
  oauth2:
    flow: clientCredentials
    tokenUrl: https://api.tokens.example/token
    clientId: "{{ connection.clientId }}"
    clientSecret: "{{ connection.clientSecret }}"
actions:
  who:
    steps:
      - { id: who, request: { method: GET, path: /who }, response: { outputs: { name: /name } } }
    outputs: { name: "{{ steps.who.name }}" }
`;
    const CONNECTION = { clientId: 'our-client', clientSecret: 'the-secret-of-our-client' };
    const token = (text: string) => status(200, {}, JSON.stringify({ access_token: text, token_type: 'bearer', expires_in: 3600 }));
    const run = (): Promise<Ran> =>
      record('tokens.yaml', 'who', { connection: CONNECTION }, { SLUICE_ENDPOINTS: JSON.stringify({ 'https://api.tokens.example': vendor.origin }) });

    it('gives the test a token in place of those that were fetched first', async () => {
      put('tokens.yaml', OAUTH);
      vendor.answer(inTurn(token('first-token-of-the-vendor'), status(200, {}, '{"name":"Ada"}')));
      const { code, err } = await run();
      expect(code, err).to.equal(0);
      const [test] = testsIn('tokens.test.yaml');
      expect(test!.connection).to.deep.equal({ clientId: 'our-client', clientSecret: 'fake-client-secret', $oauth: { accessToken: 'fake-access-token' } });
      expect(test!.exchanges.map(({ expect }) => expect['path'])).to.deep.equal(['/who']);
      await passes(1);
    });

    it('shows a token that is renewed in the middle, without its value', async () => {
      put('tokens.yaml', OAUTH);
      vendor.answer(
        inTurn(token('first-token-of-the-vendor'), status(401), token('second-token-of-the-vendor'), status(200, {}, '{"name":"Ada"}')),
      );
      const { code, err } = await run();
      expect(code, err).to.equal(0);
      const [test] = testsIn('tokens.test.yaml');
      expect(test!.exchanges.map(({ expect }) => expect['path'])).to.deep.equal(['/who', '/token', '/who']);
      const text = readFileSync(path.join(folder, 'tokens.test.yaml'), 'utf8');
      expect(text).to.not.contain('of-the-vendor').and.to.not.contain(CONNECTION.clientSecret);
      await passes(1);
    });
  });
});
