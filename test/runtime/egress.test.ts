import { expect } from 'chai';
import { systemClock } from '../../core/kernel/clock.ts';
import type { OutgoingRequest } from '../../core/kernel/http.ts';
import {
  createHttpClient,
  type HttpClientOptions,
  type SluiceHttpClient,
} from '../../core/runtime/http/client.ts';
import { createEgressPolicy } from '../../core/runtime/http/egress.ts';
import { listenHttp, listenTls, TEST_CA, type Listening } from '../support/http-server.ts';

const REFUSED = {
  loopback: ['127.0.0.1', '127.8.9.10', '::1'],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12::1'],
  metadata: ['169.254.169.254', 'fd00:ec2::254', '100.100.100.200', '168.63.129.16', '192.0.0.192'],
  'link-local': ['169.254.1.1', 'fe80::1'],
  'carrier NAT': ['100.64.0.1', '100.127.255.255'],
  multicast: ['224.0.0.1', '239.1.1.1', 'ff02::1'],
  reserved: [
    '0.0.0.0',
    '0.1.2.3',
    '240.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.7',
    '::',
    '2001:db8::1',
    '100::1',
    'fec0::1',
    '4000::1',
  ],
  'wrapped private': [
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::127.0.0.1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001:0:1::1',
  ],
};
const PASSED = [
  '8.8.8.8',
  '1.1.1.1',
  '172.32.0.1',
  '100.128.0.1',
  '2606:4700::1111',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
];

describe('egress guard', () => {
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

  describe('addresses', () => {
    for (const [kind, addresses] of Object.entries(REFUSED)) {
      it(`refuses ${kind}: ${addresses.join(' ')}`, () => {
        const policy = createEgressPolicy([]);
        expect(addresses.filter((address) => policy.refusal(address) === undefined)).to.deep.equal([]);
      });
    }

    it(`lets public ones pass: ${PASSED.join(' ')}`, () => {
      const policy = createEgressPolicy([]);
      expect(
        PASSED.map((address) => policy.refusal(address)).filter((why) => why !== undefined),
      ).to.deep.equal([]);
    });

    it("lets the operator's ranges pass, also where IPv6 wraps them", () => {
      const policy = createEgressPolicy(['10.1.0.0/16', '127.0.0.1', 'fd00::/8']);
      for (const address of ['10.1.2.3', '127.0.0.1', '::ffff:10.1.2.3', 'fd00::7'])
        expect(policy.refusal(address)).to.equal(undefined);
      for (const address of ['10.2.0.1', '127.0.0.2', 'fe80::1'])
        expect(policy.refusal(address)).to.be.a('string');
    });

    it('names a range that is none', () => {
      expect(() => createEgressPolicy(['10.0.0.0/33'])).to.throw('SLUICE_EGRESS_ALLOW: "10.0.0.0/33"');
      expect(() => createEgressPolicy(['intranet'])).to.throw('"intranet"');
    });
  });

  describe('URLs, before the network', () => {
    const refused = [
      'https://127.0.0.1/',
      'https://2130706433/',
      'https://0177.0.0.1/',
      'https://0x7f.1/',
      'https://127.1/',
      'https://127.0.0.1./',
      'https://[::1]/',
      'https://[::ffff:127.0.0.1]/',
      'https://[64:ff9b::7f00:1]/',
      'https://[fd00:ec2::254]/latest',
      'https://169.254.169.254/latest/meta-data',
      'https://localhost/',
      'https://api.localhost/',
      'http://example.com/',
      'http://8.8.8.8/',
      'ftp://example.com/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'https://user:pass@example.com/',
      'https://example.com:0/',
    ];
    for (const url of refused) {
      it(`refuses ${url}`, () => {
        expect(() => make().checkUrl(new URL(url)))
          .to.throw()
          .with.property('code', 'EGRESS_REFUSED');
      });
    }

    for (const url of ['https://example.com/hook', 'https://example.com:8443/', 'https://8.8.8.8/']) {
      it(`passes ${url}`, () => make().checkUrl(new URL(url)));
    }

    it('passes http to an opened address and to a mapped origin', () => {
      const client = make({
        egressAllow: ['127.0.0.0/8'],
        endpoints: { 'http://old.vendor.test': 'http://127.0.0.1:1' },
      });
      client.checkUrl(new URL('http://127.0.0.1:3000/hook'));
      client.checkUrl(new URL('http://old.vendor.test/x'));
      expect(() => client.checkUrl(new URL('http://8.8.8.8/'))).to.throw('it is not https');
    });

    it("does not repeat a webhook URL's path in its message", () => {
      expect(() => make().checkUrl(new URL('https://10.0.0.1/services/T0/B0/s3cret'))).to.throw(
        /^https:\/\/10\.0\.0\.1 may not be reached: 10\.0\.0\.1 is a private address/,
      );
    });
  });

  describe('at the socket', () => {
    let requests = 0;
    const serve = async (listen: typeof listenHttp): Promise<Listening> => {
      requests = 0;
      return keep(await listen((_request, response) => response.end(String((requests += 1)))));
    };
    const to = (address: string) => () =>
      Promise.resolve([{ address, family: address.includes(':') ? 6 : 4 }]);

    it('refuses a literal address without a connection', async () => {
      const server = await serve(listenHttp);
      expect(await refusal(make(), server.origin)).to.contain('loopback');
      expect(requests).to.equal(0);
    });

    it('refuses a name that resolves to a private address, and no byte is sent', async () => {
      const server = await serve(listenTls);
      const client = make({ resolve: to('127.0.0.1'), ca: TEST_CA });
      expect(await refusal(client, `https://api.vendor.test:${server.port}/`)).to.contain(
        '127.0.0.1 is a loopback address',
      );
      expect(requests).to.equal(0);
    });

    it('refuses a name with one private address among public ones', async () => {
      const resolve = () =>
        Promise.resolve([
          { address: '8.8.8.8', family: 4 },
          { address: '169.254.169.254', family: 4 },
        ]);
      expect(await refusal(make({ resolve }), 'https://rebind.test/')).to.contain('169.254.169.254');
    });

    it('connects to the address that was checked: the name is resolved once', async () => {
      const server = await serve(listenTls);
      let asked = 0;
      const resolve = () =>
        Promise.resolve([{ address: (asked += 1) === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]);
      const client = make({ resolve, egressAllow: ['127.0.0.1/32'], ca: TEST_CA });
      const result = await send(client, `https://api.vendor.test:${server.port}/`);
      expect(result).to.have.property('status', 200);
      expect(asked).to.equal(1);
    });

    it('refuses plain http by name, unless every address is opened', async () => {
      const server = await serve(listenHttp);
      const url = `http://api.vendor.test:${server.port}/`;
      expect(await refusal(make({ resolve: to('8.8.8.8'), egressAllow: ['10.0.0.0/8'] }), url)).to.contain(
        'it is not https',
      );
      expect(
        await send(make({ resolve: to('127.0.0.1'), egressAllow: ['127.0.0.0/8'] }), url),
      ).to.have.property('status', 200);
    });

    it('checks the target of a redirect again', async () => {
      const secret = await serve(listenTls);
      const source = keep(
        await listenHttp((_request, response) =>
          response.writeHead(302, { location: `https://127.0.0.1:${secret.port}/` }).end(),
        ),
      );
      const client = make({ endpoints: { 'https://hook.test': source.origin }, ca: TEST_CA });
      const origins = [`https://127.0.0.1:${secret.port}`];
      const error = await client
        .send(get('https://hook.test/'), { timeoutMs: 5000, maxBytes: 1e6, guarded: true, origins })
        .catch((thrown: unknown) => thrown);
      expect(error).to.have.property('code', 'EGRESS_REFUSED');
      expect(requests).to.equal(0);
    });

    it('does not share connections with hosts an author wrote', async () => {
      const server = await serve(listenHttp);
      const client = make();
      const result = await client.send(get(server.origin), {
        timeoutMs: 5000,
        maxBytes: 1e6,
        guarded: false,
      });
      expect(result).to.have.property('status', 200);
      expect(await refusal(client, server.origin)).to.contain('loopback');
      expect(client.agents(true).http).not.to.equal(client.agents(false).http);
    });

    it('guards libraries that bring their own client, through the agents', async () => {
      const { request } = await import('node:http');
      const server = await serve(listenHttp);
      const agent = make().agents(true).http;
      expect(() => request(server.origin, { agent }))
        .to.throw()
        .with.property('code', 'EGRESS_REFUSED');
      expect(requests).to.equal(0);
    });
  });
});

function get(url: string): OutgoingRequest {
  return { method: 'GET', url: new URL(url), headers: {}, body: undefined };
}

function send(client: SluiceHttpClient, url: string): Promise<unknown> {
  return client.send(get(url), { timeoutMs: 5000, maxBytes: 1e6, guarded: true });
}

async function refusal(client: SluiceHttpClient, url: string): Promise<string> {
  const error = await send(client, url).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).to.have.property('code', 'EGRESS_REFUSED');
  return (error as Error).message;
}
