import { expect } from 'chai';
import { mysqlMissing, mysqlServers } from '../support/mysql-servers.ts';
import { testApi, type Answer, type TestApi } from './test-api.ts';

const missing = mysqlMissing();

describe('events on three MySQL servers', () => {
  let api: TestApi;
  before(async function () {
    // The store's own suite says that MySQL is missing.
    if (missing !== undefined) return this.skip();
    const [one, two, three] = await mysqlServers(3);
    api = await testApi({ logShards: { one: one!, two: two!, three: three! } });
  });
  after(() => api?.close());

  const put = (body: unknown): Promise<Answer> => api.call('PUT', '/api/log', body);
  const query = (text: string): Promise<Answer> => api.call('POST', '/api/query', { query: text });

  it('are stored, described and asked for as documented; sent twice, they are in raw_logs twice', async () => {
    const dogs = {
      family: 'dog_registry',
      schema: { name: 'string', breed: 'string', weight: 'int' },
      logs: [
        { name: 'spot', breed: 'labrador', weight: 100 },
        { name: 'max', breed: 'bulldog', weight: 50 },
        { name: 'rex', breed: 'labrador', weight: 80 },
      ],
    };
    for (let times = 0; times < 2; times++) {
      const answer = await put(dogs);
      expect([answer.status, answer.text]).to.deep.equal([200, '{}']);
    }
    expect((await query('SELECT * FROM `dog_registry` LIMIT 1;')).text).to.equal(
      '{"results":[{"breed":"labrador","id":1,"name":"spot","weight":100}]}',
    );
    const { body } = await query('SELECT id, log FROM raw_logs ORDER BY id');
    expect(body.results).to.have.length(6);
    expect(body.results[5]).to.deep.equal({ id: 6, log: '{"breed":"labrador","name":"rex","weight":80}' });
    const described = await api.call('GET', '/api/describe');
    expect(
      described.body.tables[0].columns.map(({ name, type }: { name: string; type: string }) => [name, type]),
    ).to.deep.equal([
      ['id', 'int'],
      ['breed', 'text'],
      ['name', 'text'],
      ['weight', 'int'],
    ]);
  });

  it('hold NUL, emoji, quotes, backslashes and trailing blanks exactly', async () => {
    const texts = ['a\0b', '\u{1f436}', `'"\``, '\\n\\', 'x  ', 'abc', 'ABC', ''];
    await put({ family: 'texts', schema: { text: 'string' }, logs: texts.map((text) => ({ text })) });
    const { body } = await query('SELECT text FROM texts ORDER BY id');
    expect(body.results.map(({ text }: { text: string }) => text)).to.deep.equal(texts);
    expect((await query("SELECT COUNT(*) AS n FROM texts WHERE text = 'abc'")).body.results).to.deep.equal([
      { n: 1 },
    ]);
  });

  it('are spread over all of them', async () => {
    for (const family of ['a', 'b', 'c', 'd']) await put({ family, schema: {}, logs: [{}] });
    const { body } = await api.call('GET', '/v1/log-families');
    const shards = new Set(body.items.map(({ shard }: { shard: string }) => shard));
    expect(shards).to.deep.equal(new Set(['one', 'two', 'three']));
  });

  it('are one table where several writers bring one family at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        put({ family: 'raced', schema: { n: 'int', [`c${n}`]: 'int' }, logs: [{ n }] }),
      ),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(answers.map(() => 200));
    expect((await query('SELECT COUNT(*) AS n FROM raced')).body.results).to.deep.equal([{ n: 8 }]);
  });
});
