import { expect } from 'chai';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { systemClock } from '../../core/kernel/clock.ts';
import { Registry } from '../../core/kernel/registry.ts';
import { drive } from '../../core/runtime/drive.ts';
import { createHttpClient } from '../../core/runtime/http/client.ts';
import bearer from '../../plugins/bearer/index.ts';
import none from '../../plugins/none/index.ts';
import { newPlace, type Place } from '../support/deliveries.ts';
import { testEngine, type TestEngine } from '../support/engine.ts';
import { bodyOf, listenHttp, listenTls, TEST_CA, type Listening } from '../support/http-server.ts';
import { rejection } from '../support/rejection.ts';
import { eventually, startSluice, type SluiceProcess } from '../support/sluice-process.ts';
import { startWireVendor, whole, type WireVendor } from '../support/wire.ts';

const SECRET = `whsec_${Buffer.from('a secret of twenty-four b').toString('base64')}`;
const REMEDY = "A tenant's URL must be https and lead to a public address; the operator may open further ranges with SLUICE_EGRESS_ALLOW.";
const refused = (origin: string, why: string): string => `${origin} may not be reached: ${why}. ${REMEDY}`;

const LOOPBACK = '127.0.0.1 is a loopback address';
/** A host as somebody might write it, the origin it amounts to, and why that is refused. */
const HOSTS: readonly (readonly [written: string, host: string, why: string])[] = [
  ['127.0.0.1', '127.0.0.1', LOOPBACK],
  ['127.1', '127.0.0.1', LOOPBACK],
  ['2130706433', '127.0.0.1', LOOPBACK],
  ['0x7f000001', '127.0.0.1', LOOPBACK],
  ['0x7f.0.0.1', '127.0.0.1', LOOPBACK],
  ['017700000001', '127.0.0.1', LOOPBACK],
  ['0177.0.0.1', '127.0.0.1', LOOPBACK],
  ['127.0.0.1:8443', '127.0.0.1:8443', LOOPBACK],
  ['localhost', 'localhost', LOOPBACK],
  ['LOCALHOST', 'localhost', LOOPBACK],
  ['a.localhost', 'a.localhost', LOOPBACK],
  ['[::1]', '[::1]', '::1 is a loopback address'],
  ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '::ffff:7f00:1 is a loopback address'],
  ['[64:ff9b::a00:1]', '[64:ff9b::a00:1]', '64:ff9b::a00:1 is a private address'],
  ['10.0.0.1', '10.0.0.1', '10.0.0.1 is a private address'],
  ['172.16.0.1', '172.16.0.1', '172.16.0.1 is a private address'],
  ['192.168.1.1', '192.168.1.1', '192.168.1.1 is a private address'],
  ['[fd12::1]', '[fd12::1]', 'fd12::1 is a private address'],
  ['0', '0.0.0.0', '0.0.0.0 is an unspecified address'],
  ['169.254.169.254', '169.254.169.254', '169.254.169.254 is a link-local address (instance metadata lives there)'],
  ['2852039166', '169.254.169.254', '169.254.169.254 is a link-local address (instance metadata lives there)'],
  ['[::ffff:a9fe:a9fe]', '[::ffff:a9fe:a9fe]', '::ffff:a9fe:a9fe is a link-local address (instance metadata lives there)'],
  ['[fd00:ec2::254]', '[fd00:ec2::254]', 'fd00:ec2::254 is a private address'],
  ['168.63.129.16', '168.63.129.16', '168.63.129.16 is a metadata address'],
  ['100.100.100.200', '100.100.100.200', '100.100.100.200 is an address of a carrier network'],
];

describe("A tenant's webhook", function () {
  this.timeout(60_000);
  let receiver: Listening;
  let place: Place;
  let sluice: SluiceProcess;
  let apiKey = '';
  const received: { headers: IncomingMessage['headers']; body: string }[] = [];

  before(async () => {
    receiver = await listenHttp((request, response) => void receive(request, response));
    // What SLUICE_ENDPOINTS maps is the operator's word: the receiver has a public name.
    place = await newPlace(receiver.origin);
    const endpoints = JSON.stringify({ 'https://hooks.customer.test': receiver.origin });
    sluice = await startSluice({ ...place.env, SLUICE_ENDPOINTS: endpoints });
    apiKey = (await sluice.call('POST', '/v1/tenants', { name: 'Hooks' })).body.apiKey as string;
  });
  after(async () => {
    await sluice.end('SIGTERM');
    await receiver.close();
    await place.remove();
  });

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    received.push({ headers: request.headers, body: await bodyOf(request) });
    response.writeHead(204).end();
  };
  const connect = (url: string) =>
    sluice.call('POST', '/v1/connections', { definition: 'webhook', name: 'hook', config: { url, secret: SECRET } }, apiKey);

  for (const [written, host, why] of HOSTS) {
    it(`at ${written} is refused when the connection is made`, async () => {
      const { status, body } = await connect(`https://${written}/hook`);
      const message = refused(`https://${host}`, why);
      expect({ status, code: body.code, detail: body.detail, errors: body.errors }).to.deep.equal({
        status: 422,
        code: 'EGRESS_REFUSED',
        detail: message,
        errors: [{ path: '/config/url', message }],
      });
    });
  }

  it('is refused just so when the connection is changed, and the connection stays as it was', async () => {
    const { body: made } = await connect('https://hooks.customer.test/a');
    const changed = await sluice.call('PATCH', `/v1/connections/${made.id}`, { config: { url: 'https://10.0.0.1/x' } }, apiKey);
    expect(changed.status).to.equal(422);
    expect(changed.body.code).to.equal('EGRESS_REFUSED');
    expect(changed.body.errors).to.deep.equal([{ path: '/config/url', message: refused('https://10.0.0.1', '10.0.0.1 is a private address') }]);
    const { body } = await sluice.call('GET', `/v1/connections/${made.id}`, undefined, apiKey);
    expect(body.config.url).to.equal('https://hooks.customer.test/a');
  });

  it('over http is refused', async () => {
    const { status, body } = await connect('http://hooks.customer.test/a');
    expect({ status, paths: body.errors.map((one: { path: string }) => one.path) }).to.deep.equal({ status: 422, paths: ['/config/url'] });
  });

  it('with credentials in its URL is refused, and they are not repeated', async () => {
    const { status, body } = await connect('https://user:hunter2@hooks.example.org/a');
    expect({ status, code: body.code, errors: body.errors }).to.deep.equal({
      status: 422,
      code: 'EGRESS_REFUSED',
      errors: [{ path: '/config/url', message: refused('https://hooks.example.org', 'its URL carries credentials') }],
    });
    expect(JSON.stringify(body)).to.not.include('hunter2');
  });

  it('is delivered signed, as the library of Standard Webhooks verifies it', async () => {
    const { body: connection } = await connect('https://hooks.customer.test/in?x=1');
    const questions = [{ key: 'name', title: 'Name', type: 'text', required: true }];
    const { body: form } = await sluice.call('POST', '/v1/forms', { title: 'F', questions }, apiKey);
    const action = { definition: 'webhook', action: 'send', connectionId: connection.id, input: { data: { name: '{{ event.answers.name }}' } } };
    expect((await sluice.call('POST', `/v1/forms/${form.id}/actions`, action, apiKey)).status).to.equal(201);
    const name = 'Ada 👩‍🚀 שלום';
    await sluice.call('POST', `/v1/forms/${form.id}/responses`, { answers: { name } }, apiKey);
    const { headers, body } = await eventually('it arrives', async () => received[0]);
    const verified = new Webhook(SECRET).verify(body, headers as Record<string, string>) as { type: string; data: unknown };
    expect(verified).to.deep.include({ type: 'form.response.created', data: { name } });
    expect(headers.host).to.equal('hooks.customer.test');
  });
});

describe('A name that leads somewhere else', () => {
  const YAML = `
apiVersion: sluice/v1
kind: integration
id: vendor
version: 1.0.0
title: Vendor
baseUrl: https://api.vendor.test/v1
connection: { type: object, required: [token], properties: { token: { type: string, secret: true } } }
auth: { bearer: { token: "{{ connection.token }}" } }
actions:
  hook:
    title: Hook
    input: { type: object, required: [url], properties: { url: { type: string } } }
    steps:
      - id: send
        request: { method: POST, url: "{{ input.url }}", json: {} }
        idempotency: { mode: once }
  segment:
    title: Segment
    input: { type: object, required: [value], properties: { value: {} } }
    steps:
      - id: send
        request: { method: POST, path: "/things/{{ input.value }}/end" }
        idempotency: { mode: once }
  segments:
    title: Segments
    input: { type: object, required: [value], properties: { value: {} } }
    steps:
      - id: send
        request: { method: POST, path: "/things/{{{ input.value }}}" }
        idempotency: { mode: once }
`;
  let vendor: WireVendor;
  let engine: TestEngine;

  before(async () => {
    vendor = await startWireVendor();
    vendor.answer(whole('200 OK', {}));
    engine = await testEngine(YAML, { 'https://api.vendor.test': vendor.origin });
    await engine.worker();
  });
  after(async () => {
    await engine.close();
    await vendor.close();
  });

  const client = (address: string, egressAllow: readonly string[] = []) =>
    createHttpClient({
      clock: systemClock,
      ca: TEST_CA,
      egressAllow,
      resolve: async () => [{ address, family: address.includes(':') ? 6 : 4 }],
    });
  const request = (url: string) => ({ method: 'GET', url: new URL(url), headers: {}, body: undefined });
  const how = { timeoutMs: 2000, maxBytes: 1000, guarded: true };

  for (const [address, why] of [
    ['127.0.0.1', LOOPBACK],
    ['10.1.2.3', '10.1.2.3 is a private address'],
    ['169.254.169.254', '169.254.169.254 is a link-local address (instance metadata lives there)'],
    ['::ffff:192.168.0.1', '::ffff:192.168.0.1 is a private address'],
  ] as const) {
    it(`to ${address} is refused before anything is sent`, async () => {
      const http = client(address);
      const error = await rejection(http.send(request('https://hooks.customer.test/a'), how));
      http.close();
      expect(error).to.include({ code: 'EGRESS_REFUSED', message: refused('https://hooks.customer.test', why) });
    });
  }

  it('to loopback ends the run at once, with the reason', async () => {
    const http = client('127.0.0.1');
    const { state, error, steps } = await drive({
      plan: engine.plan,
      pipeline: 'actions/hook',
      connection: { token: 'secret-token-1' },
      input: { url: 'https://hooks.customer.test/a' },
      http,
      registry: new Registry([none, bearer]),
      clock: systemClock,
      sleep: async () => {},
    });
    http.close();
    expect(state).to.equal('failed');
    expect(error).to.deep.equal({ kind: 'config', message: refused('https://hooks.customer.test', LOOPBACK), step: 'send' });
    expect(steps.map((row) => [row.attempt, row.state])).to.deep.equal([[1, 'failed']]);
  });

  it('is let through where the operator opened its range, redirects included, and no further', async () => {
    const server = await listenTls((incoming, response) => {
      if (incoming.url === '/on') response.writeHead(302, { location: `https://other.test:${server.port}/x` }).end();
      else response.writeHead(200).end('here');
    });
    const url = `https://api.vendor.test:${server.port}`;
    const http = client('127.0.0.1', ['127.0.0.0/8']);
    expect(await http.send(request(`${url}/a`), how)).to.deep.include({ status: 200 });
    const on = { ...how, origins: ['https://10.0.0.1'] };
    expect(await http.send(request(`${url}/on`), on)).to.deep.include({ status: 302 });
    http.close();
    await server.close();
  });

  it('a redirect to a forbidden address is refused although its origin is listed', async () => {
    const server = await listenTls((_incoming, response) => void response.writeHead(302, { location: 'https://10.0.0.1/x' }).end());
    const http = client('127.0.0.1', ['127.0.0.0/8']);
    const error = await rejection(http.send(request(`https://api.vendor.test:${server.port}/a`), { ...how, origins: ['https://10.0.0.1'] }));
    http.close();
    await server.close();
    expect(error).to.include({ code: 'EGRESS_REFUSED', message: refused('https://10.0.0.1', '10.0.0.1 is a private address') });
  });

  describe('a value in a path', () => {
    const dots = (text: string) => `{{ input.value }} is "${text}" as a segment of a path, which would lead to another path.`;
    const gap = (text: string) =>
      `{{ input.value }} is "${text}", which holds an empty segment; it must neither be empty, nor begin or end with "/", nor hold "//".`;
    const half = '{{ input.value }} holds half of a surrogate pair, which is no character; it cannot be sent in a URL.';
    const empty = '{{ input.value }} is empty; a segment of a path needs a value.';
    const REFUSED: readonly (readonly [action: string, value: string | null, message: string])[] = [
      ['segment', '', empty],
      ['segment', null, empty],
      ['segment', '.', dots('.')],
      ['segment', '..', dots('..')],
      ['segment', '\ud800', half],
      ['segments', '', gap('')],
      ['segments', '..', dots('..')],
      ['segments', 'a/../b', dots('..')],
      ['segments', './a', dots('.')],
      ['segments', '/a', gap('/a')],
      ['segments', 'a/', gap('a/')],
      ['segments', 'a//b', gap('a//b')],
      ['segments', '//evil.test/x', gap('//evil.test/x')],
      ['segments', '\ud800', half],
    ];
    for (const [action, value, message] of REFUSED) {
      it(`${action} ${JSON.stringify(value)}: the run fails, and nothing is sent`, async () => {
        const before = vendor.requests.length;
        const run = await engine.submit(action, { value });
        const { error } = await engine.settled(run, 'failed');
        expect(error).to.deep.equal({ kind: 'config', message, step: 'send' });
        expect(await engine.trace(run)).to.deep.equal([{ step: 'send', attempt: 1, state: 'failed', rule: null, wait_ms: null }]);
        expect(vendor.requests.length).to.equal(before);
      });
    }

    const ARRIVES: readonly (readonly [action: string, value: string | number, target: string])[] = [
      ['segment', '...', '...'],
      ['segment', 'a/b', 'a%2Fb'],
      ['segment', '../x', '..%2Fx'],
      ['segment', 'a?b=c#d', 'a%3Fb%3Dc%23d'],
      ['segment', 'user@host:1', 'user%40host%3A1'],
      ['segment', 'a\r\nHost: evil', 'a%0D%0AHost%3A%20evil'],
      ['segment', '%2e%2e', '%252e%252e'],
      ['segment', '..\\x', '..%5Cx'],
      ['segment', 'é👩‍🚀', '%C3%A9%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80'],
      ['segment', 'a\0b', 'a%00b'],
      ['segment', 7, '7'],
      ['segments', 'projects/a/b', 'projects/a/b'],
      ['segments', 'a?b/c#d', 'a%3Fb/c%23d'],
      ['segments', 'a/%2e%2e/b', 'a/%252e%252e/b'],
    ];
    for (const [action, value, target] of ARRIVES) {
      it(`${action} ${JSON.stringify(value)}: arrives as ${target}`, async () => {
        await engine.settled(await engine.submit(action, { value }), 'succeeded');
        expect(vendor.requests.at(-1)?.target).to.equal(`/v1/things/${target}${action === 'segment' ? '/end' : ''}`);
      });
    }
  });
});
