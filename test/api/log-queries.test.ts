import { expect } from 'chai';
import { logApi, type LogApi } from './log-shards.ts';
import { ROOT_KEY, type Answer } from './test-api.ts';

const DOGS = {
  family: 'dog_registry',
  schema: { name: 'string', breed: 'string', weight: 'int' },
  logs: [
    { name: 'spot', breed: 'labrador', weight: 100 },
    { name: 'max', breed: 'bulldog', weight: 50 },
    { name: 'rex', breed: 'labrador', weight: 80 },
  ],
};

describe('queries by SQL', () => {
  let api: LogApi;
  before(async () => {
    api = await logApi();
    await api.call('PUT', '/api/log', DOGS);
  });
  after(() => api.close());

  const query = (text: string, key?: string): Promise<Answer> =>
    api.call('POST', '/api/query', { query: text }, key === undefined ? {} : { key });

  it('are answered with the rows, keys in order', async () => {
    const answer = await query('SELECT * FROM `dog_registry`;');
    expect([answer.status, answer.text]).to.deep.equal([
      200,
      '{"results":[{"breed":"labrador","id":1,"name":"spot","weight":100},' +
        '{"breed":"bulldog","id":2,"name":"max","weight":50},{"breed":"labrador","id":3,"name":"rex","weight":80}]}',
    ]);
    const text = 'select * from dog_registry where breed = "labrador" and name != "max" order by weight;';
    expect((await query(text)).body.results.map(({ id }: { id: number }) => id)).to.deep.equal([3, 1]);
  });

  it('see raw_logs, a row an event', async () => {
    const { body } = await query(
      "SELECT log FROM raw_logs WHERE family = 'dog_registry' ORDER BY id LIMIT 1",
    );
    expect(body.results).to.deep.equal([{ log: '{"breed":"labrador","name":"spot","weight":100}' }]);
  });

  it('answer every type as it was meant', async () => {
    const schema = { s: 'string', i: 'int', f: 'float', b: 'bool', t: 'timestamp', j: 'json' };
    const log = {
      s: 'x ',
      i: '9223372036854775807',
      f: 0.5,
      b: true,
      t: '2026-01-31T13:00:00+01:00',
      j: { a: 1 },
    };
    await api.call('PUT', '/api/log', { family: 'typed', schema, logs: [log] });
    const { body } = await query('SELECT * FROM typed');
    expect(body.results).to.deep.equal([
      {
        id: 1,
        s: 'x ',
        i: '9223372036854775807',
        f: 0.5,
        b: true,
        t: '2026-01-31T12:00:00.000000Z',
        j: '{"a":1}',
      },
    ]);
  });

  it('see columns and families as soon as they are there', async () => {
    expect((await query('SELECT age FROM dog_registry')).status).to.equal(422);
    await api.call('PUT', '/api/log', { family: 'dog_registry', schema: { age: 'int' }, logs: [{ age: 3 }] });
    expect((await query('SELECT age FROM dog_registry WHERE age IS NOT NULL')).body.results).to.deep.equal([
      { age: 3 },
    ]);
    expect((await query('SELECT * FROM brand_new')).status).to.equal(404);
    await api.call('PUT', '/api/log', { family: 'brand_new', schema: {}, logs: [{}] });
    expect((await query('SELECT * FROM brand_new')).body.results).to.deep.equal([{ id: 1 }]);
  });

  it('name columns whatever they like', async () => {
    const { text } = await query('SELECT 1 AS __proto__, 2 AS constructor');
    expect(text).to.equal('{"results":[{"__proto__":1,"constructor":2}]}');
  });

  it('are 400 where they are no SQL, 422 where they are refused, 404 where the family is unknown or foreign', async () => {
    const refusals: readonly (readonly [string, number, string])[] = [
      ['', 400, 'SQL_SYNTAX'],
      ['SELECT', 400, 'SQL_SYNTAX'],
      ['DROP TABLE dog_registry', 422, 'SQL_REFUSED'],
      ['SELECT nme FROM dog_registry', 422, 'UNKNOWN_COLUMN'],
      ['SELECT * FROM cats', 404, 'NOT_FOUND'],
    ];
    for (const [text, status, code] of refusals) {
      const answer = await query(text);
      expect([answer.status, answer.body.code], text).to.deep.equal([status, code]);
    }
    const stranger = await api.newTenant('Stranger');
    expect((await query('SELECT * FROM dog_registry', stranger.apiKey)).status).to.equal(404);
    expect((await query('SELECT 1 AS one', stranger.apiKey)).body.results).to.deep.equal([{ one: 1 }]);
  });

  it('are counted', async () => {
    const { apiKey: key } = await api.newTenant('Counted');
    await query('SELECT 1 AS one', key);
    await query('SELECT', key);
    const usage = await api.call('GET', '/v1/usage', undefined, { key });
    expect(usage.body.items[0].queries).to.equal(1);
  });

  it('take the scope logs:read', async () => {
    const writer = await api.call('POST', '/v1/api-keys', { name: 'Writer', scopes: ['logs:write'] });
    expect((await query('SELECT 1 AS one', writer.body.apiKey)).status).to.equal(403);
  });

  it('are 503 where the shard is down, while those of others are answered', async () => {
    const home = (await api.call('GET', '/v1/log-families/dog_registry')).body.shard;
    const families = (await api.call('GET', '/v1/log-families')).body.items as {
      name: string;
      shard: string;
    }[];
    const elsewhere = families.find(({ shard }) => shard !== home)!;
    await api.call('PATCH', `/v1/shards/${home}`, { state: 'down' }, { key: ROOT_KEY });
    try {
      const down = await query('SELECT * FROM dog_registry');
      expect([down.status, down.body.code, down.headers.get('retry-after')]).to.deep.equal([
        503,
        'UNAVAILABLE',
        '2',
      ]);
      expect((await query(`SELECT * FROM ${elsewhere.name}`)).status).to.equal(200);
    } finally {
      await api.call('PATCH', `/v1/shards/${home}`, { state: 'active' }, { key: ROOT_KEY });
    }
  });
});

describe('queries beyond their limits', () => {
  let api: LogApi;
  before(async () => {
    api = await logApi({ queryLimits: { timeoutMs: 300, maxRows: 100, maxBytes: 10_000 } });
    const logs = Array.from({ length: 1000 }, (_, n) => ({ n, text: 'x'.repeat(500) }));
    await api.call('PUT', '/api/log', { family: 'many', schema: { n: 'int', text: 'string' }, logs });
  });
  after(() => api.close());
  const query = (text: string): Promise<Answer> => api.call('POST', '/api/query', { query: text });

  it('are stopped at the time limit, and the next one is answered', async () => {
    const answer = await query('SELECT COUNT(*) AS n FROM many a CROSS JOIN many b CROSS JOIN many c');
    expect([answer.status, answer.body.code, answer.body.detail]).to.deep.equal([
      422,
      'QUERY_TIMEOUT',
      'The query took longer than 0.3 seconds and was stopped. Make it narrower: fewer families, an earlier WHERE.',
    ]);
    expect((await query('SELECT COUNT(*) AS n FROM many')).body.results).to.deep.equal([{ n: 1000 }]);
  });

  it('are refused where the result has too many rows or bytes', async () => {
    for (const text of ['SELECT n FROM many', 'SELECT text FROM many LIMIT 50']) {
      const answer = await query(text);
      expect([answer.status, answer.body.code, answer.body.detail], text).to.deep.equal([
        422,
        'RESULT_TOO_LARGE',
        'The result has more than 100 rows, or more than 10000 bytes. Add a LIMIT, or take fewer columns.',
      ]);
    }
    expect((await query('SELECT n FROM many LIMIT 100')).body.results).to.have.length(100);
  });
});
