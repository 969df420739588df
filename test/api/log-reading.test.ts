import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { startEmbedded } from '../../db/embedded.ts';
import { mysqlMissing, startMysqlServers } from '../support/mysql-servers.ts';
import { testApi, type Answer, type TestApi } from './test-api.ts';

/** A server of logs that ends with its suite, or before. */
interface Mortal {
  readonly url: string;
  kill(): Promise<void>;
}

const SERVERS: Readonly<Record<string, () => Promise<Mortal>>> = {
  async PostgreSQL() {
    const dataDir = await mkdtemp(join(tmpdir(), 'sluice-test-'));
    await chmod(dataDir, 0o711);
    const embedded = await startEmbedded({ dataDir });
    let running = true;
    return {
      url: embedded.url,
      async kill() {
        if (!running) return;
        running = false;
        await embedded.stop();
        await rm(dataDir, { recursive: true, force: true });
      },
    };
  },
  async MariaDB() {
    const [server] = await startMysqlServers(1);
    return { url: server!.url, kill: () => server!.remove() };
  },
};

/** A page of a search. */
interface Page {
  readonly items: readonly { readonly id: number; readonly time: string; readonly fields: object }[];
  readonly nextCursor: string | null;
}

const TYPED = {
  family: 'typed',
  schema: { s: 'string', i: 'int', f: 'float', b: 'bool', t: 'timestamp', j: 'json' },
  logs: [
    {
      s: 'say "x",\r\ny',
      i: '9223372036854775807',
      f: 0.5,
      b: true,
      t: '2026-01-31T13:00:00+01:00',
      j: { a: 1 },
    },
    { s: '', i: -1, f: 1e300, b: false },
    {},
  ],
};
const BIG = 20_000;

for (const [kind, start] of Object.entries(SERVERS)) {
  describe(`reading logs without SQL on ${kind}`, function () {
    this.timeout(60_000);
    let server: Mortal;
    let api: TestApi;
    before(async function () {
      if (kind === 'MariaDB' && mysqlMissing() !== undefined) return this.skip();
      server = await start();
      api = await testApi({ logShards: { one: server.url } });
      await put(TYPED);
      for (let first = 0; first < BIG; first += BIG / 5) await put(big(first, BIG / 5));
    });
    after(async () => {
      await api?.close();
      await server?.kill();
    });

    const put = async (body: unknown): Promise<void> => {
      const answer = await api.call('PUT', '/api/log', body);
      expect(answer.status, answer.text).to.equal(200);
    };
    const ask = (
      path: string,
      query: Record<string, string | number> = {},
      key?: string,
    ): Promise<Answer> => {
      const text = new URLSearchParams(
        Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
      ).toString();
      return api.call('GET', `/v1/log-families/${path}?${text}`, undefined, key === undefined ? {} : { key });
    };
    const search = async (family: string, query: Record<string, string | number> = {}): Promise<Page> =>
      (await ask(`${family}/search`, query)).body;

    describe('by search', () => {
      it('gives events newest first, with the fields they have, typed as SQL answers', async () => {
        const { items, nextCursor } = await search('typed');
        expect(nextCursor).to.equal(null);
        expect(items.map(({ id, fields }) => ({ id, fields }))).to.deep.equal([
          { id: 3, fields: {} },
          { id: 2, fields: { b: false, f: 1e300, i: -1, s: '' } },
          {
            id: 1,
            fields: {
              b: true,
              f: 0.5,
              i: '9223372036854775807',
              j: '{"a":1}',
              s: 'say "x",\r\ny',
              t: '2026-01-31T12:00:00.000000Z',
            },
          },
        ]);
        for (const { time } of items) expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      });

      it('narrows by q, from and to', async () => {
        const ids = async (query: Record<string, string>): Promise<number[]> =>
          (await search('typed', query)).items.map(({ id }) => id);
        expect(await ids({ q: 'i:>0 OR b:false' })).to.deep.equal([2, 1]);
        expect(await ids({ q: 'SAY -b:false' })).to.deep.equal([1]);
        expect(await ids({ q: '-b:true' })).to.deep.equal([3, 2]);
        const { time } = (await search('typed', { q: 'id:2' })).items[0]!;
        expect(await ids({ from: time })).to.deep.equal([3, 2, 1]);
        expect(await ids({ to: time })).to.deep.equal([]);
        expect(await ids({ from: '2000-01-01T00:00:00Z', to: '2001-01-01T00:00:00Z' })).to.deep.equal([]);
      });

      it('gives every event that was there once over its pages, while others write', async () => {
        const event = (n: number): object => ({
          family: 'paged',
          schema: { n: 'int' },
          logs: [{ n }, { n }, { n }],
        });
        for (let n = 0; n < 20; n++) await put(event(n));
        for (const q of ['', 'n:>=0']) {
          const there: number[] = (await search('paged', { limit: 1000 })).items.map(({ id }) => id);
          const seen: number[] = [];
          let cursor: string | null = '';
          for (let pages = 0; cursor !== null; pages++) {
            const writing = Promise.all([put(event(100)), put(event(101))]);
            const page: Page = await search('paged', { q, limit: 7, ...(cursor && { cursor }) });
            await writing;
            expect(page.items.length).to.be.at.most(7);
            seen.push(...page.items.map(({ id }) => id));
            cursor = page.nextCursor;
            expect(pages).to.be.below(200);
          }
          expect(new Set(seen).size, 'no event twice').to.equal(seen.length);
          expect(seen).to.include.members(there);
        }
      });

      it('goes on behind a cursor with another limit, and with no other search', async () => {
        const { nextCursor: cursor } = await search('typed', { limit: 1, q: 'id:>0' });
        expect((await search('typed', { limit: 100, q: 'id:>0', cursor: cursor! })).items).to.have.length(2);
        for (const other of [
          {},
          { q: 'id:>1' },
          { q: 'id:>0', from: '2000-01-01T00:00:00Z' },
          { q: 'id:>0', to: '9000-01-01T00:00:00Z' },
        ]) {
          const answer = await ask('typed/search', { ...other, cursor: cursor! });
          expect([answer.status, answer.body.errors[0].path]).to.deep.equal([422, '/query/cursor']);
          expect(answer.body.errors[0].message).to.include('of another search');
        }
      });
    });

    describe('by analytics', () => {
      it('gives what a chart is drawn from', async () => {
        const { body } = await ask('typed/analytics', { groupBy: 'b', agg: 'count' });
        expect(body).to.deep.equal({
          agg: 'count',
          interval: null,
          timeField: '_time',
          groupBy: 'b',
          times: null,
          series: [
            { key: null, value: 1 },
            { key: false, value: 1 },
            { key: true, value: 1 },
          ],
        });
        const byHour = await ask('typed/analytics', { interval: 'PT1H', timeField: 't', agg: 'max:i' });
        expect([byHour.body.times, byHour.body.series]).to.deep.equal([
          ['2026-01-31T12:00:00Z'],
          [{ value: '9223372036854775807', values: ['9223372036854775807'] }],
        ]);
      });
    });

    describe('by export', () => {
      it('writes NDJSON and CSV', async () => {
        const ndjson = await ask('typed/export');
        expect(ndjson.headers.get('content-type')).to.equal('application/x-ndjson; charset=utf-8');
        expect(ndjson.headers.get('content-disposition')).to.equal('attachment; filename="typed.ndjson"');
        const lines = ndjson.text.split('\n');
        expect(lines.pop()).to.equal('');
        const times = lines.map((line) => (JSON.parse(line) as { _time: string })._time);
        expect(lines).to.deep.equal([
          `{"id":1,"_time":"${times[0]}","b":true,"f":0.5,"i":"9223372036854775807","j":"{\\"a\\":1}","s":"say \\"x\\",\\r\\ny","t":"2026-01-31T12:00:00.000000Z"}`,
          `{"id":2,"_time":"${times[1]}","b":false,"f":1e+300,"i":-1,"s":""}`,
          `{"id":3,"_time":"${times[2]}"}`,
        ]);
        const csv = await ask('typed/export', { format: 'csv' });
        expect(csv.headers.get('content-disposition')).to.equal('attachment; filename="typed.csv"');
        expect(csv.text).to.equal(
          `id,_time,b,f,i,j,s,t\r\n` +
            `1,${times[0]},true,0.5,9223372036854775807,"{""a"":1}","say ""x"",\r\ny",2026-01-31T12:00:00.000000Z\r\n` +
            `2,${times[1]},false,1e+300,-1,,"",\r\n` +
            `3,${times[2]},,,,,,\r\n`,
        );
      });

      it('writes a header and no more, or nothing, where there is nothing', async () => {
        await put({ family: 'empty', schema: { a: 'int' }, logs: [] });
        expect((await ask('empty/export', { format: 'csv' })).text).to.equal('id,_time,a\r\n');
        expect((await ask('empty/export')).text).to.equal('');
        expect((await ask('typed/export', { q: 'id:99', format: 'csv' })).text).to.equal(
          'id,_time,b,f,i,j,s,t\r\n',
        );
      });

      for (const query of [
        {},
        { from: '2000-01-01T00:00:00Z' },
        { q: 'n:>=0' },
        { q: 'n:<1000', to: '9000-01-01T00:00:00Z' },
      ]) {
        it(`gives back ${BIG} events as they were written, by ${JSON.stringify(query)}`, async () => {
          const { text } = await ask('big/export', query);
          const seen = text
            .split('\n')
            .slice(0, -1)
            .map((line) => JSON.parse(line) as { n: number; pad: string });
          const count = 'q' in query && query.q === 'n:<1000' ? 1000 : BIG;
          const numbers = seen.map(({ n }) => n).sort((a, b) => a - b);
          expect(numbers.every((n, i) => n === i)).to.equal(true);
          expect(numbers).to.have.length(count);
          expect(seen.every(({ n, pad }) => pad === padOf(n))).to.equal(true);
        });
      }

      it('answers HEAD without reading', async () => {
        const answer = await api.call('HEAD', '/v1/log-families/big/export?format=csv');
        expect([answer.status, answer.text]).to.deep.equal([200, '']);
      });

      it('waits for a slow reader, and stops when it hangs up', async () => {
        const shard = await api.logs.shards.open('one');
        const query = shard.query.bind(shard);
        let chunks = 0;
        const counting: typeof query = (...given) => {
          chunks += 1;
          return query(...given);
        };
        Object.assign(shard, { query: counting });
        try {
          expect((await ask('big/export')).status).to.equal(200);
          const whole = chunks;
          const readers = await Promise.all([1, 2, 3, 4].map(() => paused('/v1/log-families/big/export')));
          const beyond = await ask('big/export');
          expect([beyond.status, beyond.body.code, beyond.headers.get('retry-after')]).to.deep.equal([
            429,
            'RATE_LIMITED',
            '1',
          ]);
          chunks = 0;
          for (const reader of readers) reader.destroy();
          await until(async () => (await ask('typed/export')).status === 200);
          expect(chunks, 'chunks read after they hung up').to.be.below(2 * whole);
          expect(api.log()).not.to.include('A request failed.');
        } finally {
          Object.assign(shard, { query });
        }
      });
    });

    describe('refuses', () => {
      const refusals: readonly (readonly [string, Record<string, string>, string, string])[] = [
        ['search', { q: 'lvel:x' }, '/query/q', '"lvel" is no field of this family'],
        ['search', { q: 'i:many' }, '/query/q', 'i is of the type int. Expected a whole number'],
        ['search', { cursor: 'x' }, '/query/cursor', 'This is not a cursor'],
        [
          'search',
          { cursor: Buffer.from('["9999-99-99 00:00:00.000000",1,"x"]').toString('base64url') },
          '/query/cursor',
          'This is not a cursor',
        ],
        [
          'search',
          { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' },
          '/query/from',
          'is after "to"',
        ],
        ['search', { from: 'yesterday' }, '/query/from', '"yesterday" is not a time of RFC 3339'],
        ['search', { to: '2026-01-31T12:00:00 01:00' }, '/query/to', 'Write the + of an offset as %2B.'],
        ['search', { limit: '0' }, '/query/limit', '>= 1'],
        ['search', { limit: '1001' }, '/query/limit', '<= 1000'],
        ['search', { limit: 'x' }, '/query/limit', 'a whole number'],
        ['search', { query: 'x' }, '/query/query', '"query" is not known here'],
        ['analytics', { interval: 'daily' }, '/query/interval', '"daily" is no interval'],
        ['analytics', { top: '21' }, '/query/top', '<= 20'],
        ['analytics', { agg: 'sum:s' }, '/query/agg', 's is of the type string'],
        ['analytics', { q: '(' }, '/query/q', 'a term is missing at the end'],
        [
          'export',
          { format: 'parquet' },
          '/query/format',
          '"parquet" is not written yet; there are ndjson, csv.',
        ],
        ['export', { q: 'a OR' }, '/query/q', 'a term is missing at the end'],
      ];
      for (const [way, query, path, message] of refusals) {
        it(`${way} with ${JSON.stringify(query).slice(0, 60)}`, async () => {
          const { status, body } = await ask(`typed/${way}`, query);
          expect([status, body.code, body.errors?.[0]?.path]).to.deep.equal([422, 'VALIDATION_FAILED', path]);
          expect(body.errors[0].message).to.include(message);
        });
      }

      it('what is another tenant’s, what is not there, and keys that may not read logs', async () => {
        const stranger = await api.newTenant('Stranger');
        const writer = await api.call('POST', '/v1/api-keys', { name: 'Writer', scopes: ['logs:write'] });
        for (const way of ['search', 'analytics', 'export']) {
          expect((await ask(`typed/${way}`, {}, stranger.apiKey)).status).to.equal(404);
          expect((await ask(`nothing/${way}`)).status).to.equal(404);
          expect((await ask(`typed/${way}`, {}, writer.body.apiKey)).status).to.equal(403);
          expect((await api.call('POST', `/v1/log-families/typed/${way}`)).status).to.equal(405);
        }
      });
    });

    describe('in all ways', () => {
      it('counts as queries, and is told to the auditors', async () => {
        const { id: tenantId, apiKey: key } = await api.newTenant('Audited');
        await api.call('PUT', '/api/log', { family: 'f', schema: {}, logs: [{}] }, { key });
        for (let times = 0; times < 2; times++) {
          for (const way of ['search', 'analytics', 'export'])
            expect((await ask(`f/${way}`, {}, key)).status).to.equal(200);
          await api.call('POST', '/api/query', { query: 'SELECT id FROM f' }, { key });
        }
        const usage = await api.call('GET', '/v1/usage', undefined, { key });
        expect(usage.body.items[0].queries).to.equal(8);
        const person = {
          kind: 'tenant',
          tenantId,
          actor: 'user:ada',
          role: 'admin',
          scopes: new Set<string>(),
          credential: '',
        } as const;
        for (const q of ['one', 'two\0\ud800']) await api.logs.readAudit.note(person, 'search', 'f', { q });
        await api.logs.readAudit.note({ ...person, role: 'member' }, 'search', 'f', {});
        const { body } = await api.call('GET', '/v1/audit-events', undefined, { key });
        const told = body.items.filter(({ action }: { action: string }) => action.startsWith('logs.'));
        expect(
          told
            .map(({ action, subject, actor, detail }: Record<string, string>) => [
              action,
              subject,
              actor!.split(':')[0],
              detail,
            ])
            .toReversed(),
        ).to.deep.equal([
          ['logs.search', 'logFamily:f', 'key', null],
          ['logs.analytics', 'logFamily:f', 'key', null],
          ['logs.export', 'logFamily:f', 'key', null],
          ['logs.query', 'logs', 'key', null],
          ['logs.search', 'logFamily:f', 'user', { q: 'one' }],
          ['logs.search', 'logFamily:f', 'user', { q: 'two\ufffd\ufffd' }],
        ]);
      });

      it('breaks an export off where its shard dies, and says 503 at the beginning of others', async () => {
        const reader = await paused('/v1/log-families/big/export');
        await server.kill();
        let broken: unknown;
        reader.once('error', (error) => (broken = error));
        reader.resume();
        await once(reader, 'close').catch(() => undefined);
        expect(reader.complete, 'the answer is whole').to.equal(false);
        expect(broken).to.be.instanceOf(Error);
        for (const way of ['search', 'analytics', 'export']) {
          const { status, body } = await ask(`big/${way}`);
          expect([status, body.code]).to.deep.equal([503, 'UNAVAILABLE']);
        }
      });
    });

    /** An answer that has begun and is not read on. */
    async function paused(path: string): Promise<IncomingMessage> {
      const request = get(`${api.url}${path}`, {
        headers: { authorization: `Bearer ${api.key}` },
        agent: false,
      });
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      expect(answer.statusCode).to.equal(200);
      answer.pause();
      return answer;
    }
  });
}

/** A text of its own for each number, about 800 bytes. */
function padOf(n: number): string {
  return `${n} `.repeat(800 / (String(n).length + 1));
}

function big(first: number, count: number): object {
  const logs = Array.from({ length: count }, (_, i) => ({ n: first + i, pad: padOf(first + i) }));
  return { family: 'big', schema: { n: 'int', pad: 'string' }, logs };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 500; turn++) {
    if (await holds()) return;
    await pause(20);
  }
  throw new Error('It did not come to that in ten seconds.');
}
