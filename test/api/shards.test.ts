import { expect } from 'chai';
import { createDatabase } from '../support/database.ts';
import { logApi, type LogApi } from './log-shards.ts';
import { ROOT_KEY, type Answer } from './test-api.ts';

describe('shards', () => {
  let api: LogApi;
  before(async () => {
    api = await logApi();
  });
  after(() => api.close());

  const root = (method: string, path: string, body?: unknown): Promise<Answer> =>
    api.call(method, path, body, { key: ROOT_KEY });

  it('are listed with what they hold, and without their URL', async () => {
    await api.call('PUT', '/api/log', { family: 'a', schema: {}, logs: [{}] });
    const { status, body, text } = await root('GET', '/v1/shards');
    expect(status).to.equal(200);
    const [one, two] = body.items;
    expect(one).to.deep.equal({
      ...one,
      name: 'logs1',
      store: 'postgres',
      weight: 1,
      state: 'active',
      families: 1,
      bytes: 0,
    });
    expect(two).to.deep.include({ name: 'logs2', families: 0 });
    expect(Object.keys(one)).to.deep.equal([
      'name',
      'store',
      'weight',
      'state',
      'families',
      'bytes',
      'createdAt',
    ]);
    expect(text).to.not.include('postgres://');
  });

  it('are added by the operator, and take families at once', async () => {
    const database = await createDatabase();
    try {
      const added = await root('POST', '/v1/shards', { name: 'extra', url: database.url, weight: 1000 });
      expect([added.status, added.body.name, added.body.weight]).to.deep.equal([201, 'extra', 1000]);
      expect(added.text).to.not.include(database.url);
      await api.call('PUT', '/api/log', { family: 'on_extra', schema: {}, logs: [{}] });
      expect((await api.call('GET', '/v1/log-families/on_extra')).body.shard).to.equal('extra');
      const twin = await root('POST', '/v1/shards', { name: 'extra', url: database.url });
      expect([twin.status, twin.body.code]).to.deep.equal([409, 'CONFLICT']);

      const drained = await root('POST', '/v1/shards/extra:drain');
      expect([drained.status, drained.body.state]).to.deep.equal([200, 'draining']);
      await api.call('PUT', '/api/log', { family: 'elsewhere', schema: {}, logs: [{}] });
      expect((await api.call('GET', '/v1/log-families/elsewhere')).body.shard).to.not.equal('extra');
      expect(
        (await api.call('PUT', '/api/log', { family: 'on_extra', schema: {}, logs: [{}] })).status,
      ).to.equal(200);
      await root('PATCH', '/v1/shards/extra', { state: 'down' });
      const down = await api.call('PUT', '/api/log', { family: 'on_extra', schema: {}, logs: [{}] });
      expect([down.status, down.headers.get('retry-after')]).to.deep.equal([503, '2']);
      expect(
        (await api.call('PUT', '/api/log', { family: 'elsewhere', schema: {}, logs: [{}] })).status,
      ).to.equal(200);
    } finally {
      await database.drop();
    }
  });

  it('take the families of tenants that are pinned to them', async () => {
    const tenant = await api.newTenant('Pinned');
    expect((await root('PUT', `/v1/shards/logs2/tenants/${tenant.id}`)).status).to.equal(204);
    for (const family of ['a', 'b']) {
      await api.call('PUT', '/api/log', { family, schema: {}, logs: [{}] }, { key: tenant.apiKey });
      const shown = await api.call('GET', `/v1/log-families/${family}`, undefined, { key: tenant.apiKey });
      expect(shown.body.shard).to.equal('logs2');
    }
    expect((await root('PUT', `/v1/shards/none/tenants/${tenant.id}`)).status).to.equal(404);
    expect(
      (await root('PUT', `/v1/shards/logs1/tenants/${api.tenantId.replace(/^./, 'f')}`)).status,
    ).to.equal(404);
  });

  it('are refused where the URL is of no known kind, without repeating it', async () => {
    const { status, body, text } = await root('POST', '/v1/shards', {
      name: 'odd',
      url: 'redis://u:hunter2@x',
    });
    expect([status, body.errors[0].path]).to.deep.equal([422, '/url']);
    expect(body.errors[0].message).to.match(/^The URL must begin with .*postgres:\/\//);
    expect(text).to.not.include('hunter2');
  });

  it('are 404 where there is none of the name', async () => {
    expect((await root('POST', '/v1/shards/none:drain')).status).to.equal(404);
    expect((await root('PATCH', '/v1/shards/none', { weight: 1 })).status).to.equal(404);
  });

  it("are the operator's only", async () => {
    for (const [method, path] of [
      ['GET', '/v1/shards'],
      ['POST', '/v1/shards'],
      ['POST', '/v1/shards/logs1:drain'],
    ] as const) {
      expect((await api.call(method, path, method === 'GET' ? undefined : {})).status, path).to.equal(403);
    }
  });
});
