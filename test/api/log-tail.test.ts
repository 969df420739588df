import { connect } from 'node:net';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { eventually } from '../support/sluice-process.ts';
import { mysqlMissing, mysqlServers } from '../support/mysql-servers.ts';
import { createDatabase } from '../support/database.ts';
import { cutNews, openSocket, openStream, tailingBy, TRANSPORTS, type OpenTail, type Tailing } from './tailing.ts';
import { testApi, type Answer, type TestApi } from './test-api.ts';

const STORES: Readonly<Record<string, () => Promise<{ url: string; drop(): Promise<void> }>>> = {
  PostgreSQL: () => createDatabase(),
  MySQL: async () => ({ url: (await mysqlServers(1))[0]!, drop: async () => {} }),
};
const LIMITS = { tenant: 3, process: 5, backlog: { events: 100, characters: 100_000 } };
/** For clients that keep up. */
const ROOMY = { ...LIMITS, backlog: { events: 10_000, characters: 1_000_000 } };

for (const [store, open] of Object.entries(STORES)) {
  describe(`a live tail of a family on ${store}`, () => {
    let shard: { url: string; drop(): Promise<void> };
    let api: TestApi;
    /** Another process of the same platform. */
    let other: TestApi;
    let families = 0;
    let family: string;
    const tails: Tailing[] = [];

    before(async function () {
      // The store's own suite says that MySQL is missing.
      if (store === 'MySQL' && mysqlMissing() !== undefined) return this.skip();
      shard = await open();
      api = await testApi({ logShards: { one: shard.url }, tailLimits: ROOMY });
      other = await testApi({ logShards: { one: shard.url }, tailLimits: ROOMY, place: api.place });
    });
    after(async () => {
      await other?.close();
      await api?.close();
      await shard?.drop();
    });
    beforeEach(async () => {
      family = `family${++families}`;
      await put({ n: 0 });
    });
    afterEach(async () => {
      for (const tail of tails.splice(0)) tail.close();
      await eventually('no tail is open', async () => loadOf(api) + loadOf(other) === 0);
    });

    const loadOf = ({ logs }: TestApi): number => logs.tails.load.tails.length;
    const put = async (event: object, by = api): Promise<void> => {
      const answer = await by.call('PUT', '/api/log', { family, schema: { n: 'int' }, logs: [event] }, { key: api.key });
      expect(answer.text).to.equal('{}');
    };
    const tail = async (transport: OpenTail, q = '', by = api): Promise<Tailing> => {
      const query = q === '' ? '' : `?q=${encodeURIComponent(q)}`;
      const opened = await transport(by.url, api.key, `/v1/log-families/${family}/tail${query}`);
      tails.push(opened);
      return opened;
    };
    const numbers = (tail: Tailing): unknown[] => tail.events.map(({ fields }) => fields['n']);

    for (const [transport, openBy] of Object.entries(TRANSPORTS)) {
      it(`sends what comes after it is ready, by ${transport}, from whichever process writes it, as queries show it`, async () => {
        const [here, there] = [await tail(openBy), await tail(openBy, '', other)];
        const schema = { s: 'string', i: 'int', f: 'float', b: 'bool', t: 'timestamp', j: 'json', absent: 'string' };
        const event = { n: 1, s: 'a\n"b"', i: '9223372036854775807', f: 0.5, b: true, t: '2026-01-31T13:00:00.5+01:00', j: { a: [1] } };
        await api.call('PUT', '/api/log', { family, schema, logs: [event, { n: 2, b: false }] });
        for (const one of [here, there]) {
          const [first, second] = await one.until(2);
          const { id, time } = first!;
          expect(first).to.deep.equal({ id, time, fields: { ...event, t: '2026-01-31T12:00:00.500000Z', j: '{"a":[1]}' } });
          expect(second).to.deep.equal({ id: id + 1, time, fields: { n: 2, b: false } });
          expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
        }
        expect(here.events).to.deep.equal(there.events);
      });

      it(`sends by ${transport} what passes the filter, by fields too that come later`, async () => {
        const [late, early] = [await tail(openBy, 'n:>=2'), await tail(openBy, 'late')];
        await put({ n: 1 });
        await put({ n: 2 });
        await other.call(
          'PUT',
          '/api/log',
          { family, schema: { text: 'string' }, logs: [{ n: 0, text: 'it is LATE' }, { n: 3, text: 'early' }] },
          { key: api.key },
        );
        expect((await late.until(2)).map(({ fields }) => fields)).to.deep.equal([{ n: 2 }, { n: 3, text: 'early' }]);
        expect((await early.until(1)).map(({ fields }) => fields)).to.deep.equal([{ n: 0, text: 'it is LATE' }]);
      });
    }

    it('loses, doubles and swaps nothing while two processes write at once, in requests large and small', async () => {
      const watching = [await tail(openSocket), await tail(openStream, '', other), await tail(openStream)];
      // Numbers of one writer rise, and each is sent when the one before was answered.
      const writers = Array.from({ length: 8 }, (_, writer) => ({ writer, by: writer % 2 ? api : other }));
      await Promise.all(
        writers.map(async ({ writer, by }) => {
          for (let turn = 0; turn < 12; turn++) {
            const size = turn % 4 === 3 ? 150 : 2;
            const logs = Array.from({ length: size }, (_, i) => ({ writer, n: turn * 1000 + i }));
            const body = { family, schema: { n: 'int', writer: 'int' }, logs };
            const headers = turn % 3 === 0 ? { 'idempotency-key': `${family}-${writer}-${turn}` } : {};
            expect((await by.call('PUT', '/api/log', body, { key: api.key, headers })).text).to.equal('{}');
          }
        }),
      );
      const total = 8 * (9 * 2 + 3 * 150);
      for (const one of watching) {
        await eventually('all events came', async () => one.events.length + sum(one.drops) >= total);
        expect(one.drops).to.deep.equal([]);
        expect(new Set(one.events.map(({ id }) => id)).size).to.equal(total);
        expect(one.events).to.have.length(total);
        for (const { writer } of writers) {
          const own = one.events.filter(({ fields }) => fields['writer'] === writer).map(({ fields }) => Number(fields['n']));
          expect(own).to.deep.equal(own.toSorted((a, b) => a - b));
        }
      }
      expect(api.logs.tails.load.ranges).to.be.below(50);
    });

    it('sends what a writer committed that was killed before it could tell anybody', async () => {
      const watching = await tail(openSocket);
      await put({ n: 1 });
      const { work, shards } = dead();
      const first = await work(20);
      await shards(first + 5, 1);
      await watching.until(2);
      // Of the same block, lower and higher.
      await shards(first, 3);
      await shards(first + 12, 2);
      await put({ n: 2 });
      await watching.until(8);
      const ids = watching.events.map(({ id }) => id).toSorted((a, b) => a - b);
      expect(new Set(ids).size).to.equal(8);
      expect(ids).to.include.members([0, 1, 2, 5, 12, 13].map((n) => first + n));
    });

    it('misses nothing while the news of other processes is cut off', async () => {
      const watching = await tail(openSocket);
      await put({ n: 1 }, other);
      await watching.until(1);
      expect(await cutNews(api)).to.equal(2);
      for (let n = 2; n < 10; n++) await put({ n }, other);
      await watching.until(9);
      expect(numbers(watching)).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    // One store is enough: it is the client that is slow.
    if (store === 'PostgreSQL') {
      it('counts what a client that reads nothing has no room for, in its place, and keeps no more than the limit', async function () {
        this.timeout(60_000);
        const tight = await testApi({ logShards: { one: shard.url }, tailLimits: LIMITS, place: api.place });
        const socket = connect(Number(new URL(tight.url).port), '127.0.0.1');
        try {
          const path = `/v1/log-families/${family}/tail`;
          socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.key}\r\n\r\n`);
          await eventually('the tail is open', async () => loadOf(tight) === 1);
          const backlog = (): { events: number; characters: number } => tight.logs.tails.load.tails[0]!;
          const text = 'x'.repeat(10_000);
          let sent = 0;
          const write = async (count: number): Promise<void> => {
            const logs = Array.from({ length: count }, () => ({ n: ++sent, text }));
            await tight.call('PUT', '/api/log', { family, schema: { text: 'string' }, logs }, { key: api.key });
          };
          // The system takes some megabytes before it says stop.
          await eventually('the queue is full', async () => {
            await write(200);
            expect(backlog().events).to.be.at.most(LIMITS.backlog.events);
            expect(backlog().characters).to.be.below(LIMITS.backlog.characters + 20_000);
            return backlog().characters > LIMITS.backlog.characters && sent > 2000;
          });
          let read = '';
          socket.on('data', (chunk: Buffer) => (read += chunk.toString()));
          await eventually('the queue is empty', async () => backlog().characters === 0);
          await write(1);
          await eventually('the last event came', async () => read.includes(`"n":${sent},`));
          let next = 1;
          let drops = 0;
          for (const [, n, dropped] of read.matchAll(/"n":(\d+),|"dropped":(\d+)/g)) {
            if (n !== undefined) expect(Number(n)).to.equal(next);
            next += Number(dropped ?? 1);
            drops += Number(dropped ?? 0);
          }
          expect(next).to.equal(sent + 1);
          expect(drops).to.be.above(0);
        } finally {
          socket.destroy();
          await tight.close();
        }
      });
    }

    /** Another writer of this tenant, of whom nobody hears. */
    function dead(): { work: (count: number) => Promise<number>; shards: (first: number, count: number) => Promise<void> } {
      const { logs, db, tenantId } = api;
      return {
        async work(count) {
          const { rows } = await db.engine.query<{ first: number }>(
            'UPDATE log_families SET next_id = next_id + $3 WHERE tenant_id = $1 AND name = $2 RETURNING next_id - $3 AS first',
            [tenantId, family, count],
          );
          return rows[0]!.first;
        },
        async shards(firstId, count) {
          const columns = [{ name: 'n', type: 'int' }] as const;
          const batch = { family, columns, firstId, rows: Array.from({ length: count }, () => [7]), time: Date.now() };
          const shard = await logs.shards.open('one');
          const guard = { epochs: { [family]: 1 }, keys: [] };
          expect(await shard.append(await logs.shards.tenant(tenantId, 'one'), [batch], guard)).to.deep.equal({
            outcome: 'appended',
          });
        },
      };
    }
  });
}

describe('the way to a live tail', () => {
  let shard: { url: string; drop(): Promise<void> };
  let api: TestApi;
  const path = '/v1/log-families/dogs/tail';
  before(async () => {
    shard = await createDatabase();
    api = await testApi({ logShards: { one: shard.url }, tailLimits: LIMITS });
    await api.call('PUT', '/api/log', { family: 'dogs', schema: { n: 'int' }, logs: [] });
  });
  after(async () => {
    await api.close();
    await shard.drop();
  });

  const HANDSHAKE = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' };
  /** What is answered on the wire to a request that wants to upgrade. */
  async function upgrade(target: string, headers: Readonly<Record<string, string>>, first = 'GET', body = ''): Promise<string> {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    const lines = Object.entries({ Host: 'x', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`${first} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
    let read = '';
    socket.on('data', (chunk: Buffer) => (read += chunk.toString()));
    await eventually('an answer came', async () => read.includes('\r\n\r\n') && (read.includes(' 101 ') || /[}\n]$/.test(read)));
    socket.destroy();
    return read;
  }
  const shown = (answer: string): unknown[] => [Number(answer.split(' ')[1]), /"code":"(\w+)"/.exec(answer)?.[1]];

  it('refuses before the upgrade what it refuses without one, as a problem', async () => {
    const stranger = await api.newTenant('Stranger');
    const made = await api.call('POST', '/v1/api-keys', { name: 'writer', scopes: ['logs:write'] });
    const authorization = `Bearer ${api.key}`;
    const cases: readonly (readonly [string, Readonly<Record<string, string>>, number, string])[] = [
      [path, {}, 401, 'UNAUTHENTICATED'],
      [path, { authorization: 'Bearer slk_wrong' }, 401, 'UNAUTHENTICATED'],
      [path, { 'Sec-WebSocket-Protocol': 'bearer.slk_wrong' }, 401, 'UNAUTHENTICATED'],
      [path, { authorization: `Bearer ${made.body.apiKey}` }, 403, 'FORBIDDEN'],
      [path, { authorization: `Bearer ${stranger.apiKey}` }, 404, 'NOT_FOUND'],
      ['/v1/log-families/none/tail', { authorization }, 404, 'NOT_FOUND'],
      ['/v1/log-families/%zz/tail', { authorization }, 400, 'BAD_REQUEST'],
      [`${path}?q=%22`, { authorization }, 422, 'VALIDATION_FAILED'],
      [`${path}?q=none:1`, { authorization }, 422, 'VALIDATION_FAILED'],
      [`${path}?x=1`, { authorization }, 422, 'VALIDATION_FAILED'],
      [path, { authorization, 'Sec-WebSocket-Version': '12' }, 400, 'BAD_REQUEST'],
      [path, { authorization, 'Sec-WebSocket-Key': 'short' }, 400, 'BAD_REQUEST'],
      [path, { authorization, 'Sec-WebSocket-Protocol': 'a,,b' }, 400, 'BAD_REQUEST'],
    ];
    for (const [target, headers, status, code] of cases) {
      const answer = await upgrade(target, { ...HANDSHAKE, ...headers });
      expect(shown(answer), JSON.stringify([target, headers])).to.deep.equal([status, code]);
      expect(answer).to.include('Content-Type: application/problem+json').and.match(/X-Request-Id: \S/);
      if (status === 400) continue;
      const { status: plain } = await api.call('GET', target, undefined, { key: null, headers });
      if (headers['Sec-WebSocket-Protocol'] === undefined) expect(plain, target).to.equal(status);
    }
    expect((await upgrade(path, { ...HANDSHAKE, authorization, 'Sec-WebSocket-Version': '8' }))).to.include('Sec-WebSocket-Version: 13');
    expect(api.logs.tails.load.tails).to.deep.equal([]);
  });

  it('takes the key among the protocols, and answers with another one where there is', async () => {
    const url = `${api.url.replace('http', 'ws')}${path}`;
    for (const [offered, chosen] of [
      [[`bearer.${api.key}`, 'sluice'], 'sluice'],
      [[`bearer.${api.key}`], `bearer.${api.key}`],
    ] as const) {
      const socket = new WebSocket(url, [...offered]);
      const tail = await tailingBy(socket);
      expect(socket.protocol).to.equal(chosen);
      tail.close();
    }
  });

  it('serves requests as usual that ask for an upgrade to something else, or elsewhere', async () => {
    const authorization = `Bearer ${api.key}`;
    const h2c = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': '' };
    const body = JSON.stringify({ family: 'dogs', logs: [{ n: 1 }] });
    const type = { authorization, 'Content-Type': 'application/json', 'Content-Length': String(body.length) };
    expect(shown(await upgrade('/api/log', { ...h2c, ...type }, 'POST', body))).to.deep.equal([200, undefined]);
    expect(shown(await upgrade('/v1/log-families/dogs', { ...HANDSHAKE, authorization }))).to.deep.equal([200, undefined]);
    expect(shown(await upgrade('/nowhere', HANDSHAKE))).to.deep.equal([404, 'NOT_FOUND']);
  });

  it('ends where its key is revoked', async () => {
    const made = await api.call('POST', '/v1/api-keys', { name: 'reader', scopes: ['logs:read'] });
    const tails = [await openSocket(api.url, made.body.apiKey, path), await openStream(api.url, made.body.apiKey, path)];
    expect((await api.call('DELETE', `/v1/api-keys/${made.body.id}`)).status).to.equal(204);
    await eventually('both have ended', async () => tails.every(({ ended }) => ended !== undefined));
    expect(tails.map(({ ended }) => ended)).to.deep.equal([1008, 0]);
  });

  it('answers HEAD without opening anything', async () => {
    const answer = await fetch(`${api.url}${path}`, { method: 'HEAD', headers: { authorization: `Bearer ${api.key}` } });
    expect([answer.status, answer.headers.get('content-type')]).to.deep.equal([200, 'text/event-stream; charset=utf-8']);
    expect(api.logs.tails.load.tails).to.deep.equal([]);
  });

  it('is open to so many of a tenant, and so many in all: 429', async () => {
    const other = await api.newTenant('Other');
    await api.call('PUT', '/api/log', { family: 'dogs', schema: {}, logs: [] }, { key: other.apiKey });
    const open: Tailing[] = [];
    const refused = async (key: string): Promise<Answer> => {
      const answer = await api.call('GET', path, undefined, { key });
      expect([answer.status, answer.body.code, answer.headers.get('retry-after')]).to.deep.equal([429, 'RATE_LIMITED', '5']);
      return answer;
    };
    for (let n = 0; n < 3; n++) open.push(await openSocket(api.url, api.key, path));
    expect((await refused(api.key)).body.detail).to.include('This tenant has 3 live tails open');
    for (let n = 0; n < 2; n++) open.push(await openStream(api.url, other.apiKey, path));
    expect((await refused(other.apiKey)).body.detail).to.include('5 live tails are open');
    expect(shown(await upgrade(path, { ...HANDSHAKE, authorization: `Bearer ${api.key}` }))).to.deep.equal([429, 'RATE_LIMITED']);
    for (const tail of open) tail.close();
    await eventually('all are closed', async () => api.logs.tails.load.tails.length === 0);
    const again = await openSocket(api.url, api.key, path);
    again.close();
  });

  it('ignores what a client says, and closes with 1009 where it says too much', async () => {
    const socket = new WebSocket(`${api.url.replace('http', 'ws')}${path}`, { headers: { authorization: `Bearer ${api.key}` } });
    const tail = await tailingBy(socket);
    socket.send('{"q":"n>1"}');
    socket.send(Buffer.from([0, 255]));
    await api.call('PUT', '/api/log', { family: 'dogs', logs: [{ n: 1 }] });
    await tail.until(1);
    socket.send('x'.repeat(5000));
    await eventually('it is closed', async () => tail.ended !== undefined);
    expect(tail.ended).to.equal(1009);
  });

  it('tells nobody of a family that nobody tails', async () => {
    const heard: string[] = [];
    const listener = await api.db.engine.connect();
    listener.on('notification', ({ payload }) => heard.push(payload ?? ''));
    await listener.query('LISTEN sluice_changes');
    try {
      const body = { family: 'quiet', schema: { n: 'int' }, logs: [{ n: 1 }] };
      for (let n = 0; n < 5; n++) await api.call('PUT', '/api/log', body);
      await api.db.engine.query("SELECT pg_notify('sluice_changes', 'form::end')");
      await eventually('the end is heard', async () => heard.includes('form::end'));
      expect(heard.filter((payload) => payload.startsWith('logEvents'))).to.deep.equal([]);
    } finally {
      listener.release(true);
    }
  });

  it('ends with the server, in good order and at once, a client that reads nothing included', async () => {
    const closing = await testApi({ logShards: { one: shard.url }, place: api.place });
    const [socket, stream] = [await openSocket(closing.url, api.key, path), await openStream(closing.url, api.key, path)];
    const stalled = connect(Number(new URL(closing.url).port), '127.0.0.1');
    stalled.on('error', () => {});
    stalled.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${api.key}\r\n\r\n`);
    await eventually('all three are open', async () => closing.logs.tails.load.tails.length === 3);
    await closing.close();
    await eventually('both have ended', async () => socket.ended !== undefined && stream.ended !== undefined);
    expect([socket.ended, stream.ended]).to.deep.equal([1001, 0]);
    stalled.destroy();
  });

  it('is described among the others', async () => {
    const { body } = await api.call('GET', '/openapi.json', undefined, { key: null });
    const operation = body.paths['/v1/log-families/{family}/tail'].get;
    expect(Object.keys(operation.responses)).to.include.members(['101', '200', '429']);
    expect(operation.responses['200'].content).to.have.keys(['text/event-stream']);
  });
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
