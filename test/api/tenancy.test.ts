import { expect } from 'chai';
import { ROOT_KEY, testApi, type TestApi } from './test-api.ts';

describe('tenants and keys', () => {
  let api: TestApi;
  before(async () => {
    api = await testApi();
  });
  after(() => api.close());

  it('makes a tenant with an owner key for the root key', async () => {
    const made = await api.call('POST', '/v1/tenants', { name: 'Beta' }, { key: ROOT_KEY });
    expect(made.status).to.equal(201);
    expect(made.headers.get('location')).to.equal(`/v1/tenants/${made.body.id}`);
    expect(made.body.apiKey).to.match(/^slk_/);
    const own = await api.call('GET', '/v1/tenants', undefined, { key: made.body.apiKey });
    expect(own.body.items.map(({ name }: { name: string }) => name)).to.deep.equal(['Beta']);
    const one = await api.call('GET', `/v1/tenants/${made.body.id}`, undefined, { key: ROOT_KEY });
    expect(one.body.name).to.equal('Beta');
    const all = await api.call('GET', '/v1/tenants?limit=1', undefined, { key: ROOT_KEY });
    expect(all.body.items).to.have.length(1);
    const rest = await api.call('GET', `/v1/tenants?cursor=${all.body.nextCursor}`, undefined, {
      key: ROOT_KEY,
    });
    expect(rest.body.items.map(({ id }: { id: string }) => id)).to.include(api.tenantId);
    expect(rest.body.nextCursor).to.equal(null);
  });

  it('gives the secret answer again under the same Idempotency-Key, and keeps no secret in the clear', async () => {
    const sending = { key: ROOT_KEY, headers: { 'idempotency-key': 'tenant-1' } };
    const first = await api.call('POST', '/v1/tenants', { name: 'Once' }, sending);
    const again = await api.call('POST', '/v1/tenants', { name: 'Once' }, sending);
    expect(again.status).to.equal(201);
    expect(again.body).to.deep.equal(first.body);
    expect(again.headers.get('idempotency-replayed')).to.equal('true');
    const other = await api.call('POST', '/v1/tenants', { name: 'Twice' }, sending);
    expect([other.status, other.body.code]).to.deep.equal([422, 'IDEMPOTENCY_MISMATCH']);
    const { rows } = await api.db.engine.query('SELECT answer::text FROM idempotency_keys');
    expect(JSON.stringify(rows)).not.to.include('slk_');
    const count = await api.db.engine.query("SELECT FROM tenants WHERE name = 'Once'");
    expect(count.rowCount).to.equal(1);
  });

  it('answers 401 without a key, with a bad one and with an unknown one', async () => {
    const none = await api.call('GET', '/v1/forms', undefined, { key: null });
    expect([none.status, none.body.code, none.body.detail]).to.deep.equal([
      401,
      'UNAUTHENTICATED',
      'No key was sent. Send it as "Authorization: Bearer <key>".',
    ]);
    expect(none.headers.get('www-authenticate')).to.equal('Bearer realm="sluice"');
    expect(none.headers.get('content-type')).to.equal('application/problem+json');
    const basic = await api.call('GET', '/v1/forms', undefined, {
      key: null,
      headers: { authorization: 'Basic YTpi' },
    });
    expect(basic.status).to.equal(401);
    const unknown = await api.call('GET', '/v1/forms', undefined, { key: 'slk_unknown' });
    expect([unknown.status, unknown.body.detail]).to.deep.equal([
      401,
      'The API key is not known, or was revoked.',
    ]);
  });

  it('answers 403 where the key is a good one for something else', async () => {
    const tenant = await api.call('POST', '/v1/tenants', { name: 'X' });
    expect([tenant.status, tenant.body.code]).to.deep.equal([403, 'FORBIDDEN']);
    const root = await api.call('GET', '/v1/forms', undefined, { key: ROOT_KEY });
    expect([root.status, root.body.code]).to.deep.equal([403, 'FORBIDDEN']);
    const metrics = await api.call('GET', '/metrics');
    expect(metrics.status).to.equal(403);
  });

  it('makes keys that may do what their scopes say, until they are revoked', async () => {
    const made = await api.call('POST', '/v1/api-keys', { name: 'reader', scopes: ['forms:read'] });
    expect(made.status).to.equal(201);
    const { id, apiKey } = made.body;
    expect((await api.call('GET', '/v1/forms', undefined, { key: apiKey })).status).to.equal(200);
    const write = await api.call('POST', '/v1/forms', {}, { key: apiKey });
    expect([write.status, write.body.detail]).to.deep.equal([
      403,
      'The API key does not have the scope "forms:write", which this takes.',
    ]);
    const listed = await api.call('GET', '/v1/api-keys');
    expect(listed.text).not.to.include(apiKey);
    expect(listed.body.items.map((key: { name: string }) => key.name)).to.deep.equal(['reader', 'Owner']);
    expect((await api.call('DELETE', `/v1/api-keys/${id}`)).status).to.equal(204);
    expect((await api.call('GET', `/v1/api-keys/${id}`)).status).to.equal(404);
    expect((await api.call('GET', '/v1/forms', undefined, { key: apiKey })).status).to.equal(401);
  });

  it('refuses scopes that do not exist, or that the giver has not', async () => {
    const unknown = await api.call('POST', '/v1/api-keys', { name: 'x', scopes: ['form:read'] });
    expect(unknown.status).to.equal(422);
    expect(unknown.body.errors[0].path).to.equal('/scopes/0');
    expect(unknown.body.errors[0].message).to.include('Did you mean "forms:read"?');
    const limited = await api.call('POST', '/v1/api-keys', { name: 'x', scopes: ['keys:write'] });
    const beyond = await api.call(
      'POST',
      '/v1/api-keys',
      { name: 'y', scopes: ['runs:read'] },
      { key: limited.body.apiKey },
    );
    expect([beyond.status, beyond.body.code]).to.deep.equal([403, 'FORBIDDEN']);
    const expired = await api.call('POST', '/v1/api-keys', {
      name: 'y',
      scopes: ['*'],
      expiresAt: '2020-01-01T00:00:00Z',
    });
    expect([expired.status, expired.body.errors[0].path]).to.deep.equal([422, '/expiresAt']);
  });

  it('records who changed keys', async () => {
    const made = await api.call('POST', '/v1/api-keys', { name: 'seen', scopes: ['*'] });
    const { body } = await api.call('GET', `/v1/audit-events?subject=key:${made.body.id}`);
    expect(body.items[0]).to.include({ action: 'key.create', subject: `key:${made.body.id}` });
    expect(body.items[0].actor).to.match(/^key:/);
    expect(JSON.stringify(body)).not.to.include(made.body.apiKey);
  });

  it('shows another tenant nothing', async () => {
    const other = await api.newTenant('Other');
    const theirs = await api.call('GET', `/v1/tenants/${other.id}`);
    expect([theirs.status, theirs.body.code]).to.deep.equal([404, 'NOT_FOUND']);
    const events = await api.call('GET', '/v1/audit-events', undefined, { key: other.apiKey });
    expect(
      events.body.items.every(({ subject }: { subject: string }) => subject === `tenant:${other.id}`),
    ).to.equal(true);
  });
});
