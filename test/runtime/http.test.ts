import { createServer, type AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { systemClock, VirtualClock } from '../../core/kernel/clock.ts';
import {
  isFailure,
  type Answer,
  type Failure,
  type OutgoingRequest,
  type SendOptions,
} from '../../core/kernel/http.ts';
import {
  createHttpClient,
  type HttpClientOptions,
  type SluiceHttpClient,
} from '../../core/runtime/http/client.ts';
import {
  bodyOf,
  listenHttp,
  listenTcp,
  listenTls,
  sendJson,
  TEST_CA,
  type Listening,
} from '../support/http-server.ts';

describe('http client', () => {
  const toClose: { close(): unknown }[] = [];
  const keep = <T extends { close(): unknown }>(thing: T): T => {
    toClose.push(thing);
    return thing;
  };
  afterEach(async () => {
    for (const thing of toClose.splice(0)) await thing.close();
  });

  const make = (options: Partial<HttpClientOptions> = {}): SluiceHttpClient =>
    keep(createHttpClient({ clock: systemClock, ...options }));

  it('carries method, path, headers and bytes exactly, and reads the whole answer', async () => {
    const seen: Record<string, unknown> = {};
    const server = keep(
      await listenHttp(async (request, response) => {
        Object.assign(seen, {
          method: request.method,
          url: request.url,
          type: request.headers['content-type'],
          body: await bodyOf(request),
        });
        response.writeHead(201, { 'X-Request-Id': 'r1', 'Set-Cookie': ['a=1', 'b=2'] }).end('done ✓');
      }),
    );
    const answer = whole(await send(make(), post(`${server.origin}/a`, '{"name":"Ada 🦊"}')));
    expect(seen).to.deep.equal({
      method: 'POST',
      url: '/a',
      type: 'application/json',
      body: '{"name":"Ada 🦊"}',
    });
    expect(answer.status).to.equal(201);
    expect(answer.headers).to.include({ 'x-request-id': 'r1', 'set-cookie': 'a=1, b=2' });
    expect(answer.body.toString()).to.equal('done ✓');
  });

  for (const path of [
    '/a%2Fb',
    '/a%2eb/c',
    "/it's",
    '/%22quoted%22',
    '/%F0%9F%A6%8A',
    '/a:append',
    '/a?x=%2F&y=a+b&z=%27',
    '/Sheet1!A1',
    '/%E0%A4%A',
  ]) {
    it(`leaves ${path} on the wire as it is`, async () => {
      let url = '';
      const server = keep(await listenHttp((request, response) => response.end((url = request.url ?? ''))));
      await send(make(), get(`${server.origin}${path}`));
      expect(url).to.equal(path);
    });
  }

  it('returns 4xx and 5xx as answers', async () => {
    const server = keep(await listenHttp((_request, response) => sendJson(response, 503, { error: 'busy' })));
    const answer = whole(await send(make(), get(server.origin)));
    expect([answer.status, answer.body.toString()]).to.deep.equal([503, '{"error":"busy"}']);
  });

  it('decompresses, and counts maxBytes after it', async () => {
    const bomb = gzipSync(Buffer.alloc(200_000, 'a'));
    const server = keep(
      await listenHttp((_request, response) =>
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
      ),
    );
    expect(whole(await send(make(), get(server.origin))).body.length).to.equal(200_000);
    const failure = failed(await send(make(), get(server.origin), { maxBytes: 100_000 }));
    expect(failure).to.deep.include({ network: 'reset', sent: true });
    expect(failure.message).to.contain('100000 bytes');
  });

  it('stops reading an endless answer at maxBytes', async () => {
    const server = keep(
      await listenHttp((_request, response) => {
        const more = (): void => {
          while (response.write(Buffer.alloc(65_536))) continue;
          response.once('drain', more);
        };
        more();
      }),
    );
    expect(failed(await send(make(), get(server.origin), { maxBytes: 1_000_000 }))).to.include({
      network: 'reset',
      sent: true,
    });
  });

  it('judges the length of HEAD answers by what came, not by Content-Length', async () => {
    const server = keep(
      await listenHttp((_request, response) => response.writeHead(200, { 'content-length': '5000' }).end()),
    );
    const answer = whole(await send(make(), { ...get(server.origin), method: 'HEAD' }, { maxBytes: 10 }));
    expect(answer.status).to.equal(200);
  });

  describe('failures', () => {
    it('a refused connection was not sent', async () => {
      const port = await freePort();
      expect(failed(await send(make(), get(`http://127.0.0.1:${port}`)))).to.include({
        network: 'reset',
        sent: false,
      });
    });

    it('an unknown name was not sent', async () => {
      const resolve = () =>
        Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND nowhere.test'), { code: 'ENOTFOUND' }));
      const failure = failed(await send(make({ resolve }), get('http://nowhere.test')));
      expect(failure).to.deep.equal({
        network: 'dns',
        sent: false,
        message: 'getaddrinfo ENOTFOUND nowhere.test',
      });
    });

    it('an untrusted certificate was not sent', async () => {
      const server = keep(await listenTls((_request, response) => response.end('no')));
      expect(failed(await send(make(), get(server.origin)))).to.include({ network: 'tls', sent: false });
    });

    it('a cut during the TLS handshake was not sent', async () => {
      const server = keep(await listenTcp((socket) => socket.once('data', () => socket.destroy())));
      expect(failed(await send(make(), get(server.origin.replace('http:', 'https:'))))).to.include({
        network: 'tls',
        sent: false,
      });
    });

    it('plain HTTP where TLS was expected was not sent', async () => {
      const server = keep(
        await listenTcp((socket) =>
          socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
        ),
      );
      expect(failed(await send(make(), get(server.origin.replace('http:', 'https:'))))).to.include({
        network: 'tls',
        sent: false,
      });
    });

    it('a cut before any answer may have been sent', async () => {
      const server = keep(await listenTcp((socket) => socket.once('data', () => socket.destroy())));
      expect(failed(await send(make(), post(server.origin, '{}')))).to.include({
        network: 'reset',
        sent: true,
      });
    });

    it('a cut on a kept-alive connection may have been sent', async () => {
      let requests = 0;
      const server = keep(
        await listenTcp((socket) =>
          socket.on('data', () => {
            requests += 1;
            if (requests === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
            else socket.destroy();
          }),
        ),
      );
      const client = make();
      whole(await send(client, post(server.origin, '{}')));
      expect(failed(await send(client, post(server.origin, '{}')))).to.include({
        network: 'reset',
        sent: true,
      });
      expect(requests).to.equal(2);
    });

    for (const [name, answer] of [
      ['half a body', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'],
      ['half a chunked body', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n'],
      ['half the headers', 'HTTP/1.1 200 OK\r\ncontent-le'],
      ['something that is not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ] as const) {
      it(`${name} counts as cut`, async () => {
        const server = keep(await listenTcp((socket) => socket.once('data', () => socket.end(answer))));
        expect(failed(await send(make(), get(server.origin)))).to.include({ network: 'reset', sent: true });
      });
    }

    it('half a compressed body counts as cut', async () => {
      const zipped = gzipSync(Buffer.from('x'.repeat(100_000) + Math.PI));
      const head = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${zipped.length}\r\n\r\n`;
      const server = keep(
        await listenTcp((socket) =>
          socket.once('data', () => socket.end(Buffer.concat([Buffer.from(head), zipped.subarray(0, 40)]))),
        ),
      );
      expect(failed(await send(make(), get(server.origin)))).to.include({ network: 'reset', sent: true });
    });

    it('a body that is not what its Content-Encoding says counts as cut', async () => {
      const server = keep(
        await listenHttp((_request, response) =>
          response.writeHead(200, { 'content-encoding': 'gzip' }).end('not gzip'),
        ),
      );
      expect(failed(await send(make(), get(server.origin)))).to.include({ network: 'reset', sent: true });
    });

    it('never sends a header with a line break', async () => {
      let requests = 0;
      const server = keep(await listenHttp((_request, response) => response.end(String((requests += 1)))));
      const request = { ...get(server.origin), headers: { 'x-name': 'a\r\nx-admin: 1' } };
      const error = await send(make(), request).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).to.have.property('kind', 'config');
      expect(error).to.have.property('message').that.contains('x-name');
      expect(requests).to.equal(0);
    });
  });

  it('says that a request is impossible, in place of trying it again', async () => {
    const request = { ...post('http://127.0.0.1:1/', '{}'), method: 'HEAD' };
    const error = await send(make(), request).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.have.property('kind', 'config');
  });

  describe('timeouts and aborts', () => {
    it('times out by the given clock, and says that the request was sent', async () => {
      const clock = new VirtualClock(0);
      const server = keep(await listenHttp(() => clock.advance(30_000)));
      const failure = failed(await send(make({ clock }), post(server.origin, '{}'), { timeoutMs: 30_000 }));
      expect(failure).to.deep.include({ network: 'timeout', sent: true });
      expect(failure.message).to.contain('PT30S');
    });

    it('covers the time until the last byte', async () => {
      const clock = new VirtualClock(0);
      const server = keep(
        await listenHttp((_request, response) => {
          response.writeHead(200, { 'content-length': '10' });
          response.write('half', () => clock.advance(1000));
        }),
      );
      expect(failed(await send(make({ clock }), get(server.origin), { timeoutMs: 1000 }))).to.include({
        network: 'timeout',
        sent: true,
      });
    });

    it('a name that never resolves was not sent', async () => {
      const clock = new VirtualClock(0);
      const resolve = () => {
        setImmediate(() => clock.advance(1000));
        return new Promise<never>(() => {});
      };
      expect(
        failed(await send(make({ clock, resolve }), get('http://slow.test'), { timeoutMs: 1000 })),
      ).to.include({ network: 'timeout', sent: false });
    });

    it('an aborted exchange says whether it was sent', async () => {
      const controller = new AbortController();
      const server = keep(await listenHttp(() => controller.abort()));
      const failure = failed(await send(make(), post(server.origin, '{}'), { signal: controller.signal }));
      expect(failure).to.include({ network: 'reset', sent: true });
      expect(failed(await send(make(), post(server.origin, '{}'), { signal: controller.signal }))).to.include(
        { network: 'reset', sent: false },
      );
    });
  });

  describe('redirects', () => {
    const redirecting = async (to: () => string, status = 302): Promise<Listening> =>
      keep(await listenHttp((_request, response) => response.writeHead(status, { location: to() }).end()));
    const echo = async (): Promise<Listening> =>
      keep(
        await listenHttp((request, response) =>
          sendJson(response, 200, { url: request.url, headers: request.headers }),
        ),
      );

    it('are followed for GET within the same origin, with all headers', async () => {
      const server = keep(
        await listenHttp((request, response) => {
          if (request.url === '/old') response.writeHead(301, { location: '/new?x=1' }).end();
          else response.end(`${request.url} ${request.headers['authorization']}`);
        }),
      );
      const answer = whole(
        await send(make(), { ...get(`${server.origin}/old`), headers: { authorization: 'Bearer t' } }),
      );
      expect(answer.body.toString()).to.equal('/new?x=1 Bearer t');
    });

    it('drop everything that may be a credential when the origin changes', async () => {
      const target = await echo();
      const source = await redirecting(() => `${target.origin}/there`);
      const headers = {
        authorization: 'Bearer t',
        'x-vendor-key': 's3cret',
        cookie: 'a=b',
        accept: 'text/csv',
      };
      const answer = whole(
        await send(make(), { ...get(source.origin), headers }, { origins: [target.origin] }),
      );
      const seen = JSON.parse(answer.body.toString()) as { url: string; headers: Record<string, string> };
      expect(seen.url).to.equal('/there');
      expect(seen.headers).to.include({ accept: 'text/csv' });
      expect(seen.headers).not.to.have.any.keys('authorization', 'x-vendor-key', 'cookie');
    });

    it('are answers where they lead elsewhere, and for other methods', async () => {
      const target = await echo();
      const source = await redirecting(() => `${target.origin}/there`, 307);
      expect(whole(await send(make(), get(source.origin))).status).to.equal(307);
      expect(
        whole(await send(make(), post(source.origin, '{}'), { origins: [target.origin] })).status,
      ).to.equal(307);
    });

    it('end after five', async () => {
      let hops = 0;
      const server = keep(
        await listenHttp((_request, response) =>
          response.writeHead(302, { location: `/${(hops += 1)}` }).end(),
        ),
      );
      expect(whole(await send(make(), get(server.origin))).status).to.equal(302);
      expect(hops).to.equal(6);
    });
  });

  describe('SLUICE_ENDPOINTS', () => {
    it("sends a vendor's https origin to a plain local server, with the vendor's Host header", async () => {
      const server = keep(
        await listenHttp((request, response) => response.end(`${request.headers.host}${request.url}`)),
      );
      const client = make({ endpoints: { 'https://api.vendor.test': server.origin } });
      for (const guarded of [false, true]) {
        const answer = whole(await send(client, get('https://api.vendor.test/v1/things'), { guarded }));
        expect(answer.body.toString()).to.equal('api.vendor.test/v1/things');
      }
    });

    it('sends a plain origin to a TLS server', async () => {
      const server = keep(await listenTls((request, response) => response.end(request.headers.host)));
      const client = make({ endpoints: { 'http://old.vendor.test': server.origin }, ca: TEST_CA });
      expect(whole(await send(client, get('http://old.vendor.test/'))).body.toString()).to.equal(
        'old.vendor.test',
      );
    });

    it('maps an origin with a port, and no other port of the host', async () => {
      const server = keep(await listenHttp((_request, response) => response.end('mapped')));
      const resolve = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
      const client = make({ endpoints: { 'https://api.vendor.test:8443': server.origin }, resolve });
      expect(whole(await send(client, get('https://api.vendor.test:8443/'))).body.toString()).to.equal(
        'mapped',
      );
      const other = await freePort();
      expect(failed(await send(client, get(`https://api.vendor.test:${other}/`)))).to.include({
        sent: false,
      });
    });

    it('maps pages for a browser, too', () => {
      const client = make({ endpoints: { 'https://accounts.vendor.test': 'http://127.0.0.1:4010' } });
      expect(client.mapped(new URL('https://accounts.vendor.test/o/auth?x=1')).href).to.equal(
        'http://127.0.0.1:4010/o/auth?x=1',
      );
    });

    it('names an entry that is no origin', () => {
      expect(() => make({ endpoints: { 'https://api.vendor.test/v1': 'http://127.0.0.1:1' } })).to.throw(
        '"https://api.vendor.test/v1" is no origin',
      );
    });
  });

  it('speaks TLS, and keeps connections alive', async () => {
    const ports = new Set<number | undefined>();
    const server = keep(
      await listenTls((request, response) => {
        ports.add(request.socket.remotePort);
        response.end('secure');
      }),
    );
    const client = make({
      ca: TEST_CA,
      resolve: () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    });
    for (let i = 0; i < 3; i++) {
      expect(
        whole(await send(client, get(`https://api.vendor.test:${server.port}/`))).body.toString(),
      ).to.equal('secure');
    }
    expect(ports.size).to.equal(1);
  });
});

function get(url: string): OutgoingRequest {
  return { method: 'GET', url: new URL(url), headers: {}, body: undefined };
}

function post(url: string, body: string): OutgoingRequest {
  return {
    method: 'POST',
    url: new URL(url),
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(body),
  };
}

function send(
  client: SluiceHttpClient,
  request: OutgoingRequest,
  options: Partial<SendOptions> = {},
): Promise<Answer | Failure> {
  return client.send(request, { timeoutMs: 10_000, maxBytes: 10_000_000, guarded: false, ...options });
}

function whole(result: Answer | Failure): Answer {
  if (isFailure(result)) throw new Error(`No answer: ${JSON.stringify(result)}`);
  return result;
}

function failed(result: Answer | Failure): Failure {
  if (!isFailure(result)) throw new Error(`An answer of ${result.status} where a failure was expected.`);
  return result;
}

/** A port nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
