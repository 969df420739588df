import { expect } from 'chai';
import type { Socket } from 'node:net';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Json, JsonObject } from '../../core/kernel/json.ts';
import { testEngine, type TestEngine } from '../support/engine.ts';
import {
  answerOf,
  bytesThenEnd,
  bytesThenReset,
  startWireVendor,
  whole,
  type Script,
  type WireVendor,
} from '../support/wire.ts';

/*
 * A vendor that misbehaves, below HTTP where need be. Each case runs under three idempotencies: a GET (safe), a POST
 * under a key (header), a POST that may not be repeated (once).
 */
const MAX_BYTES = 400_000;
const GET = '{ method: GET, path: /things }';
const POST = '{ method: POST, path: /things, json: { a: 1 } }';

/** Far longer than any answer takes, however busy the machine: what ends such a step is the answer. */
const PATIENT = 'PT20S';
/** For answers that never come: what ends such a step is the time. */
const HASTY = 'PT0.3S';

const action = (name: string, request: string, mode: string, response: string, outputs: string, timeout = PATIENT): string => `
  ${name}:
    title: Send
    input: { type: object }
    steps:
      - id: send
        request: ${request}
        idempotency: ${mode}
        timeout: ${timeout}
        response: { maxBytes: ${MAX_BYTES}, ${response} }
    outputs: ${outputs}`;

const LOOSE = ['outputs: { ok: /ok }', '{ ok: "{{ optional steps.send.ok }}" }'] as const;
const ONCE = '{ mode: once }';

const YAML = `
apiVersion: sluice/v1
kind: integration
id: vendor
version: 1.0.0
title: Vendor
baseUrl: https://api.vendor.test
egress: [https://files.vendor.test]
connection:
  type: object
  required: [token]
  properties: { token: { type: string, secret: true } }
auth: { bearer: { token: "{{ connection.token }}" } }
retry: { maxAttempts: 2, backoff: { type: constant, initial: PT0.02S, jitter: none } }
errors:
  - { when: { body: { /ok: false } }, then: fail, kind: config, message: "The vendor said {{ response.body.error }}." }
actions:\
${action('safe', GET, '{ mode: safe }', ...LOOSE)}\
${action('header', POST, '{ mode: header, header: Idempotency-Key }', ...LOOSE)}\
${action('once', POST, ONCE, ...LOOSE)}\
${action('hastySafe', GET, '{ mode: safe }', ...LOOSE, HASTY)}\
${action('hastyHeader', POST, '{ mode: header, header: Idempotency-Key }', ...LOOSE, HASTY)}\
${action('hastyOnce', POST, ONCE, ...LOOSE, HASTY)}\
${action('typed', POST, ONCE, 'decode: json, outputs: { ok: /ok }', '{ ok: "{{ optional steps.send.ok }}" }')}\
${action('shaped', POST, ONCE, 'schema: { type: object, required: [id] }, outputs: { id: /id }', '{ id: "{{ steps.send.id }}" }')}\
${action('needy', POST, ONCE, 'outputs: { ok: /ok }', '{ ok: "{{ steps.send.ok }}" }')}
`;

const JSON_TYPE = { 'content-type': 'application/json' };
const HTML_TYPE = { 'content-type': 'text/html' };
const OK = '{"ok":true}';
const json = (body: string, headers: Readonly<Record<string, string>> = {}): Script =>
  whole('200 OK', { ...JSON_TYPE, ...headers }, body);
const latin = (body: string): Script => (socket) =>
  void socket.write(answerOf('200 OK', { 'content-type': 'application/json; charset=iso-8859-1' }, Buffer.from(body, 'latin1')));
const redirect = (location: string): Script => whole('302 Found', { location });
const first = (bytes: string, then: string | Buffer): Script => (socket) => void (socket.write(bytes), socket.write(then));
const drip: Script = (socket) => {
  socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n');
  const dripping = setInterval(() => socket.write('x'), 10);
  socket.on('close', () => clearInterval(dripping));
};

interface Case {
  readonly says: string;
  readonly script: Script;
}

/** A whole answer that says yes: done, with these outputs. */
const DONE: readonly (Case & { readonly outputs: JsonObject; readonly status?: number })[] = [
  { says: 'HTML with 200', script: whole('200 OK', HTML_TYPE, '<html>Welcome</html>'), outputs: {} },
  { says: 'no JSON under application/json', script: json('{"ok":'), outputs: {} },
  { says: 'JSON 100,000 levels deep', script: json('['.repeat(100_000) + ']'.repeat(100_000)), outputs: {} },
  { says: 'Latin-1 that says so', script: latin('{"ok":"é"}'), outputs: { ok: 'é' } },
  { says: 'Latin-1 under a false charset', script: whole('200 OK', { 'content-type': 'application/json; charset=utf-8' }, Buffer.from('{"ok":"é"}', 'latin1')), outputs: { ok: '\u{fffd}' } },
  { says: 'an unknown charset', script: json('{"ok":"é"}', { 'content-type': 'application/json; charset=klingon' }), outputs: { ok: 'é' } },
  { says: 'UTF-16', script: whole('200 OK', { 'content-type': 'application/json; charset=utf-16le' }, Buffer.from('{"ok":"é"}', 'utf16le')), outputs: { ok: 'é' } },
  { says: 'NUL and a lone surrogate', script: json(String.raw`{"ok":"a\u0000b\ud800c"}`), outputs: { ok: 'a\0b\ud800c' } },
  { says: 'emoji and right-to-left text', script: json('{"ok":"👩‍🚀 שלום \u{202e}"}'), outputs: { ok: '👩‍🚀 שלום \u{202e}' } },
  { says: 'a body named __proto__', script: json('{"__proto__":{"ok":1}}'), outputs: {} },
  { says: '100 before the answer', script: first('HTTP/1.1 100 Continue\r\n\r\n', answerOf('200 OK', JSON_TYPE, OK)), outputs: { ok: true } },
  { says: '103 before the answer', script: first('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n', answerOf('200 OK', JSON_TYPE, OK)), outputs: { ok: true } },
  { says: '204', script: (socket) => void socket.write('HTTP/1.1 204 No Content\r\n\r\n'), outputs: {}, status: 204 },
];

/** A whole answer that says no: failed, at once. */
const REFUSED: readonly (Case & { readonly message: string; readonly rule: string; readonly status: number })[] = [
  { says: 'a 200 that is an error', script: json('{"ok":false,"error":"no_such_channel"}'), status: 200, rule: '/errors/0', message: 'The vendor said no_such_channel.' },
  { says: 'HTML with 404', script: whole('404 Not Found', HTML_TYPE, '<html>lost</html>'), status: 404, rule: 'default/404', message: 'The answer was 404. It said: <html>lost</html>' },
  { says: '304', script: (socket) => void socket.write('HTTP/1.1 304 Not Modified\r\n\r\n'), status: 304, rule: 'default/304', message: 'The answer was 304.' },
  { says: 'our own secret', script: whole('400 Bad Request', JSON_TYPE, '{"error":"secret-token-1 is bad"}'), status: 400, rule: 'default/400', message: 'The answer was 400. It said: {"error":"*** is bad"}' },
  ...['https://elsewhere.test/x', 'http://169.254.169.254/latest/meta-data/', 'http://[', 'file:///etc/passwd'].map((location) => ({
    says: `a redirect to ${location}`,
    script: redirect(location),
    status: 302,
    rule: 'default/302',
    message: `The answer was 302, a redirect to ${location}, which is not followed: it is outside the definition's origins, or the method is not GET.`,
  })),
];

/** No whole answer, or one of which nobody knows what it means: sent again, unless it may not be. */
const CUT = 'The connection was cut before a whole answer came: ';
const LATE = `No answer came in time: https://api.vendor.test gave no whole answer within ${HASTY}.`;
const LONG = `${CUT}The answer is longer than the ${MAX_BYTES} bytes accepted (maxBytes), after decompression.`;
const UNKNOWN: readonly (Case & { readonly message: string; readonly rule: string; readonly status?: number })[] = [
  { says: 'HTML with 500', script: whole('500 Oops', HTML_TYPE, '<html>bad</html>'), status: 500, rule: 'default/500', message: 'The answer was 500. It said: <html>bad</html>' },
  { says: 'HTML with 502', script: whole('502 Bad Gateway', HTML_TYPE, '<html>nginx</html>'), status: 502, rule: 'default/502', message: 'The answer was 502. It said: <html>nginx</html>' },
  { says: '600', script: whole('600 What', JSON_TYPE, OK), status: 600, rule: 'default/600', message: 'The answer was 600. It said: {"ok":true}' },
  ...[
    { says: 'half a body', script: bytesThenEnd(answerOf('200 OK', { ...JSON_TYPE, 'content-length': '100' }, '{"ok":')), message: `${CUT}The server aborted pending request` },
    { says: 'half a chunked body', script: bytesThenEnd('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"ok"\r\n'), message: `${CUT}The server aborted pending request` },
    { says: 'a body beyond maxBytes', script: json(JSON.stringify({ ok: 'x'.repeat(MAX_BYTES) })), message: LONG },
    { says: 'a gzip bomb', script: whole('200 OK', { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(50_000_000))), message: LONG },
    { says: 'a brotli bomb', script: whole('200 OK', { ...JSON_TYPE, 'content-encoding': 'br' }, brotliCompressSync(Buffer.alloc(50_000_000), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })), message: LONG },
    { says: 'gzip that is none', script: whole('200 OK', { ...JSON_TYPE, 'content-encoding': 'gzip' }, 'plain'), message: `${CUT}incorrect header check` },
    { says: 'half a gzip stream', script: whole('200 OK', { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync(OK).subarray(0, 15)), message: `${CUT}unexpected end of file` },
    { says: '50,000 headers', script: whole('200 OK', Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`x-${n}`, 'v'])), OK), message: `${CUT}Parse Error: Header overflow` },
    { says: 'a header of 100,000 bytes', script: json(OK, { 'x-huge': 'v'.repeat(100_000) }), message: `${CUT}Parse Error: Header overflow` },
    { says: 'a Content-Length that is too short', script: json(OK, { 'content-length': '5' }), message: `${CUT}Parse Error: Expected HTTP/, RTSP/ or ICE/` },
    { says: 'a negative Content-Length', script: json(OK, { 'content-length': '-1' }), message: `${CUT}Parse Error: Invalid character in Content-Length` },
    { says: 'two Content-Lengths', script: bytesThenEnd('HTTP/1.1 200 OK\r\ncontent-length: 11\r\ncontent-length: 12\r\n\r\n{"ok":true}'), message: `${CUT}Parse Error: Duplicate Content-Length` },
    { says: 'a Content-Length beyond all numbers', script: bytesThenEnd(answerOf('200 OK', { 'content-length': '9'.repeat(23) }, OK)), message: `${CUT}Parse Error: Content-Length overflow` },
    { says: 'a status of two digits', script: whole('42 What', JSON_TYPE, OK), message: `${CUT}Parse Error: Invalid status code` },
    { says: 'no HTTP at all', script: bytesThenEnd('SSH-2.0-OpenSSH_9.2p1\r\n'), message: `${CUT}Parse Error: Expected HTTP/, RTSP/ or ICE/` },
    { says: 'a reset in the middle of the headers', script: bytesThenReset('HTTP/1.1 200 OK\r\ncontent-ty'), message: `${CUT}socket hang up` },
    { says: 'an end in place of an answer', script: (socket: Socket) => void socket.end(), message: `${CUT}socket hang up` },
  ].map((one) => ({ ...one, rule: 'default/reset' })),
  ...[
    { says: 'nothing, for ever', script: () => {} },
    { says: 'a body that drips for ever', script: drip },
    { says: '100 and nothing more', script: (socket: Socket) => void socket.write('HTTP/1.1 100 Continue\r\n\r\n') },
    { says: '101 that nobody asked for', script: whole('101 Switching Protocols', { connection: 'upgrade', upgrade: 'other' }) },
  ].map((one: Case) => ({ ...one, rule: 'default/timeout', message: LATE })),
];

describe('A vendor that answers', function () {
  let vendor: WireVendor;
  let engine: TestEngine;

  before(async () => {
    vendor = await startWireVendor();
    engine = await testEngine(YAML, { 'https://api.vendor.test': vendor.origin, 'https://files.vendor.test': vendor.origin });
    await engine.worker();
  });
  after(async () => {
    await engine.close();
    await vendor.close();
  });

  interface Seen {
    readonly id: string;
    readonly state: string;
    readonly outputs: JsonObject | null;
    readonly error: unknown;
    /** Attempt, state, rule and status of each row. */
    readonly trace: readonly string[];
    readonly responses: readonly Json[];
    readonly sent: number;
  }

  /** Requests so far under an idempotency; modes are tried side by side. */
  const sentBy = (mode: string): number =>
    vendor.requests.filter(({ method, headers }) => {
      const posted = 'idempotency-key' in headers ? 'header' : 'once';
      return (method === 'GET' ? 'safe' : posted) === (mode === 'safe' || mode === 'header' ? mode : 'once');
    }).length;
  /** One run against this behaviour, as it ended. */
  const carried = async (mode: string, script: Script, actionOf = (name: string) => name): Promise<Seen> => {
    const before = sentBy(mode);
    vendor.answer(script);
    const id = await engine.submit(actionOf(mode));
    const { state, outputs, error } = await engine.settled(id, 'succeeded', 'failed', 'needs_review');
    const { rows } = await engine.inTransaction((client) =>
      client.query<{ attempt: number; state: string; rule: string | null; status: number | null; response: Json }>(
        'SELECT attempt, state, rule, status, response FROM run_steps WHERE run_id = $1 ORDER BY seq',
        [id],
      ),
    );
    const trace = rows.map((row) => [row.attempt, row.state, row.rule ?? '-', row.status ?? '-'].join(' '));
    return { id, state, outputs, error, trace, responses: rows.map((row) => row.response), sent: sentBy(mode) - before };
  };
  const hasty = (mode: string): string => `hasty${mode.charAt(0).toUpperCase()}${mode.slice(1)}`;
  const review = (id: string, why: string): string =>
    `It is unknown whether this request had its effect, and it may not be repeated. ${why} Say which it is with POST /v1/runs/${id}:resolve.`;

  for (const { says, script, outputs, status = 200 } of DONE) {
    it(`${says}: done, once`, async () => {
      for (const seen of await Promise.all(['safe', 'header', 'once'].map((mode) => carried(mode, script)))) {
        expect(seen).to.deep.include({ state: 'succeeded', outputs, error: null, trace: [`1 succeeded - ${status}`], sent: 1 });
      }
    });
  }

  for (const { says, script, message, rule, status } of REFUSED) {
    it(`${says}: failed, and not sent again`, async () => {
      const error = { kind: 'config', message, step: 'send', rule };
      for (const seen of await Promise.all(['safe', 'header', 'once'].map((mode) => carried(mode, script)))) {
        expect(seen).to.deep.include({ state: 'failed', error, trace: [`1 failed ${rule} ${status}`], sent: 1 });
      }
    });
  }

  for (const { says, script, message, rule, status = '-' } of UNKNOWN) {
    it(`${says}: sent again, or for a person to judge`, async () => {
      const actionOf = rule === 'default/timeout' ? hasty : undefined;
      const [safe, header, once] = await Promise.all([
        carried('safe', script, actionOf),
        carried('header', script, actionOf),
        carried('once', script, actionOf),
      ]);
      const gaveUp = { kind: 'transient', message: `Given up after 2 attempts. ${message}`, step: 'send', rule };
      const trace = [`1 waiting ${rule} ${status}`, `2 failed ${rule} ${status}`];
      for (const seen of [safe, header]) expect(seen).to.deep.include({ state: 'failed', error: gaveUp, trace, sent: 2 });
      const error = { kind: 'transient', message: review(once.id, message), step: 'send', rule };
      expect(once).to.deep.include({ state: 'needs_review', error, trace: [`1 needs_review ${rule} ${status}`], sent: 1 });
    });
  }

  describe('what a step asks of the answer', () => {
    const effect = { state: 'failed', sent: 1, trace: ['1 failed - 200'] };
    const system = (message: string) => ({ kind: 'system', message, step: 'send' });

    it('HTML where the step decodes JSON: a failure of the system, never sent again', async () => {
      const seen = await carried('typed', whole('200 OK', HTML_TYPE, '<html>'));
      const why = `The answer is not json: The body is not JSON: Unexpected token '<', "<html>" is not valid JSON`;
      expect(seen).to.deep.include({ ...effect, error: system(why) });
    });

    it('JSON nested too deep where the step decodes JSON: the same', async () => {
      const seen = await carried('typed', json('['.repeat(100_000) + ']'.repeat(100_000)));
      const why = 'The answer is not json: The body is not JSON: it is nested deeper than 512 levels.';
      expect(seen).to.deep.include({ ...effect, error: system(why) });
    });

    it('another shape than its schema: the same', async () => {
      const seen = await carried('shaped', json('{"name":"x"}'));
      expect(seen.error).to.deep.equal(system('The answer is not as its schema says: /id "id" is missing.'));
      expect(seen).to.deep.include(effect);
    });

    it('an output that the action needs and the answer lacks: failed, with the effect on record', async () => {
      const seen = await carried('needy', whole('200 OK', HTML_TYPE, '<html>'));
      expect(seen).to.deep.include({ state: 'failed', sent: 1, trace: ['1 succeeded - 200'] });
      const message = '{{ steps.send.ok }}: there is no value "steps.send.ok" here. Where it may be absent write {{ optional steps.send.ok }}, or {{ default steps.send.ok "..." }}.';
      expect(seen.error).to.deep.equal({ kind: 'config', message });
    });
  });

  describe('redirects', () => {
    it('a GET follows one within the definition, and takes no credentials to another origin', async () => {
      const seen = await carried('safe', (socket, { headers }) => {
        const there = headers['host'] === 'files.vendor.test';
        socket.write(there ? answerOf('200 OK', JSON_TYPE, OK) : answerOf('307 Elsewhere', { location: 'https://files.vendor.test/f' }));
      });
      expect(seen).to.deep.include({ state: 'succeeded', sent: 2, outputs: { ok: true }, trace: ['1 succeeded - 200'] });
      const [one, two] = vendor.requests.slice(-2);
      expect(one?.headers['authorization']).to.equal('Bearer secret-token-1');
      expect(two?.headers).to.not.have.property('authorization');
    });

    it('a GET in a loop ends with the sixth answer', async () => {
      const seen = await carried('safe', redirect('/things'));
      expect(seen).to.deep.include({ state: 'failed', sent: 6, trace: ['1 failed default/302 302'] });
    });

    it('a POST follows none, not even to its own origin', async () => {
      for (const mode of ['header', 'once']) {
        const seen = await carried(mode, redirect('/things'));
        expect(seen, mode).to.deep.include({ state: 'failed', sent: 1, trace: ['1 failed default/302 302'] });
      }
    });
  });

  describe('a connection that is kept, and cut under the next request', () => {
    it('is no loss for what may be repeated, and a question for what may not', async () => {
      const seen: Record<string, Seen> = {};
      for (const mode of ['safe', 'header', 'once']) {
        expect((await carried(mode, json(OK))).state).to.equal('succeeded');
        const connections = vendor.connections();
        let met = 0;
        seen[mode] = await carried(mode, (socket, request) => {
          if (met++ === 0 && vendor.connections() === connections) socket.destroy();
          else json(OK)(socket, request);
        });
      }
      expect(seen['safe']).to.deep.include({ state: 'succeeded', sent: 2, trace: ['1 waiting default/reset -', '2 succeeded - 200'] });
      expect(seen['header']).to.deep.include({ state: 'succeeded', sent: 2, trace: ['1 waiting default/reset -', '2 succeeded - 200'] });
      expect(seen['once']).to.deep.include({ state: 'needs_review', sent: 1, trace: ['1 needs_review default/reset -'] });
    });
  });

  describe('what the trace shows', () => {
    it('the answer as it came, without our secret', async () => {
      const { responses } = await carried('once', whole('400 Bad Request', JSON_TYPE, '{"error":"secret-token-1 is bad"}'));
      expect(responses).to.deep.equal([
        { status: 400, headers: { 'content-length': '33', 'content-type': 'application/json' }, body: { error: '*** is bad' } },
      ]);
    });

    it('NUL and lone surrogates as the text of their JSON', async () => {
      const body = String.raw`{"ok":"a\u0000b\ud800c"}`;
      const { responses } = await carried('once', json(body));
      expect(responses[0]).to.deep.include({ body });
    });

    it('an answer without end as its fault', async () => {
      const { responses } = await carried('once', drip, hasty);
      expect(responses).to.deep.equal([{ fault: 'timeout', message: `https://api.vendor.test gave no whole answer within ${HASTY}.` }]);
    });
  });
});
