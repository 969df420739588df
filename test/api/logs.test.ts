import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { logApi, type LogApi } from './log-shards.ts';
import { ROOT_KEY, type Answer } from './test-api.ts';

const SPOT = { name: 'spot', breed: 'labrador', weight: 100 };
const MAX = { name: 'max', breed: 'bulldog', weight: 50 };
const REX = { name: 'rex', breed: 'labrador', weight: 80 };
const DOGS = {
  family: 'dog_registry',
  schema: { name: 'string', breed: 'string', weight: 'int' },
  logs: [SPOT, MAX, REX],
};

describe('storing events', () => {
  let api: LogApi;
  before(async () => {
    api = await logApi();
  });
  after(() => api.close());

  const put = (body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    api.call('PUT', '/api/log', body, { headers });
  let families = 0;
  const family = (): string => `family${++families}`;

  it('makes a typed table of the family, answers {}, and describes it, id first', async () => {
    const answer = await put(DOGS);
    expect([answer.status, answer.text]).to.deep.equal([200, '{}']);
    expect((await api.call('GET', '/api/describe')).text).to.equal(
      JSON.stringify({
        tables: [
          {
            columns: [
              { name: 'id', nullable: false, type: 'int' },
              { name: 'breed', nullable: true, type: 'text' },
              { name: 'name', nullable: true, type: 'text' },
              { name: 'weight', nullable: true, type: 'int' },
            ],
            name: 'dog_registry',
          },
        ],
      }),
    );
    expect((await api.call('POST', '/api/log', DOGS)).status).to.equal(200);
    const all = [SPOT, MAX, REX, SPOT, MAX, REX].map((dog, i) => ({ id: i + 1, ...dog }));
    expect(await api.stored('dog_registry')).to.deep.equal(all);
  });

  it('takes what curl sends by itself: no JSON content type', async () => {
    const body = JSON.stringify({ ...DOGS, family: family() });
    const answer = await api.call('PUT', '/api/log', undefined, {
      raw: body,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(answer.status).to.equal(200);
  });

  it('stores every type exactly', async () => {
    const name = family();
    const schema = { s: 'string', i: 'int', f: 'float', b: 'bool', t: 'timestamp', j: 'json' };
    const logs = [
      {
        s: '',
        i: -9007199254740991,
        f: 0.1,
        b: true,
        t: '2026-01-31T13:00:00.123456+01:00',
        j: { b: [1], a: null },
      },
      { s: 'abc  ', i: '9223372036854775807', f: -1e300, b: false, t: '1000-01-01T00:00:00Z', j: 'x' },
      { s: `ABC'"\`\\\n\t%_\u{1f436}`, i: 0, f: 5, b: null, t: null, j: [] },
      { s: null },
    ];
    expect((await put({ family: name, schema, logs })).text).to.equal('{}');
    expect(await api.stored(name)).to.deep.equal([
      {
        id: 1,
        s: '',
        i: -9007199254740991,
        f: 0.1,
        b: true,
        t: '2026-01-31 12:00:00.123456',
        j: '{"b":[1],"a":null}',
      },
      {
        id: 2,
        s: 'abc  ',
        i: '9223372036854775807',
        f: -1e300,
        b: false,
        t: '1000-01-01 00:00:00.000000',
        j: '"x"',
      },
      { id: 3, s: `ABC'"\`\\\n\t%_\u{1f436}`, i: 0, f: 5, b: null, t: null, j: '[]' },
      { id: 4, s: null, i: null, f: null, b: null, t: null, j: null },
    ]);
  });

  it('adds new columns to a family, whose schema may leave out known ones', async () => {
    const name = family();
    await put({ family: name, schema: { a: 'int' }, logs: [{ a: 1 }] });
    await put({ family: name, schema: { b: 'string', c: 'bool' }, logs: [{ a: 2, b: 'x' }] });
    expect((await put({ family: name, logs: [{ a: 3, c: true }] })).status).to.equal(200);
    expect(await api.stored(name)).to.deep.equal([
      { id: 1, a: 1, b: null, c: null },
      { id: 2, a: 2, b: 'x', c: null },
      { id: 3, a: 3, b: null, c: true },
    ]);
  });

  it('makes one table where two writers bring one family at once, also with unlike columns', async () => {
    const name = family();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        put({ family: name, schema: { a: 'int', [`b${i % 4}`]: 'int' }, logs: [{ a: i, [`b${i % 4}`]: i }] }),
      ),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(answers.map(() => 200));
    const rows = (await api.stored(name))!;
    expect(rows.map(({ a }) => a)).to.have.members([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(Object.keys(rows[0]!).sort()).to.deep.equal(['a', 'b0', 'b1', 'b2', 'b3', 'id']);
  });

  it('commits single events together, each with an id of its own', async () => {
    const name = family();
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => put({ family: name, schema: { n: 'int' }, logs: [{ n }] })),
    );
    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]));
    const rows = (await api.stored(name))!;
    expect(rows.map(({ id }) => id)).to.deep.equal(Array.from({ length: 200 }, (_, i) => i + 1));
    expect(rows.map(({ n }) => Number(n)).sort((a, b) => a - b)).to.deep.equal(
      Array.from({ length: 200 }, (_, i) => i),
    );
  });

  it('takes a batch as large as 20 MiB, gzipped too', async () => {
    const name = family();
    const text = 'x'.repeat(1000);
    const logs = Array.from({ length: 20_000 }, (_, n) => ({ n, text }));
    const raw = gzipSync(JSON.stringify({ family: name, schema: { n: 'int', text: 'string' }, logs }));
    const answer = await api.call('PUT', '/api/log', undefined, {
      raw,
      headers: { 'content-encoding': 'gzip' },
    });
    expect(answer.text).to.equal('{}');
    expect(await api.stored(name)).to.have.length(20_000);
  });

  it('takes NDJSON, an event a line, with family and schema in the query', async () => {
    const name = family();
    const schema = encodeURIComponent(JSON.stringify({ n: 'int' }));
    const answer = await api.call('POST', `/api/log?family=${name}&schema=${schema}`, undefined, {
      raw: '{"n":1}\n\n{"n":2}\r\n{"n":3}',
      headers: { 'content-type': 'application/x-ndjson; charset=utf-8' },
    });
    expect(answer.text).to.equal('{}');
    expect((await api.stored(name))!.map(({ n }) => n)).to.deep.equal([1, 2, 3]);
  });

  it('makes the table where there are no events yet', async () => {
    const name = family();
    expect((await put({ family: name, schema: { a: 'int' }, logs: [] })).text).to.equal('{}');
    expect(await api.stored(name)).to.deep.equal([]);
  });

  it('spreads families over the shards', async () => {
    for (let i = 0; i < 4; i++) await put({ family: family(), schema: {}, logs: [{}] });
    const { body } = await api.call('GET', '/v1/shards', undefined, { key: ROOT_KEY });
    const [one, two] = body.items.map((shard: { families: number }) => shard.families);
    expect(Math.abs(one - two)).to.be.at.most(1);
  });

  it('keeps tenants apart: each has a family of the name, and sees its own', async () => {
    const other = await api.newTenant('Other');
    const name = family();
    await put({ family: name, schema: { a: 'int' }, logs: [{ a: 1 }] });
    const theirs = { family: name, schema: { a: 'string' }, logs: [{ a: 'theirs' }] };
    expect((await api.call('PUT', '/api/log', theirs, { key: other.apiKey })).status).to.equal(200);
    expect(await api.stored(name)).to.deep.equal([{ id: 1, a: 1 }]);
    expect(await api.stored(name, other.id)).to.deep.equal([{ id: 1, a: 'theirs' }]);
    const described = await api.call('GET', '/api/describe', undefined, { key: other.apiKey });
    expect(described.body.tables).to.have.length(1);
  });

  describe('under an Idempotency-Key', () => {
    it('stores a request once, and says that it is repeated', async () => {
      const body = { family: family(), schema: { a: 'int' }, logs: [{ a: 1 }] };
      const first = await put(body, { 'idempotency-key': 'once' });
      const second = await put(body, { 'idempotency-key': 'once' });
      expect([
        first.headers.get('idempotency-replayed'),
        second.headers.get('idempotency-replayed'),
      ]).to.deep.equal([null, 'true']);
      expect([second.status, second.text]).to.deep.equal([200, '{}']);
      const third = await put(body, { 'idempotency-key': 'twice' });
      expect(third.text).to.equal('{}');
      expect((await api.stored(body.family))!.map(({ id }) => id)).to.deep.equal([1, 2]);
    });

    it('stores none of what another body brings, for a family on another shard too', async () => {
      const [one, two] = [family(), family()];
      const body = { family: one, schema: { a: 'int' }, logs: [{ a: 1 }] };
      await put(body, { 'idempotency-key': 'mine' });
      for (const other of [
        { ...body, logs: [{ a: 2 }] },
        { ...body, family: two },
      ]) {
        const answer = await put(other, { 'idempotency-key': 'mine' });
        expect([answer.status, answer.body.code]).to.deep.equal([422, 'IDEMPOTENCY_MISMATCH']);
      }
      expect(await api.stored(one)).to.have.length(1);
    });

    it('stores a request once that arrives several times at once', async () => {
      const body = { family: family(), schema: { a: 'int' }, logs: [{ a: 1 }] };
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => put(body, { 'idempotency-key': 'burst' })),
      );
      // Who comes while the first is under way is told so; who comes later gets its answer again.
      expect(answers.filter(({ status }) => status !== 200 && status !== 409)).to.deep.equal([]);
      const taken = answers.filter(
        (answer) => answer.status === 200 && !answer.headers.get('idempotency-replayed'),
      );
      expect(taken).to.have.length(1);
      expect(await api.stored(body.family)).to.have.length(1);
    });

    it('leaves the key free where the request was refused', async () => {
      const name = family();
      const refused = await put(
        { family: name, schema: { a: 'int' }, logs: [{ a: 'x' }] },
        { 'idempotency-key': 'again' },
      );
      expect(refused.status).to.equal(422);
      const taken = await put(
        { family: name, schema: { a: 'int' }, logs: [{ a: 1 }] },
        { 'idempotency-key': 'again' },
      );
      expect([taken.status, taken.headers.get('idempotency-replayed')]).to.deep.equal([200, null]);
    });

    it('tells requests that share a transaction apart', async () => {
      const name = family();
      await put({ family: name, schema: { n: 'int' }, logs: [{ n: 0 }] }, { 'idempotency-key': 'n0' });
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          put({ family: name, schema: { n: 'int' }, logs: [{ n }] }, { 'idempotency-key': `n${n}` }),
        ),
      );
      expect(answers.map((answer) => answer.headers.get('idempotency-replayed'))).to.deep.equal([
        'true',
        ...Array.from({ length: 19 }, () => null),
      ]);
      const rows = (await api.stored(name))!;
      expect(rows.map(({ id }) => id)).to.deep.equal(Array.from({ length: 20 }, (_, i) => i + 1));
    });
  });

  describe('families', () => {
    it('are listed by name, page by page, and shown one by one', async () => {
      const { apiKey: key } = await api.newTenant('Lister');
      for (const name of ['b', 'a', 'c']) {
        await api.call('PUT', '/api/log', { family: name, schema: { x: 'int' }, logs: [] }, { key });
      }
      const first = await api.call('GET', '/v1/log-families?limit=2', undefined, { key });
      expect(first.body.items.map(({ name }: { name: string }) => name)).to.deep.equal(['a', 'b']);
      const second = await api.call('GET', `/v1/log-families?cursor=${first.body.nextCursor}`, undefined, {
        key,
      });
      expect(second.body.items.map(({ name }: { name: string }) => name)).to.deep.equal(['c']);
      expect(second.body.nextCursor).to.equal(null);
      const one = await api.call('GET', '/v1/log-families/a', undefined, { key });
      expect(one.body).to.deep.include({ name: 'a', retentionDays: null });
      expect(one.body.columns.map(({ name }: { name: string }) => name)).to.deep.equal(['id', 'x']);
    });

    it('keep events for as long as they are told to', async () => {
      const name = family();
      await put({ family: name, schema: {}, logs: [] });
      const changed = await api.call('PATCH', `/v1/log-families/${name}`, { retentionDays: 30 });
      expect([changed.status, changed.body.retentionDays]).to.deep.equal([200, 30]);
      expect((await api.call('PATCH', `/v1/log-families/${name}`, { retentionDays: 0 })).status).to.equal(
        422,
      );
      const back = await api.call('PATCH', `/v1/log-families/${name}`, { retentionDays: null });
      expect(back.body.retentionDays).to.equal(null);
      const { body } = await api.call('GET', `/v1/audit-events?subject=logFamily:${name}`);
      expect(body.items).to.have.length(2);
    });

    it("are 404 where there is none, or it is another tenant's", async () => {
      const other = await api.newTenant('Stranger');
      await put({ family: 'mine', schema: {}, logs: [] });
      for (const path of ['/v1/log-families/mine', '/v1/log-families/none', "/v1/log-families/m'%3B--"]) {
        const answer = await api.call('GET', path, undefined, { key: other.apiKey });
        expect([answer.status, answer.body.code], path).to.deep.equal([404, 'NOT_FOUND']);
      }
      expect((await api.call('GET', '/v1/log-families/MINE')).status).to.equal(404);
    });
  });

  describe('usage', () => {
    it('counts events and bytes of a tenant by day', async () => {
      const { apiKey: key } = await api.newTenant('Counted');
      const body = { family: 'counted', schema: { a: 'int' }, logs: [{ a: 1 }, { a: 2 }] };
      await api.call('PUT', '/api/log', body, { key });
      await api.call('PUT', '/api/log', { ...body, logs: [{ a: 'x' }] }, { key });
      const usage = await api.call('GET', '/v1/usage', undefined, { key });
      expect(usage.body).to.deep.equal({
        items: [
          {
            day: new Date().toISOString().slice(0, 10),
            events: 2,
            bytes: JSON.stringify(body).length,
            queries: 0,
            storage: 0,
          },
        ],
        nextCursor: null,
      });
      await api.logs.measure();
      const measured = await api.call('GET', '/v1/usage', undefined, { key });
      expect(measured.body.items[0].storage).to.be.above(0);
      expect(
        (await api.call('GET', '/v1/usage?from=2000-01-01&to=2000-02-01', undefined, { key })).body.items,
      ).to.deep.equal([]);
    });

    it('is kept to the quotas: 429, with the time until they begin anew', async () => {
      const tenant = await api.newTenant('Limited');
      const send = (n: number): Promise<Answer> =>
        api.call(
          'PUT',
          '/api/log',
          { family: 'f', schema: { a: 'int' }, logs: Array.from({ length: n }, () => ({ a: 1 })) },
          { key: tenant.apiKey },
        );
      const quotas = await api.call(
        'PUT',
        `/v1/tenants/${tenant.id}/quotas`,
        { events: 5 },
        { key: ROOT_KEY },
      );
      expect(quotas.body).to.deep.equal({ events: 5 });
      expect((await send(3)).status).to.equal(200);
      const over = await send(3);
      expect([over.status, over.body.code]).to.deep.equal([429, 'RATE_LIMITED']);
      expect(over.body.detail).to.equal(
        'The quota of 5 events a day would be passed: 3 are used. It begins anew at 00:00 UTC.',
      );
      expect(Number(over.headers.get('retry-after'))).to.be.within(1, 86_400);
      expect((await send(2)).status).to.equal(200);
      expect(await api.stored('f', tenant.id)).to.have.length(5);
    });
  });
});
