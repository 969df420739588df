import { expect } from 'chai';
import fc from 'fast-check';
import {
  createRedactor,
  credentialsOn,
  learningRedactor,
  redactedStart,
  redactJson,
  redactTree,
  traceRequest,
  traceResponse,
} from '../../core/runtime/redaction.ts';

const SECRET = 'p@ss/wörd "1" & <2>';

describe('redaction', () => {
  const redact = createRedactor([SECRET]);

  const forms: Record<string, string> = {
    'as it is': SECRET,
    'in a URL': encodeURIComponent(SECRET),
    'in a URL, lower case': encodeURIComponent(SECRET).replaceAll(/%[0-9A-F]{2}/g, (escape) =>
      escape.toLowerCase(),
    ),
    'in a form': new URLSearchParams([['', SECRET]]).toString().slice(1),
    'in JSON': JSON.stringify(SECRET).slice(1, -1),
    'in JSON with ASCII only': JSON.stringify(SECRET)
      .slice(1, -1)
      .replace('ö', String.raw`\u00f6`),
    'in JSON with escaped slashes': JSON.stringify(SECRET)
      .slice(1, -1)
      .replace('/', String.raw`\/`),
    'in XML': 'p@ss/wörd &quot;1&quot; &amp; &lt;2&gt;',
    'in hexadecimal': Buffer.from(SECRET).toString('hex'),
    'in base64': Buffer.from(SECRET).toString('base64').replace(/=+$/, ''),
  };
  for (const [where, form] of Object.entries(forms)) {
    it(`finds a secret ${where}`, () =>
      expect(redact(`before ${form} after`)).to.match(/^before \*\*\*.{0,2} after$/));
  }

  it('finds a secret inside base64 at each alignment, as in Basic credentials', () => {
    for (const user of ['', 'u', 'us', 'use', 'user']) {
      for (const encoding of ['base64', 'base64url'] as const) {
        const encoded = Buffer.from(`${user}:${SECRET}:tail`).toString(encoding);
        const shown = redact(encoded);
        expect(shown).to.contain('***');
        expect(Buffer.from(shown, encoding).toString()).not.to.contain('wörd');
      }
    }
  });

  it('masks the outer one of two secrets, one within the other', () => {
    expect(createRedactor(['abcd', 'xabcdx'])('xabcdx abcd')).to.equal('*** ***');
  });

  it('takes signs of regular expressions as they are', () => {
    expect(createRedactor(['a.*b$c'])('a.*b$c axxb$c')).to.equal('*** axxb$c');
  });

  it('masks secrets shorter than four characters only as whole values', () => {
    const short = createRedactor(['1', 'abc']);
    expect(short('abc 111')).to.equal('abc 111');
    expect(redactJson({ pin: '1', n: 1, text: 'abc', other: '11' }, short)).to.deep.equal({
      pin: '***',
      n: '***',
      text: '***',
      other: '11',
    });
  });

  it('finds the lines of a private key', () => {
    const key =
      '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSj\n-----END PRIVATE KEY-----\n';
    expect(createRedactor([key])('log: MIIEvQIBADANBgkqhkiG9w0B')).to.equal('log: ***');
  });

  it('masks texts, keys and numbers of a tree', () => {
    const tree = { list: [SECRET, `x ${SECRET}`, 4711, true, null], [SECRET]: 1 };
    const shown = redactJson(tree, createRedactor([SECRET, '4711']));
    expect(shown).to.deep.equal({ list: ['***', 'x ***', '***', true, null], '***': 1 });
  });

  it('never lets a secret through, whatever it is made of', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 4, unit: 'grapheme' }),
        fc.string(),
        fc.string(),
        (secret, before, after) => {
          const redactor = createRedactor([secret]);
          fc.pre(!'***'.includes(secret) && !before.includes(secret) && !after.includes(secret));
          for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret)]) {
            const shown = redactor(`${before}|${form}|${after}`);
            if (shown.replaceAll('***', ' # ').includes(secret) || !shown.includes('***')) return false;
          }
          return true;
        },
      ),
    );
  });

  it('finds a secret in JSON that is carried in JSON, however often', () => {
    let text = SECRET;
    for (let level = 0; level < 4; level++) {
      text = JSON.stringify(text).slice(1, -1);
      expect(redact(`"${text}"`)).to.equal('"***"');
    }
  });

  it('finds the path of an address that is a secret', () => {
    const hook = createRedactor(['https://Hooks.vendor.test/services/T0/B0/x7Yz?k=a b']);
    expect(hook('Cannot POST /services/T0/B0/x7Yz')).to.equal('Cannot POST ***');
    expect(hook('to https://hooks.vendor.test/services/T0/B0/x7Yz?k=a%20b')).to.equal('to ***');
  });

  it('shows no piece of a secret at a cut, though masks before it have moved the cut', () => {
    const text = `${SECRET} `.repeat(40);
    for (let limit = 1; limit < 200; limit++) {
      expect(redactedStart(text, redact, limit).replaceAll('*', '').trim()).to.equal('');
    }
    expect(redactedStart('short', redact, 100)).to.equal('short');
    expect(redactedStart('x'.repeat(500), redact, 100)).to.equal('x'.repeat(100));
  });

  it('leaves short secrets alone in data that steps work with', () => {
    const some = createRedactor(['main', 'a-long-and-certain-secret']);
    const outputs = { branch: 'main', echo: 'it is a-long-and-certain-secret' };
    expect(redactTree(outputs, some.certain)).to.deep.equal({ branch: 'main', echo: 'it is ***' });
    expect(redactTree(outputs, some.leaf)).to.deep.equal({ branch: '***', echo: 'it is ***' });
  });

  it('keeps data what it is where a secret looks like a piece of JSON', () => {
    const odd = createRedactor(['1234', 'true', '"a":']);
    expect(redactTree({ id: 91_234, ok: true, pin: 1234 }, odd.leaf)).to.deep.equal({ id: 91_234, ok: true, pin: '***' });
  });

  describe('of credentials made on the way', () => {
    const bare = { method: 'GET', url: new URL('https://x.test/a?b=1'), headers: { accept: 'x' }, body: undefined };

    it('finds them on the request: in headers, and in the query', () => {
      const headers = { accept: 'y', authorization: 'Bearer fresh-token', 'x-api-key': 'a fresh key', 'webhook-id': 'id' };
      const wire = { ...bare, url: new URL('https://x.test/a?b=1&sig=a%2Bb'), headers };
      expect(credentialsOn(bare, wire)).to.deep.equal(['fresh-token', 'a fresh key', 'a+b']);
      expect(credentialsOn(bare, bare)).to.deep.equal([]);
    });

    it('masks them from then on, beside what was known, and keeps what is learned to itself', () => {
      const mine = learningRedactor(redact);
      const others = learningRedactor(redact);
      mine.learn(['fresh-token']);
      mine.learn(['newer-token', SECRET, '']);
      expect(mine(`fresh-token newer-token ${SECRET}`)).to.equal('*** *** ***');
      expect(mine.certain(Buffer.from('newer-token').toString('hex'))).to.equal(Buffer.from('newer-token').toString('hex'));
      expect(mine(Buffer.from('newer-token').toString('hex'))).to.equal('***');
      expect(others('fresh-token')).to.equal('fresh-token');
    });
  });

  describe('of the trace', () => {
    const request = {
      method: 'POST',
      url: new URL(`https://api.vendor.test/x?key=${encodeURIComponent(SECRET)}`),
      headers: {
        authorization: 'Bearer abc',
        'x-api-key': 'k',
        'content-type': 'application/json',
        'x-note': `is ${SECRET}`,
        'idempotency-key': 'i1',
      },
      body: Buffer.from(JSON.stringify({ password: SECRET, name: 'Ada' })),
    };

    it('masks credentials, by name and by value, and shows JSON as JSON', () => {
      expect(traceRequest(request, redact)).to.deep.equal({
        method: 'POST',
        url: 'https://api.vendor.test/x?key=***',
        headers: {
          authorization: '***',
          'x-api-key': '***',
          'content-type': 'application/json',
          'x-note': 'is ***',
          'idempotency-key': 'i1',
        },
        body: { password: '***', name: 'Ada' },
      });
    });

    it('shows counters of tokens, which are none', () => {
      const answer = {
        status: 200,
        headers: { 'x-ratelimit-remaining-tokens': '12', 'set-cookie': 'a=b' },
        body: Buffer.alloc(0),
      };
      expect(traceResponse(answer, redact)).to.deep.equal({
        status: 200,
        headers: { 'x-ratelimit-remaining-tokens': '12', 'set-cookie': '***' },
      });
    });

    it('cuts long bodies, and no secret is cut into view', () => {
      const body = Buffer.from(`${'x'.repeat(90)}${SECRET}${'y'.repeat(500)}`);
      const shown = traceResponse(
        { status: 200, headers: { 'content-type': 'text/plain' }, body },
        redact,
        100,
      );
      expect(shown).to.have.property('truncated', true);
      expect(shown).to.have.property('body', `${'x'.repeat(90)}***${'y'.repeat(7)}`);
    });

    it('shows the size of what is no text', () => {
      expect(
        traceResponse(
          { status: 200, headers: { 'content-type': 'image/png' }, body: Buffer.alloc(12) },
          redact,
        ),
      ).to.have.property('body', '12 bytes of image/png');
    });

    it("holds nothing that PostgreSQL's jsonb refuses", () => {
      for (const body of ['{"a":"\\u0000"}', '{"a":"\\ud83e"}', 'nul \0 byte']) {
        const shown = traceResponse(
          { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(body) },
          redact,
        );
        const text = (shown as { body: string }).body;
        expect(text).to.be.a('string');
        expect(text).not.to.contain('\0');
      }
    });
  });
});
