import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import { newCustomer, type Customer } from '../support/customer.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { newPlace, type Place } from '../support/deliveries.ts';
import { command } from '../support/shell.ts';
import { startSluice, type SluiceProcess } from '../support/sluice-process.ts';
import { startVendor, type Behaviour, type Vendor } from '../support/vendor.ts';

const API = 'https://api.parrot.test';
const LOGIN = 'https://login.parrot.test';
const BIN = join(import.meta.dirname, '../../core/cli/bin.mjs');

/** Each secret of the suite, by a mark inside it that survives every encoding that keeps letters and digits. */
const SECRETS = {
  key: 'qk1Zx9/with "quotes" & <ünï> 100%=codé',
  password: 'pw1Zx9: with /slashes+plus&\\back"',
  token: 'tk1Zx9.~bearer_token-value==',
  refresh: 'rf1Zx9/refresh+token=0',
  client: 'cs1Zx9 client: secret/+',
  file: JSON.stringify({ type: 'robot', private_key: 'pk1Zx9-----line one\nline two, long enough\n', id: 'r' }),
};
/** Tokens that the login hands out: at-1, at-2 ... and rotated refresh tokens. */
const ISSUED = /(?:at|rt)1Zx9-\d+-[a-z]+/;

const definition = (id: string, connection: Record<string, string>, auth: string, more = ''): string => `
apiVersion: sluice/v1
kind: integration
id: ${id}
version: 1.0.0
title: Parrot
baseUrl: ${API}
connection:
  type: object
  required: [${Object.keys(connection).join(', ')}]
  properties:
${Object.entries(connection)
  .map(([name, pattern]) => `    ${name}: { type: string, secret: true, pattern: ${JSON.stringify(pattern)} }`)
  .join('\n')}
auth:
  ${auth}
verify: { request: { method: GET, path: /refuse } }
errors:
  - { when: { status: 422 }, then: fail, message: "The parrot says: {{ response.body.message }}" }
retry: { maxAttempts: 2, backoff: { type: constant, initial: PT0.02S, jitter: none } }
actions:
  say:
    title: Say
    input: { type: object, required: [text], properties: { text: { type: string } } }
    steps:
      - id: first
        request: { method: POST, path: /echo, json: { text: "{{ input.text }}" } }
        idempotency: { mode: header, header: Idempotency-Key }
        response: { outputs: { heard: /heard, said: /said } }
      - id: second
        request: { method: POST, path: "/{{ input.text }}", json: { heard: "{{ steps.first.said }}" } }
        idempotency: { mode: header, header: Idempotency-Key }
        response: { outputs: { heard: /heard } }
    outputs: { first: "{{ steps.first.heard }}", second: "{{ optional steps.second.heard }}" }
${more}`;

const DEFINITIONS: Readonly<Record<string, string>> = {
  'parrot-query': definition('parrot-query', { key: '^qk' }, 'apiKey: { in: query, name: api_key, value: "{{ connection.key }}" }'),
  'parrot-basic': definition('parrot-basic', { password: '^pw' }, 'basic: { username: ann, password: "{{ connection.password }}" }'),
  'parrot-bearer': definition('parrot-bearer', { token: '^tk', file: '^\\{' }, 'bearer: { token: "{{ connection.token }}" }'),
  'parrot-oauth': definition(
    'parrot-oauth',
    { refresh: '^rf' },
    `oauth2:
    flow: refreshToken
    tokenUrl: ${LOGIN}/token
    refreshToken: "{{ connection.refresh }}"
    clientAuth: body`,
  ),
};

/** What a careless system may make of a text. */
function encodings(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1);
  return [
    text,
    json,
    JSON.stringify(json).slice(1, -1),
    encodeURIComponent(text),
    encodeURI(text),
    encodeURIComponent(encodeURIComponent(text)),
    new URLSearchParams({ v: text }).toString().slice(2),
    encodeURIComponent(text).replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()),
    Buffer.from(text).toString('hex'),
    ...base64(text),
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
  ];
}

function base64(text: string): string[] {
  return ['', 'x', 'xy'].flatMap((before) => {
    const bytes = Buffer.from(before + text);
    return [bytes.toString('base64'), bytes.toString('base64url')];
  });
}

/** What is looked for: of base64 the middle, since its ends depend on what stands beside the secret. */
function marks(text: string): string[] {
  return [...encodings(text), ...base64(text).map((encoded) => encoded.slice(4, -4))];
}

describe('Secrets', function () {
  this.timeout(60_000);
  let api: Vendor;
  let login: Vendor;
  let database: TestDatabase;
  let place: Place;
  let sluice: SluiceProcess;
  const customers: Record<string, Customer> = {};
  const issued = new Set<string>();
  const answers: string[] = [];

  const CONFIGS: Record<string, Record<string, string>> = {
    'parrot-query': { key: SECRETS.key },
    'parrot-basic': { password: SECRETS.password },
    'parrot-bearer': { token: SECRETS.token, file: SECRETS.file },
    'parrot-oauth': { refresh: SECRETS.refresh },
  };
  const secretsOf = (id: string): string[] => {
    const { file, ...rest } = CONFIGS[id]!;
    const keys = file === undefined ? [] : [file, (JSON.parse(file) as { private_key: string }).private_key];
    return [...Object.values(rest), ...keys, ...(id === 'parrot-oauth' ? [SECRETS.client] : [])];
  };
  const allSecrets = (): string[] => [
    ...Object.values(SECRETS),
    ...issued,
    (JSON.parse(SECRETS.file) as { private_key: string }).private_key,
  ];

  /** What the other side can know: the secrets of the connection in hand, and the tokens of its last two renewals. */
  let known: string[] = [];
  const allKnown = (renewals = 2): string[] => [...known, ...[...issued].slice(-2 * renewals)];

  /** Repeats all that it knows, in every encoding: in headers, in bodies, in what it complains of. */
  const parrot: Behaviour = (request, response) => {
    const { authorization = '' } = request.headers;
    const heard = [request.target, decodeURIComponent(request.target), authorization, ...allKnown().flatMap(encodings)];
    const said = heard.join(' ; ');
    const headers = { 'content-type': 'application/json', 'x-heard': encodeURIComponent(known.join(' ')) };
    const body = { message: said, said, heard: { list: heard, [said]: 1, long: said.repeat(3) } };
    if (request.target.startsWith('/refuse')) response.writeHead(422, headers).end(JSON.stringify(body));
    else if (request.target.startsWith('/odd')) response.writeHead(400, headers).end(`<h1>${said}</h1>`);
    else if (request.target.startsWith('/cut')) {
      response.writeHead(200, { ...headers, 'content-length': '99999' });
      response.write(said, () => response.socket?.destroy());
    } else response.writeHead(200, headers).end(JSON.stringify(body));
  };
  /** Gives a new token each time, and takes it back after its first use. */
  const usedOnce = (): Behaviour => {
    const seen = new Map<string, number>();
    return (request, response, n) => {
      const token = request.headers.authorization ?? '';
      const uses = (seen.get(token) ?? 0) + 1;
      seen.set(token, uses);
      if (token.startsWith('Bearer at1Zx9') && uses > 1) {
        response.writeHead(401, { 'content-type': 'text/plain' }).end(`${token} is used up; ${encodeURIComponent(token)}`);
      } else parrot(request, response, n);
    };
  };
  const hand: Behaviour = (request, response, n) => {
    const tokens = { access_token: `at1Zx9-${n}-accesstoken`, refresh_token: `rt1Zx9-${n}-refreshtoken` };
    Object.values(tokens).forEach((token) => issued.add(token));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ ...tokens, expires_in: 3600, you_said: request.body }));
  };
  const complain: Behaviour = (request, response) => {
    const description = `No token for ${request.body} ${[...new URLSearchParams(request.body).values()].join(' ')} ${allKnown(1).flatMap(encodings).join(' ')}`;
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: 'invalid_grant', error_description: description }));
  };

  before(async () => {
    api = await startVendor();
    login = await startVendor();
    api.answer(parrot);
    login.answer(hand);
    database = await testDatabase();
    place = await newPlace(api.origin, { id: 'parrot-query', text: DEFINITIONS['parrot-query']!, origin: API });
    for (const [id, text] of Object.entries(DEFINITIONS)) await writeFile(join(place.folder, `${id}.yaml`), text);
    sluice = await startSluice({
      ...place.env,
      SLUICE_DATABASE_URL: database.url,
      SLUICE_LOG_LEVEL: 'trace',
      SLUICE_APPS: JSON.stringify({ 'parrot-oauth': { clientId: 'parrot', clientSecret: SECRETS.client } }),
      SLUICE_ENDPOINTS: JSON.stringify({ [API]: api.origin, [LOGIN]: login.origin }),
    });
  });
  after(async () => {
    await sluice?.end('SIGTERM');
    await Promise.all([api?.close(), login?.close()]);
    await database?.drop();
    await place?.remove();
  });

  /** Says which secret a text gives away, and where. */
  const expectNone = (what: string, text: string): void => {
    const places = [
      /(?:qk|pw|tk|rf|cs|pk|at|rt)1Zx9/.exec(text)?.index ?? -1,
      ...allSecrets().flatMap(marks).map((form) => text.indexOf(form)),
    ];
    const at = places.find((place) => place >= 0);
    if (at !== undefined) expect.fail(`${what} gives a secret away: ${text.slice(Math.max(0, at - 100), at + 100)}`);
  };
  const ask = async (customer: Customer, method: string, path: string, body?: unknown) => {
    const answer = await customer.call(method, path, body);
    answers.push(`${method} ${path} ${JSON.stringify([...answer.headers])} ${JSON.stringify(answer.body)}`);
    return answer;
  };

  for (const id of Object.keys(DEFINITIONS)) {
    it(`do their work for ${id}, and stand in no answer`, async () => {
      if (id === 'parrot-oauth') api.answer(usedOnce());
      known = secretsOf(id);
      const customer = (customers[id] = await newCustomer(sluice, { definition: id, action: 'say', config: CONFIGS[id]! }));
      const states: string[] = [];
      for (const text of ['echo', 'refuse', 'odd', 'cut']) {
        const run = await customer.ended(await customer.submit(text));
        states.push(run.state as string);
        answers.push(JSON.stringify(run));
        await ask(customer, 'GET', `/v1/runs/${run.id}`);
      }
      expect(states).to.deep.equal(['succeeded', 'failed', 'failed', 'failed']);
      // The secret did arrive; it is not hidden by never having been sent.
      const seen = JSON.stringify(api.requests.map(({ target, headers }) => [target, headers.authorization]));
      expect(seen).to.match(/qk1Zx9|Basic |tk1Zx9|at1Zx9/);
      const one = `/v1/connections/${customer.connectionId}`;
      const verified = await ask(customer, 'POST', `${one}:verify`);
      expect(verified.body.ok).to.equal(false);
      await ask(customer, 'POST', `${one}:authorize`);
      for (const path of [one, '/v1/connections', '/v1/runs', '/v1/definitions', `/v1/definitions/${id}`, '/v1/audit-events'])
        await ask(customer, 'GET', path);
      await ask(customer, 'PATCH', one, { name: 'other', config: CONFIGS[id] });
      const wrong = Object.fromEntries(Object.entries(CONFIGS[id]!).map(([name, value]) => [name, `wrong ${value}`]));
      expect((await ask(customer, 'PATCH', one, { config: wrong })).status).to.equal(422);
      const { body: actions } = await ask(customer, 'GET', `/v1/forms/${customer.formId}/actions`);
      await ask(customer, 'POST', `/v1/forms/${customer.formId}/actions/${actions.items[0].id}:test`);
      const keyed = await fetch(`${sluice.url}/v1/connections`, {
        method: 'POST',
        headers: { authorization: `Bearer ${customer.apiKey}`, 'content-type': 'application/json', 'idempotency-key': id },
        body: JSON.stringify({ definition: id, name: 'keyed', config: CONFIGS[id] }),
      });
      expect(keyed.status).to.equal(201);
      answers.push(await keyed.text());
      answers.forEach((answer) => expectNone('an answer', answer));
    });
  }

  it('that were made in the middle of a run stand in no row of it', async () => {
    const { body } = await customers['parrot-oauth']!.call('GET', '/v1/runs?limit=100');
    expect(issued.size).to.be.greaterThan(4);
    expect([...issued].every((token) => ISSUED.test(token))).to.equal(true);
    const rows = await database.db.engine.query<{ state: string; status: number }>(
      'SELECT state, status FROM run_steps WHERE run_id = $1 ORDER BY seq',
      [body.items.at(-1).id],
    );
    // Renewed between the steps: the first token was used up, and the second step's refusal named it.
    expect(rows.rows.map(({ status }) => status)).to.include(401);
  });

  it('stand in nothing that a token endpoint is quoted with', async () => {
    const customer = customers['parrot-oauth']!;
    known = secretsOf('parrot-oauth');
    login.answer(complain);
    api.answer((_request, response) => void response.writeHead(401).end());
    const run = await customer.ended(await customer.submit('echo'));
    expect(run.error.message).to.contain('invalid_grant');
    expectNone('the error', JSON.stringify(run));
    const { body: connection } = await customer.call('GET', `/v1/connections/${customer.connectionId}`);
    expect(connection.state).to.equal('needs_reauth');
    expectNone('the reason', JSON.stringify(connection));
  });

  it('stand in no log, however much is logged', () => {
    expectNone('the log', sluice.output());
    for (const { apiKey } of Object.values(customers)) expect(sluice.output()).to.not.contain(apiKey);
  });

  it('stand in the clear in no table', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    try {
      const { rows: tables } = await client.query<{ name: string }>(
        `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
         WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`,
      );
      expect(tables.length).to.be.greaterThan(10);
      let filled = 0;
      for (const { name } of tables) {
        const { rows } = await client.query<{ row: string }>(`SELECT to_jsonb(t)::text AS row FROM ${name} t`);
        filled += rows.length > 0 ? 1 : 0;
        // Bytes come in hexadecimal; what they say is looked at, too.
        for (const { row } of rows) {
          const bytes = row.replaceAll(/\\\\x([0-9a-f]+)/g, (_, hex: string) => Buffer.from(hex, 'hex').toString('latin1'));
          expectNone(name, row);
          expectNone(name, bytes);
        }
      }
      expect(filled).to.be.greaterThan(8);
    } finally {
      await client.end();
    }
  });

  it('stand in nothing that `sluice run` prints', async () => {
    login.answer(hand);
    api.answer(usedOnce());
    const env = {
      SLUICE_ENDPOINTS: JSON.stringify({ [API]: api.origin, [LOGIN]: login.origin }),
      SLUICE_APPS: JSON.stringify({ 'parrot-oauth': { clientId: 'parrot', clientSecret: SECRETS.client } }),
    };
    for (const id of Object.keys(DEFINITIONS)) {
      known = secretsOf(id);
      const connection = join(place.folder, 'connection.json');
      const input = join(place.folder, 'input.json');
      for (const [text, format] of [['echo', 'text'], ['refuse', 'json']] as const) {
        // A process of its own: of the tokens of the one before it nobody has told it.
        issued.clear();
        await writeFile(connection, JSON.stringify(CONFIGS[id]));
        await writeFile(input, JSON.stringify({ text }));
        const args = ['run', join(place.folder, `${id}.yaml`), 'say', '--connection', connection, '--input', input];
        const { end, out, err } = await command(process.execPath, [BIN, ...args, '--format', format], { env });
        expect(end, out + err).to.equal(text === 'echo' ? 0 : 1);
        expectNone('`sluice run`', out + err);
      }
    }
  });

  it('stand in nothing that a failing `sluice test` prints', async () => {
    const file = join(place.folder, 'parrot-basic.yaml');
    const text = await readFile(file, 'utf8');
    const authorization = `Basic ${Buffer.from(`ann:${SECRETS.password}`).toString('base64')}`;
    const tests = [
      { name: 'header', exchanges: [{ expect: { headers: { authorization: 'Basic eHg=' } }, reply: { status: 200 } }] },
      {
        name: 'message',
        exchanges: [{ expect: { headers: { authorization } }, reply: { status: 422, json: { message: `no ${SECRETS.password}` } } }],
        assert: { state: 'succeeded' },
      },
    ].map((test) => ({ ...test, action: 'say', connection: { password: SECRETS.password }, input: { text: 'echo' } }));
    await writeFile(file, `${text}\ntests: ${JSON.stringify(tests)}\n`);
    const { end, out, err } = await command(process.execPath, [BIN, 'test', file]);
    expect(end, out + err).to.equal(1);
    expect(out + err).to.contain('Basic eHg=');
    expectNone('`sluice test`', out + err);
  });
});
