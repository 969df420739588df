import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { jwtVerify } from 'jose';
import { newCustomer, type Customer } from '../support/customer.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { newPlace, type Place } from '../support/deliveries.ts';
import { CLIENT, startOAuthServer, type OAuthServer } from '../support/oauth-server.ts';
import { eventually, startSluice, type SluiceProcess } from '../support/sluice-process.ts';
import { startVendor, status, type Behaviour, type Vendor, type VendorRequest } from '../support/vendor.ts';

const API = 'https://api.acme-notes.test';
const ACCOUNTS = 'https://accounts.acme-notes.test';
const LOGIN = 'https://login.acme-notes.test';

const definition = (id: string, connection: string, oauth2: string): string => `
apiVersion: sluice/v1
kind: integration
id: ${id}
version: 1.0.0
title: Acme notes
baseUrl: ${API}
${connection}
auth:
  oauth2:
    tokenUrl: ${LOGIN}/token
    ${oauth2}
retry: { maxAttempts: 6, backoff: { type: constant, initial: PT0.02S, jitter: none } }
actions:
  note:
    title: Write a note
    input: { type: object, required: [text], properties: { text: { type: string } } }
    steps:
      - id: write
        request: { method: POST, path: /notes, json: { text: "{{ input.text }}" } }
        idempotency: { mode: header, header: Idempotency-Key }
`;

const BY_PERSON = definition(
  'acme-notes',
  '',
  `flow: authorizationCode
    authorizationUrl: ${ACCOUNTS}/auth
    scopes: [openid, offline_access]
    authorizationParams: { prompt: consent }`,
);

const BY_CLIENT = definition(
  'acme-client',
  `connection:
  type: object
  required: [client, secret]
  properties: { client: { type: string }, secret: { type: string, secret: true } }`,
  `flow: clientCredentials
    clientId: "{{ connection.client }}"
    clientSecret: "{{ connection.secret }}"`,
);

const BY_ROBOT = definition(
  'acme-robot',
  `connection:
  type: object
  required: [robot, key]
  properties: { robot: { type: string }, key: { type: string, secret: true } }`,
  `flow: jwtBearer
    scopes: [notes]
    assertion:
      algorithm: RS256
      key: "{{ connection.key }}"
      claims: { iss: "{{ connection.robot }}" }`,
);

describe('OAuth, from the consent to the vendor', function () {
  this.timeout(60_000);
  let oauth: OAuthServer;
  let tokens: Vendor;
  let api: Vendor;
  let database: TestDatabase;
  let place: Place;
  let first: SluiceProcess;
  let second: SluiceProcess;

  before(async () => {
    oauth = await startOAuthServer();
    tokens = await startVendor();
    api = await startVendor();
    database = await testDatabase();
    place = await newPlace(api.origin, { id: 'acme-notes', text: BY_PERSON, origin: API });
    await writeFile(join(place.folder, 'acme-client.yaml'), BY_CLIENT);
    await writeFile(join(place.folder, 'acme-robot.yaml'), BY_ROBOT);
    const env = {
      ...place.env,
      SLUICE_DATABASE_URL: database.url,
      SLUICE_PUBLIC_URL: 'https://sluice.test',
      SLUICE_APPS: JSON.stringify({ 'acme-notes': CLIENT }),
      SLUICE_ENDPOINTS: JSON.stringify({ [API]: api.origin, [ACCOUNTS]: oauth.origin, [LOGIN]: tokens.origin }),
    };
    first = await startSluice(env);
    second = await startSluice(env);
  });
  after(async () => {
    await Promise.all([first?.end('SIGTERM'), second?.end('SIGTERM')]);
    await Promise.all([oauth, tokens, api].map((server) => server?.close()));
    await database?.drop();
    await place?.remove();
  });
  beforeEach(() => {
    tokens.requests.length = 0;
    api.requests.length = 0;
    tokens.answer(forward());
    api.answer(accept);
  });

  /** The token endpoint: the real server's, its answers changed on the way where a test says so. */
  const forward =
    (change: (answer: Record<string, unknown>) => object = (answer) => answer): Behaviour =>
    (request, response) => {
      void (async () => {
        const answer = await atTokenEndpoint(request);
        const body = change((await answer.json()) as Record<string, unknown>);
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      })();
    };
  const atTokenEndpoint = ({ headers, body }: Pick<VendorRequest, 'headers' | 'body'>): Promise<Response> => {
    const { authorization = '', 'content-type': type = '' } = headers;
    return fetch(`${oauth.origin}/token`, { method: 'POST', headers: { authorization, 'content-type': type }, body });
  };
  const runningOut = (answer: object): object => ({ ...answer, expires_in: 0.001 });

  /** The API: it asks the real server whether the token is good. */
  const accept: Behaviour = ({ headers }, response) => {
    void (async () => {
      const { authorization = '' } = headers;
      const person = await fetch(`${oauth.origin}/me`, { headers: { authorization } });
      response.writeHead(person.status, { 'content-type': 'application/json' }).end('{"id":1}');
    })();
  };

  const page = async (customer: Customer): Promise<string> => {
    const { status: code, body } = await customer.call('POST', `/v1/connections/${customer.connectionId}:authorize`);
    expect(code, JSON.stringify(body)).to.equal(200);
    return body.authorizationUrl as string;
  };
  const callBack = (params: Record<string, string>, sluice = second) =>
    sluice.call('GET', `/oauth/callback?${new URLSearchParams(params).toString()}`, undefined, '');
  const authorise = async (customer: Customer): Promise<void> => {
    const answer = await callBack(await oauth.consent(await page(customer)));
    expect(answer.status, answer.body).to.equal(200);
  };
  const newNotes = (): Promise<Customer> => newCustomer(first, { definition: 'acme-notes', action: 'note' });
  const authorised = async (): Promise<Customer> => {
    const customer = await newNotes();
    await authorise(customer);
    return customer;
  };
  const connectionOf = async (customer: Customer) =>
    (await customer.call('GET', `/v1/connections/${customer.connectionId}`)).body;
  const grants = (type: string): URLSearchParams[] =>
    tokens.requests.map(({ body }) => new URLSearchParams(body)).filter((body) => body.get('grant_type') === type);
  const sentTokens = (): (string | undefined)[] => api.requests.map(({ headers }) => headers.authorization);
  const succeeded = async (customer: Customer, run: string): Promise<void> => {
    const { state, error } = await customer.ended(run);
    expect(state, JSON.stringify(error)).to.equal('succeeded');
  };

  it('a person consents, with PKCE, and the form action runs in their name', async () => {
    const customer = await newNotes();
    const url = new URL(await page(customer));
    expect(url.origin).to.equal(oauth.origin);
    expect(url.searchParams.get('code_challenge_method')).to.equal('S256');
    const params = await oauth.consent(url.href);
    const answer = await callBack(params);
    expect(answer.status).to.equal(200);
    expect(answer.body).to.contain('main');
    expect(grants('authorization_code')[0]?.get('code_verifier')).to.match(/^[\w-]{43,}$/);
    await succeeded(customer, await customer.submit('hello'));
    expect(api.requests.map(({ body }) => body)).to.deep.equal(['{"text":"hello"}']);
  });

  it('a state serves once, for a while, and none but one that was given out', async () => {
    const customer = await newNotes();
    const params = await oauth.consent(await page(customer));
    expect((await callBack({ ...params, state: 'made-up' })).status).to.equal(400);
    expect((await callBack({ code: params['code']! })).status).to.equal(400);
    expect((await callBack(params)).status).to.equal(200);
    expect((await callBack(params)).status).to.equal(400);
    expect(grants('authorization_code')).to.have.length(1);
    const late = await oauth.consent(await page(customer));
    await database.db.engine.query(`UPDATE authorizations SET expires_at = now() - interval '1 second'`);
    const refused = await callBack(late);
    expect(refused.status).to.equal(400);
    expect(refused.body).to.contain('older than ten minutes');
    const declined = { state: new URL(await page(customer)).searchParams.get('state')!, error: 'access_denied' };
    expect((await callBack(declined)).body).to.contain('access_denied');
    expect((await callBack(declined)).body).to.contain('Begin again');
  });

  it('a run before anybody consented says what to do, and is replayed after', async () => {
    const customer = await newNotes();
    const run = await customer.submit('early');
    const { error } = await customer.ended(run);
    expect(error.kind).to.equal('config');
    expect(error.message).to.contain(':authorize');
    expect(await connectionOf(customer)).to.include({ state: 'needs_reauth' });
    await authorise(customer);
    expect(await connectionOf(customer)).to.include({ state: 'active', stateReason: null });
    expect((await customer.call('POST', `/v1/runs/${run}:replay`)).status).to.equal(202);
    await succeeded(customer, run);
  });

  it('a token that ran out is renewed once by two processes that need it at once, and rotates', async () => {
    tokens.answer(forward(runningOut));
    const customer = await authorised();
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    tokens.answer((...exchange) => void released.then(() => forward()(...exchange)));
    const runs = await Promise.all(
      Array.from({ length: 160 }, (_, n) => customer.submit(`note ${n}`, n % 2 === 0 ? first : second)),
    );
    await eventually('both processes hold runs', async () => {
      const { rows } = await database.db.engine.query<{ workers: number }>(
        `SELECT count(DISTINCT lease_owner)::int AS workers FROM runs WHERE tenant_id = $1 AND state = 'running'`,
        [customer.tenantId],
      );
      return rows[0]!.workers === 2;
    });
    release();
    for (const run of runs) await succeeded(customer, run);
    expect(grants('refresh_token')).to.have.length(1);
    // The token that had run out was shown to nobody.
    expect(new Set(sentTokens()).size).to.equal(1);
    expect(api.requests).to.have.length(160);
  });

  it('a refused token is renewed once, however many it was refused to, and the same bytes go again', async () => {
    const customer = await authorised();
    await succeeded(customer, await customer.submit('before'));
    const [old] = sentTokens();
    const held: (() => void)[] = [];
    api.answer((...exchange) => {
      const [request, response] = exchange;
      if (request.headers.authorization !== old) {
        accept(...exchange);
        held.splice(0).forEach((answer) => answer());
        return;
      }
      const refuse = (): void => void response.writeHead(401).end();
      held.push(refuse);
      // All are under way with the old token; one is refused at once, the others after it was renewed for that one.
      if (held.length === 6) held.shift()!();
    });
    const texts = ['a', 'b', 'c', 'd', 'e', 'f'];
    const runs = await Promise.all(texts.map((text, n) => customer.submit(text, n % 2 === 0 ? first : second)));
    for (const run of runs) await succeeded(customer, run);
    expect(grants('refresh_token')).to.have.length(1);
    for (const text of texts) {
      const sent = api.requests.filter(({ body }) => body === JSON.stringify({ text }));
      expect(sent).to.have.length(2);
      expect(new Set(sent.map(({ headers }) => headers['idempotency-key'])).size).to.equal(1);
    }
  });

  it('a token endpoint in trouble after a 401 is waited for, and costs nobody the connection', async () => {
    const customer = await authorised();
    await succeeded(customer, await customer.submit('before'));
    const [old] = sentTokens();
    api.answer((...exchange) =>
      exchange[0].headers.authorization === old ? status(401)(...exchange) : accept(...exchange),
    );
    const faults: Behaviour[] = [
      status(503, {}, '{"error":"temporarily_unavailable"}'),
      (_request, response) => void response.socket?.destroy(),
      status(429, { 'retry-after': '0' }),
      forward(),
    ];
    tokens.answer((...exchange) => faults.shift()!(...exchange));
    const run = await customer.submit('patient');
    await succeeded(customer, run);
    const { steps } = (await customer.call('GET', `/v1/runs/${run}`)).body;
    const faulty = Array.from({ length: 4 }, () => ['waiting', 401]);
    const states = steps.map((step: { state: string; status: number }) => [step.state, step.status]);
    expect(states).to.deep.equal([...faulty, ['succeeded', 200]]);
    expect(await connectionOf(customer)).to.include({ state: 'active', stateReason: null });
  });

  it('a grant that was revoked takes the connection out of use, until somebody consents again', async () => {
    tokens.answer(forward(runningOut));
    const customer = await authorised();
    tokens.answer(forward());
    await succeeded(customer, await customer.submit('rotates the refresh token'));
    const [renewal] = tokens.requests.filter(({ body }) => body.includes('grant_type=refresh_token'));
    // Somebody uses the old refresh token: the server takes it for stolen and revokes all of the grant.
    expect((await atTokenEndpoint(renewal!)).status).to.equal(400);
    const refused = await customer.submit('refused');
    const { state, error } = await customer.ended(refused);
    expect(state).to.equal('failed');
    expect(error).to.include({ kind: 'config', rule: 'default/401' });
    expect(error.message).to.match(/needs to be authorised again.*invalid_grant/s);
    const { state: broken, stateReason } = await connectionOf(customer);
    expect(broken).to.equal('needs_reauth');
    expect(stateReason).to.contain('invalid_grant');
    const calls = api.requests.length;
    const next = await customer.submit('not even tried');
    expect((await customer.ended(next)).error.message).to.contain('needs to be authorised again');
    expect(api.requests).to.have.length(calls);
    await authorise(customer);
    const replayed = await customer.call('POST', '/v1/runs:replay', { filter: { state: 'failed' } });
    expect(replayed.body.replayed).to.have.members([refused, next]);
    await succeeded(customer, refused);
    await succeeded(customer, next);
  });

  it('a client with a wrong secret is out of use until the right one is given', async () => {
    api.answer(status(200));
    const config = { client: CLIENT.clientId, secret: 'wrong' };
    const customer = await newCustomer(first, { definition: 'acme-client', action: 'note', config });
    const run = await customer.submit('hello');
    expect((await customer.ended(run)).error.message).to.contain('invalid_client');
    expect(await connectionOf(customer)).to.include({ state: 'needs_reauth' });
    const path = `/v1/connections/${customer.connectionId}`;
    const change = { config: { secret: CLIENT.clientSecret } };
    expect((await customer.call('PATCH', path, change, second)).body).to.include({ state: 'active' });
    await customer.call('POST', '/v1/runs:replay', { filter: { definition: 'acme-client' } });
    await succeeded(customer, run);
    await succeeded(customer, await customer.submit('again'));
    expect(sentTokens()[0]).to.match(/^Bearer .{20,}/);
    // One refused, one that serves both runs.
    expect(grants('client_credentials')).to.have.length(2);
  });

  it('a robot signs for its token', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    tokens.answer((request, response, place) => {
      void (async () => {
        const { protectedHeader, payload } = await jwtVerify(new URLSearchParams(request.body).get('assertion')!, publicKey);
        const good = protectedHeader.alg === 'RS256' && payload.iss === 'robot-7' && payload.aud === `${LOGIN}/token`;
        status(good ? 200 : 400, {}, '{"access_token":"robots-token","expires_in":3600}')(request, response, place);
      })();
    });
    api.answer(status(200));
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const config = { robot: 'robot-7', key };
    const customer = await newCustomer(second, { definition: 'acme-robot', action: 'note', config });
    await succeeded(customer, await customer.submit('hello'));
    expect(sentTokens()).to.deep.equal(['Bearer robots-token']);
  });
});
