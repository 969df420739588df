import { existsSync } from 'node:fs';
import { expect } from 'chai';
import type { JsonObject } from '../../core/kernel/json.ts';
import { OpenApiChecker } from './openapi.ts';
import type { WireRequest } from './openapi.ts';
import { bundled, runAction, startRecorder } from './running.ts';

/** Vendors' own descriptions, kept beside the project where somebody has them: they are not part of it. */
const SPECS = new URL('../../../shared/specs/', import.meta.url);

function describeWith(file: string, suite: (checker: OpenApiChecker) => void): void {
  const url = new URL(file, SPECS);
  if (existsSync(url)) {
    describe(`definitions against ${file}`, () => suite(new OpenApiChecker(url)));
  } else {
    console.log(`NOT CHECKED: definitions against ${file}, because ${url.pathname} is absent.`);
  }
}

const authorization = 'Bearer x';
const JSON_TYPE = { authorization, 'content-type': 'application/json' };

function request(
  method: string,
  url: string,
  body?: unknown,
  headers: WireRequest['headers'] = JSON_TYPE,
): WireRequest {
  return {
    method,
    url: new URL(url),
    headers,
    body: body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body),
  };
}

/** Runs an action against a server that answers as the vendor would, and checks all it sent to the vendor's API. */
async function check(
  checker: OpenApiChecker,
  definition: string,
  running: { action: string; connection: JsonObject; input: JsonObject },
  answer: (request: WireRequest) => { status?: number; json: unknown },
): Promise<readonly string[]> {
  const recorder = await startRecorder(answer);
  try {
    const { state, error } = await runAction(bundled(definition), { ...running, everywhere: recorder.url });
    expect(state, error?.message).to.equal('succeeded');
    expect(recorder.requests).not.to.have.lengthOf(0);
    return recorder.requests.flatMap((one) =>
      checker.check(one).map((wrong) => `${one.method} ${one.url.href}: ${wrong}`),
    );
  } finally {
    await recorder.close();
  }
}

describeWith('google-sheets-v4.openapi.json', (checker) => {
  const append =
    'https://sheets.googleapis.com/v4/spreadsheets/abc/values/Sheet1!A1:append?valueInputOption=RAW';
  const good = request('POST', append, { values: [['Ada', 36]] });

  it('negative control: bad requests are refused, and the same request made good is not', () => {
    expect(checker.check(good)).to.deep.equal([]);
    const bad: Record<string, WireRequest> = {
      'no such path': request('POST', append.replace('values', 'cells'), { values: [] }),
      'another origin': request('POST', append.replace('sheets.', 'docs.'), { values: [] }),
      'a method that is not there': { ...good, method: 'DELETE' },
      'an unknown query parameter': request('POST', `${append}&insert=ROWS`, { values: [] }),
      'a value that is not of the enumeration': request('POST', append.replace('RAW', 'raw'), { values: [] }),
      'an unknown body field': request('POST', append, { rows: [['Ada']] }),
      'values that are no list of lists': request('POST', append, { values: ['Ada'] }),
      'another content type': { ...good, headers: { ...JSON_TYPE, 'content-type': 'text/plain' } },
      'no credentials': { ...good, headers: { 'content-type': 'application/json' } },
    };
    const accepted = Object.entries(bad).filter(([, one]) => checker.check(one).length === 0);
    expect(accepted.map(([what]) => what)).to.deep.equal([]);
  });

  const connection = { $oauth: { accessToken: 'the-access-token' } };
  const columns = ['Name', 'Email', 'Age'];
  const answers =
    (cells: Readonly<Record<string, readonly (readonly unknown[])[]>>) => (one: WireRequest) => {
      const range = Object.keys(cells).find((name) => decodeURIComponent(one.url.pathname).endsWith(name));
      return {
        json:
          one.method === 'GET'
            ? { values: range === undefined ? [] : cells[range] }
            : { updates: {}, updatedRange: 'x' },
      };
    };
  const record = { Name: 'Ada', Age: 36 };
  for (const [what, action, input, cells] of [
    ['appendRow', 'appendRow', { spreadsheetId: 'abc', values: ['Ada', 36, true, null] }, {}],
    ['appendRecord on an empty sheet', 'appendRecord', { spreadsheetId: 'abc', record }, {}],
    [
      'appendRecord with a header',
      'appendRecord',
      { spreadsheetId: 'abc', sheet: "Ada's", interpret: true, record },
      { '!1:1': [columns] },
    ],
    [
      'updateRow',
      'updateRow',
      { spreadsheetId: 'abc', keyColumn: 'Email', key: 'a@b.c', record },
      { '!1:1': [columns], '!B2:B': [['a@b.c']] },
    ],
    [
      'updateRow that appends',
      'updateRow',
      { spreadsheetId: 'abc', keyColumn: 'Email', key: 'a@b.c', record, upsert: true },
      { '!1:1': [columns] },
    ],
  ] as const) {
    it(`${what} sends what Google describes`, async () => {
      const wrong = await check(checker, 'google-sheets', { action, connection, input }, answers(cells));
      expect(wrong).to.deep.equal([]);
    });
  }

  it('verify asks for what Google describes', async () => {
    const missing = () => ({
      status: 404,
      json: { error: { code: 404, status: 'NOT_FOUND', message: 'x' } },
    });
    expect(
      await check(checker, 'google-sheets', { action: 'verify', connection, input: {} }, missing),
    ).to.deep.equal([]);
  });
});

describeWith('twilio-messages.openapi.json', (checker) => {
  const account = `AC${'a'.repeat(32)}`;
  const url = `https://api.twilio.com/2010-04-01/Accounts/${account}/Messages.json`;
  const headers = { authorization: 'Basic x', 'content-type': 'application/x-www-form-urlencoded' };
  const good = request('POST', url, 'To=%2B15551230001&From=%2B15005550006&Body=Hello', headers);

  it('negative control: bad requests are refused, and the same request made good is not', () => {
    expect(checker.check(good)).to.deep.equal([]);
    const bad: Record<string, WireRequest> = {
      'an account that is none': request('POST', url.replace(account, 'me'), good.body, headers),
      'no recipient': { ...good, body: 'From=%2B15005550006&Body=Hello' },
      'an unknown field': { ...good, body: `${good.body}&Text=Hello` },
      'a service id that is none': { ...good, body: `${good.body}&MessagingServiceSid=x` },
      'a JSON body': request(
        'POST',
        url,
        { To: '+15551230001' },
        { ...headers, 'content-type': 'application/json' },
      ),
      'no credentials': { ...good, headers: { 'content-type': headers['content-type'] } },
    };
    const accepted = Object.entries(bad).filter(([, one]) => checker.check(one).length === 0);
    expect(accepted.map(([what]) => what)).to.deep.equal([]);
  });

  const connection = { accountSid: account, authToken: 'the token', from: '+15005550006' };
  for (const [what, input] of [
    ['a message from a number', {}],
    ['a message from a messaging service', { messagingServiceSid: `MG${'a'.repeat(32)}` }],
  ] as const) {
    it(`${what} is sent as Twilio describes`, async () => {
      const running = {
        action: 'send',
        connection,
        input: { to: '+15551230001', body: 'Hello שלום 👋', ...input },
      };
      const wrong = await check(checker, 'twilio-sms', running, () => ({
        status: 201,
        json: { sid: 'SM1', status: 'queued' },
      }));
      expect(wrong).to.deep.equal([]);
    });
  }
});
