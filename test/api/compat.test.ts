import { request } from 'node:http';
import { expect } from 'chai';
import { ensureTenant } from '../../core/domains/tenants/tenants.ts';
import { masterKey } from '../../db/master-key.ts';
import { directory } from '../../db/stores/directory.ts';
import { unitOfWork } from '../../db/stores/unit-of-work.ts';
import { Vault } from '../../db/vault.ts';
import { testDatabase } from '../support/database.ts';
import { logApi, type LogApi } from './log-shards.ts';
import { ROOT_KEY, type Answer } from './test-api.ts';

const DOGS = {
  family: 'dogs',
  schema: { name: 'string', weight: 'int' },
  logs: [{ name: 'spot', weight: 100 }],
};
const NOBODY = { key: null };

describe('compatible with databalancer', () => {
  let api: LogApi;
  before(async () => {
    api = await logApi({ databalancer: true });
  });
  after(() => api.close());

  const log = (body: object, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    api.call('PUT', '/api/log', body, { ...NOBODY, headers });
  const query = (text: string): Promise<Answer> => api.call('POST', '/api/query', { query: text }, NOBODY);

  it('serves requests without a key to one tenant, whatever their Content-Type', async () => {
    for (const type of ['text/plain', 'application/xml', 'application/json; charset=latin1', 'nonsense']) {
      const answer = await log(DOGS, { 'content-type': type });
      expect([answer.status, answer.text], type).to.deep.equal([200, '{}']);
    }
    expect((await query('SELECT COUNT(*) AS dogs FROM dogs')).text).to.equal('{"results":[{"dogs":4}]}');
    const described = await api.call('GET', '/api/describe', undefined, NOBODY);
    expect(described.body.tables.map(({ name }: { name: string }) => name)).to.deep.equal(['dogs']);
    const { body } = await api.call('GET', '/v1/tenants', undefined, { key: ROOT_KEY });
    const names = body.items.map(({ name }: { name: string }) => name);
    expect(names).to.have.members(['Acme', 'databalancer']);
  });

  it('keeps requests with a key to the tenant of the key', async () => {
    const mine = { ...DOGS, family: 'mine' };
    expect((await api.call('PUT', '/api/log', mine)).text).to.equal('{}');
    expect((await api.call('GET', '/api/describe')).body.tables).to.have.length(1);
    expect((await query('SELECT * FROM mine')).text).to.contain('An error occured querying logs: ');
    const wrong = await api.call('PUT', '/api/log', mine, { key: 'slk_wrong' });
    expect([wrong.status, wrong.body.code]).to.deep.equal([401, 'UNAUTHENTICATED']);
  });

  it('takes NDJSON as ever', async () => {
    const ndjson = {
      ...NOBODY,
      raw: '{"n":1}\n{"n":2}',
      headers: { 'content-type': 'application/x-ndjson' },
    };
    const answer = await api.call('POST', '/api/log?family=lines&schema={"n":"int"}', undefined, ndjson);
    expect(answer.text).to.equal('{}');
  });

  describe('says errors as databalancer did, with status 500:', () => {
    const untyped = { ...DOGS, logs: [{ name: 'x' }, { size: 5 }] };
    const badType = { ...DOGS, schema: { name: 'text' } };
    const heavy = { ...DOGS, logs: [{ weight: 'heavy' }] };
    const detail = '/logs/0/weight: Expected a whole number, or one as decimal text, got the text "heavy".';
    const broken = 'The body is not valid JSON: unexpected "}" at line 1, column 11 (character 10).';
    const readOnly = 'An error occured querying logs: service can only be used to query records';
    const noTable = 'An error occured querying logs: ';
    const cases: readonly (readonly [string, string, string | object, string])[] = [
      ['JSON that is none', '/api/log', '{"family":}', `An error occured parsing JSON: ${broken}`],
      [
        'a field without a type',
        '/api/log',
        untyped,
        'An error occured ingesting logs: Data type for the field size was not specified in the dogs schema map',
      ],
      [
        'a type that there is not',
        '/api/log',
        badType,
        'An error occured ingesting logs: Unsupported data type in dogs log for the field name: text',
      ],
      ['any other event', '/api/log', heavy, `An error occured ingesting logs: ${detail}`],
      ['DELETE', '/api/query', { query: 'DELETE FROM dogs' }, readOnly],
      ['SET of a variable', '/api/query', { query: 'set @x = 1' }, readOnly],
      ['DROP after a comment', '/api/query', { query: '/* SELECT */ drop table dogs;' }, readOnly],
      ['an unknown table', '/api/query', { query: 'SELECT * FROM cats' }, noTable],
      ['a query that is no SQL', '/api/query', { query: 'SELECT FROM' }, noTable],
      ['no query', '/api/query', {}, `${noTable}/query: This is required.`],
    ];
    for (const [what, path, body, text] of cases) {
      it(what, async () => {
        const raw = typeof body === 'string' ? body : JSON.stringify(body);
        for (const sending of [{ raw }, { raw, ...NOBODY }]) {
          const answer = await api.call('POST', path, undefined, sending);
          expect([answer.status, answer.headers.get('content-type')]).to.deep.equal([
            500,
            'text/plain; charset=utf-8',
          ]);
          if (text === noTable) expect(answer.text).to.match(/^An error occured querying logs: [^\n]+$/);
          else expect(answer.text).to.equal(text);
        }
      });
    }

    it('and elsewhere as documented', async () => {
      const answer = await api.call('GET', '/v1/log-families/none');
      expect([answer.status, answer.body.code]).to.deep.equal([404, 'NOT_FOUND']);
      expect((await api.call('GET', '/v1/log-families', undefined, NOBODY)).status).to.equal(401);
    });
  });

  describe('wants a key of what does not come from a program on this machine:', () => {
    const marks = {
      'X-Forwarded-For': '127.0.0.1',
      Forwarded: 'for=127.0.0.1',
      Origin: 'http://127.0.0.1',
      Host: 'rebound.example.com:8080',
      Authorization: '',
    };
    for (const [name, value] of Object.entries(marks)) {
      it(`${name}: ${value}`, async () => {
        expect(await statusOf(new URL('/api/describe', api.url), { [name]: value })).to.equal(401);
      });
    }

    it('but takes the names of this machine', async () => {
      const url = new URL('/api/describe', api.url);
      for (const Host of ['localhost:1', '[::1]:80', '127.0.0.1', 'build-7']) {
        expect(await statusOf(url, { Host }), Host).to.equal(200);
      }
    });
  });
});

describe('the tenant of requests without a key', () => {
  it('is made once, by however many processes that start together, and one of its name is taken', async () => {
    const { db, drop } = await testDatabase();
    try {
      const vault = new Vault([masterKey(Buffer.alloc(32, 1))]);
      const on = { work: unitOfWork(db, vault, () => {}), directory: directory(db, vault) };
      const made = await Promise.all(Array.from({ length: 8 }, () => ensureTenant(on, 'databalancer')));
      const again = await ensureTenant(on, 'databalancer');
      expect(new Set([...made, again].map(({ id }) => id)).size).to.equal(1);
      const { rows } = await db.engine.query('SELECT name FROM tenants');
      expect(rows).to.deep.equal([{ name: 'databalancer' }]);
    } finally {
      await drop();
    }
  });
});

/** fetch writes Host and Origin itself. */
function statusOf(url: URL, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end();
  });
}
