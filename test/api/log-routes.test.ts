import { expect } from 'chai';
import { logApi, type LogApi } from './log-shards.ts';
import type { Answer } from './test-api.ts';

describe('/v1/log-routes', () => {
  let api: LogApi;
  let loki: string;
  let hook: string;
  let other: { id: string; apiKey: string };
  before(async () => {
    api = await logApi();
    loki = await connection('loki', { url: 'https://loki.example.com' });
    hook = await connection('webhook', { url: 'https://example.com/hook', secret: `whsec_${Buffer.alloc(32).toString('base64')}` });
    other = await api.newTenant('Other');
  });
  after(() => api.close());

  async function connection(definition: string, config: object): Promise<string> {
    const made = await api.call('POST', '/v1/connections', { definition, name: definition, config });
    expect(made.status, made.text).to.equal(201);
    return made.body.id;
  }
  const post = (body: unknown, sending = {}): Promise<Answer> => api.call('POST', '/v1/log-routes', body, sending);
  async function made(body: object): Promise<string> {
    const answer = await post({ connectionId: loki, ...body });
    expect(answer.status, answer.text).to.equal(201);
    return answer.body.id;
  }
  async function expectRefused(answer: Answer, status: number, code: string, path?: string): Promise<void> {
    expect([answer.status, answer.body.code], answer.text).to.deep.equal([status, code]);
    if (path !== undefined) expect(answer.body.errors.map((error: { path: string }) => error.path)).to.deep.equal([path]);
  }

  it('makes, shows, lists, changes and deletes a route', async () => {
    const answer = await post({ connectionId: loki, families: ['web', 'jobs'] });
    expect(answer.status).to.equal(201);
    const { id, createdAt, updatedAt } = answer.body;
    expect(answer.headers.get('location')).to.equal(`/v1/log-routes/${id}`);
    const shown = { id, connectionId: loki, families: ['web', 'jobs'], enabled: true, version: 1, createdAt, updatedAt };
    expect(answer.body).to.deep.equal(shown);
    expect((await api.call('GET', `/v1/log-routes/${id}`)).body).to.deep.equal(shown);
    const all = await made({ enabled: false });
    const listed = await api.call('GET', '/v1/log-routes?limit=1');
    expect(listed.body.items[0]).to.deep.include({ id: all, families: null, enabled: false });
    const next = await api.call('GET', `/v1/log-routes?limit=1&cursor=${listed.body.nextCursor}`);
    expect(next.body).to.deep.equal({ items: [shown], nextCursor: null });
    const changed = await api.call('PATCH', `/v1/log-routes/${id}`, { families: null, enabled: false });
    expect(changed.body).to.deep.include({ id, families: null, enabled: false, version: 2 });
    const kept = await api.call('PATCH', `/v1/log-routes/${id}`, { enabled: true });
    expect(kept.body).to.deep.include({ families: null, enabled: true });
    for (const route of [id, all]) {
      expect((await api.call('DELETE', `/v1/log-routes/${route}`)).status).to.equal(204);
      expect((await api.call('GET', `/v1/log-routes/${route}`)).status).to.equal(404);
    }
    const events = await api.call('GET', '/v1/audit-events?limit=100');
    const ofRoute = events.body.items.filter((event: { subject: string }) => event.subject === `logRoute:${id}`);
    expect(ofRoute.map((event: { action: string }) => event.action).sort()).to.deep.equal(
      ['logRoute.change', 'logRoute.change', 'logRoute.create', 'logRoute.delete'],
    );
  });

  it('takes a connection of a sink only, and one of its own tenant', async () => {
    const answer = await post({ connectionId: hook });
    await expectRefused(answer, 422, 'VALIDATION_FAILED', '/connectionId');
    expect(answer.body.detail).to.contain('"webhook" takes no events').and.contain('loki');
    await expectRefused(await post({ connectionId: loki }, { key: other.apiKey }), 404, 'NOT_FOUND');
    await expectRefused(await post({ connectionId: '019b0000-0000-7000-8000-000000000000' }), 404, 'NOT_FOUND');
  });

  it('says what is wrong with a body', async () => {
    await expectRefused(await post({}), 422, 'VALIDATION_FAILED', '/connectionId');
    await expectRefused(await post({ connectionId: 'loki' }), 422, 'VALIDATION_FAILED', '/connectionId');
    await expectRefused(await post({ connectionId: loki, family: 'web' }), 422, 'VALIDATION_FAILED', '/family');
    await expectRefused(await post({ connectionId: loki, enabled: 'yes' }), 422, 'VALIDATION_FAILED', '/enabled');
    for (const families of [[], ['web', 'web'], 'web', [1]]) {
      expect((await post({ connectionId: loki, families })).status, JSON.stringify(families)).to.equal(422);
    }
    for (const name of ['', '../x', 'a b', '__proto__', 'raw_logs', 'x'.repeat(61)]) {
      await expectRefused(await post({ connectionId: loki, families: ['web', name] }), 422, 'VALIDATION_FAILED', '/families/1');
    }
    const id = await made({ families: ['web'] });
    await expectRefused(await api.call('PATCH', `/v1/log-routes/${id}`, { families: ['a.b'] }), 422, 'VALIDATION_FAILED', '/families/0');
    await expectRefused(await api.call('PATCH', `/v1/log-routes/${id}`, { connectionId: loki }), 422, 'VALIDATION_FAILED', '/connectionId');
    await expectRefused(await api.call('GET', '/v1/log-routes?cursor=x'), 422, 'VALIDATION_FAILED', '/query/cursor');
    await api.call('DELETE', `/v1/log-routes/${id}`);
  });

  it('shows, changes and deletes no route of another tenant, and asks for the scopes of logs', async () => {
    const id = await made({});
    const sending = { key: other.apiKey };
    for (const answer of [
      await api.call('GET', `/v1/log-routes/${id}`, undefined, sending),
      await api.call('PATCH', `/v1/log-routes/${id}`, { enabled: false }, sending),
      await api.call('DELETE', `/v1/log-routes/${id}`, undefined, sending),
      await api.call('GET', '/v1/log-routes/nonsense'),
    ]) {
      await expectRefused(answer, 404, 'NOT_FOUND');
    }
    expect((await api.call('GET', '/v1/log-routes', undefined, sending)).body.items).to.deep.equal([]);
    const reader = await api.call('POST', '/v1/api-keys', { name: 'reader', scopes: ['logs:read'] });
    const weak = { key: reader.body.apiKey as string };
    expect((await api.call('GET', `/v1/log-routes/${id}`, undefined, weak)).status).to.equal(200);
    await expectRefused(await post({ connectionId: loki }, weak), 403, 'FORBIDDEN');
    await expectRefused(await api.call('DELETE', `/v1/log-routes/${id}`, undefined, weak), 403, 'FORBIDDEN');
    await expectRefused(await post({ connectionId: loki }, { key: null }), 401, 'UNAUTHENTICATED');
    await api.call('DELETE', `/v1/log-routes/${id}`);
  });

  it('keeps the connection of a route from being deleted', async () => {
    const id = await made({});
    const refused = await api.call('DELETE', `/v1/connections/${loki}`);
    await expectRefused(refused, 409, 'IN_USE');
    expect(refused.body.errors).to.deep.equal([{ path: '', message: `It is used by the log route ${id}.` }]);
    await api.call('DELETE', `/v1/log-routes/${id}`);
    expect((await api.call('DELETE', `/v1/connections/${loki}`)).status).to.equal(204);
  });
});
