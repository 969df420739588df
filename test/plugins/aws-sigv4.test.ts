import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { signAws, type AwsKeys } from '../../core/kernel/aws-signature.ts';
import { VirtualClock } from '../../core/kernel/clock.ts';
import type { OutgoingRequest } from '../../core/kernel/http.ts';
import type { JsonObject } from '../../core/kernel/json.ts';
import type { AuthScheme, AuthSession } from '../../core/kernel/plugin.ts';
import { credentialsOn, createRedactor, traceRequest } from '../../core/runtime/redaction.ts';
import awsSigV4 from '../../plugins/awsSigV4/index.ts';
import { referenceSignature } from './sigv4-reference.ts';

interface Suite {
  readonly service: string;
  readonly region: string;
  readonly timestamp: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly cases: readonly Case[];
}

interface Case {
  readonly name: string;
  readonly normalize: boolean;
  readonly signBody: boolean;
  readonly sessionToken?: string;
  /** The token is sent, but not signed. */
  readonly omitSessionToken?: boolean;
  readonly request: string;
  readonly authorization: string;
}

const suite = JSON.parse(
  readFileSync(new URL('../fixtures/aws-sigv4/suite.json', import.meta.url), 'utf8'),
) as Suite;

/** Cases that a URL cannot express, and why that is no loss. */
const INEXPRESSIBLE: Readonly<Record<string, string>> = {
  'get-space-normalized':
    'signs a raw blank in the request line; a URL holds %20, and that is encoded a second time',
  'get-utf8':
    'signs raw UTF-8 in the request line; a URL holds it encoded, and that is encoded a second time',
  'get-relative-unnormalized': 'a URL has resolved its dots, and so the same path is sent and signed',
  'get-relative-relative-unnormalized': 'as above',
  'get-slash-dot-slash-unnormalized': 'as above',
  'get-slash-pointless-dot-unnormalized': 'as above',
};

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const NOON = Date.parse('2026-05-01T12:00:00Z');
const scheme = awsSigV4 as AuthScheme;
const sessionAt = (ms: number) => ({ clock: new VirtualClock(ms) }) as Partial<AuthSession> as AuthSession;

async function authorize(
  url: string,
  more: Partial<OutgoingRequest> & { config?: JsonObject; at?: number } = {},
): Promise<OutgoingRequest> {
  const { config, at = NOON, ...rest } = more;
  const request = { method: 'GET', url: new URL(url), headers: {}, body: undefined, ...rest };
  return scheme.authorize(
    request,
    { service: 'execute-api', region: 'eu-central-1', ...KEYS, ...config },
    sessionAt(at),
  );
}

describe('awsSigV4', () => {
  describe("against AWS's published suite", () => {
    for (const one of suite.cases) {
      if (one.name in INEXPRESSIBLE) continue;
      it(one.name, async () => {
        const { authorization } = await signAws(requestOf(one.request), keysOf(one), {
          service: suite.service,
          region: suite.region,
          at: Date.parse(suite.timestamp),
          bodyHash: one.signBody,
          path: one.normalize ? 'encodedTwice' : 'encodedOnce',
        });
        expect(authorization).to.equal(one.authorization);
      });
    }

    it('leaves out only what a URL cannot express', () => {
      const names = suite.cases.map(({ name }) => name);
      expect(names).to.include.members(Object.keys(INEXPRESSIBLE)).and.have.lengthOf(38);
    });
  });

  it('agrees with the published algorithm on any path, query and body', async () => {
    const word = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 6 }),
      fc.constantFrom('', 'a b', "it's(1)*!", 'é/ü', '+', '%41', 'שלום', '👩‍💻', 'a~b-c_d.e'),
    );
    const pair = fc.tuple(word, word);
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { maxLength: 4 }),
        fc.array(pair, { maxLength: 5 }),
        word,
        fc.constantFrom('s3', 'sns'),
        async (segments, query, body, service) => {
          const text = query
            .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
            .join('&');
          const path = segments
            .filter((segment) => !/^\.{0,2}$/.test(segment))
            .map((segment) => encodeURIComponent(segment))
            .join('/');
          const url = `https://api.vendor.test/${path}${text === '' ? '' : `?${text}`}`;
          const { headers } = await authorize(url, {
            method: 'PUT',
            body: Buffer.from(body),
            config: { service },
          });
          const signature = referenceSignature({
            method: 'PUT',
            segments: path.split('/'),
            query: text === '' ? [] : query,
            headers: { host: 'api.vendor.test', ...headers },
            encodings: service === 's3' ? 1 : 2,
            scope: `20260501/eu-central-1/${service}/aws4_request`,
            secret: KEYS.secretAccessKey,
          });
          expect(headers['authorization']).to.match(new RegExp(`Signature=${signature}$`));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('says the hash of the body, the date of the clock and the scope', async () => {
    const body = Buffer.from('{"text":"schön 🦊"}');
    const { headers } = await authorize('https://api.vendor.test/', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(headers['x-amz-content-sha256']).to.equal(createHash('sha256').update(body).digest('hex'));
    expect(headers['x-amz-date']).to.equal('20260501T120000Z');
    expect(headers['authorization']).to.match(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/20260501\/eu-central-1\/execute-api\/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature=[0-9a-f]{64}$/,
    );
  });

  it('signs each attempt afresh: same bytes, another date and signature', async () => {
    const first = await authorize('https://api.vendor.test/a', { at: NOON });
    const second = await authorize('https://api.vendor.test/a', { at: NOON + 61_000 });
    expect(second.headers['x-amz-date']).to.equal('20260501T120101Z');
    expect(second.headers['authorization']).not.to.equal(first.headers['authorization']);
    expect(second.url.href).to.equal(first.url.href);
    const again = await scheme.authorize(
      first,
      { service: 'execute-api', region: 'eu-central-1', ...KEYS },
      sessionAt(NOON + 61_000),
    );
    expect(again.headers).to.deep.equal(second.headers);
  });

  it('sends and signs the session token, and neither where it is empty', async () => {
    const { headers } = await authorize('https://api.vendor.test/', {
      config: { sessionToken: 'FwoGZXIvYXdzEXAMPLE' },
    });
    expect(headers['x-amz-security-token']).to.equal('FwoGZXIvYXdzEXAMPLE');
    expect(headers['authorization']).to.contain(';x-amz-security-token,');
    expect(
      (await authorize('https://api.vendor.test/', { config: { sessionToken: '' } })).headers,
    ).not.to.have.property('x-amz-security-token');
  });

  it('signs the port where it is not the usual one, and the host that the author wrote', async () => {
    const plain = await authorize('https://api.vendor.test/');
    expect((await authorize('https://api.vendor.test:8443/')).headers).not.to.deep.equal(plain.headers);
    expect((await authorize('https://api.vendor.test:443/')).headers).to.deep.equal(plain.headers);
    const named = await authorize('https://10.0.0.1/', { headers: { host: 'api.vendor.test' } });
    expect(named.headers['authorization']).to.equal(plain.headers['authorization']);
    expect(named.headers['host']).to.equal('api.vendor.test');
  });

  it('leaves no secret in a trace, and tells the engine of its credentials', async () => {
    const bare = { method: 'GET', url: new URL('https://api.vendor.test/'), headers: {}, body: undefined };
    const token = 'FwoGZXIvYXdzEXAMPLE';
    const wire = await authorize(bare.url.href, { config: { sessionToken: token } });
    const seen = JSON.stringify(traceRequest(wire, createRedactor([])));
    expect(seen)
      .not.to.contain(token)
      .and.not.to.contain('Signature=')
      .and.not.to.contain(KEYS.secretAccessKey);
    expect(credentialsOn(bare, wire)).to.include.members([token, wire.headers['authorization']]);
  });
});

function keysOf({ sessionToken, omitSessionToken }: Case): AwsKeys {
  return { ...KEYS, sessionToken: omitSessionToken ? undefined : sessionToken };
}

/** A request as the suite writes it: request line, headers that may go on in further lines, blank line, body. */
function requestOf(text: string): OutgoingRequest {
  const [head = '', ...rest] = text.split('\n\n');
  const [line = '', ...fields] = head
    .replaceAll(/\n(?=[ \t])/g, ' ')
    .split('\n')
    .filter((field) => field !== '');
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1\.1$/.exec(line) ?? [];
  const headers: Record<string, string> = {};
  for (const field of fields) {
    const [, name = '', value = ''] = /^([^:]+):(.*)$/.exec(field) ?? [];
    const key = name.toLowerCase();
    headers[key] = key in headers ? `${headers[key]},${value}` : value;
  }
  const body = rest.join('\n\n');
  return {
    method,
    url: new URL(`https://${headers['host']}${target}`),
    headers,
    body: body === '' ? undefined : Buffer.from(body),
  };
}
