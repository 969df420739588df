import { expect } from 'chai';
import { testApi, type Answer, type TestApi } from './test-api.ts';

const SOME_ID = '01890000-0000-7000-8000-000000000000';

const refusalOf = ({ status, body }: Answer): unknown => [status, body.code, body.detail];

describe('users', () => {
  let api: TestApi;
  let stranger: string;
  before(async () => {
    api = await testApi();
    stranger = (await api.newTenant('Stranger')).apiKey;
  });
  after(() => api.close());

  const add = (email: string, more: object = {}, headers: Record<string, string> = {}): Promise<Answer> =>
    api.call('POST', '/v1/users', { email, name: 'Ada', ...more }, { headers });

  it('are added, read, changed and deleted, and each change is an audit event', async () => {
    const made = await add('Ada@example.org', { role: 'admin' });
    expect([made.status, made.headers.get('location')]).to.deep.equal([201, `/v1/users/${made.body.id}`]);
    expect(made.body).to.include({ email: 'Ada@example.org', name: 'Ada', role: 'admin', version: 1 });
    const path = `/v1/users/${made.body.id}`;
    expect((await api.call('GET', path)).body).to.deep.equal(made.body);
    const changed = await api.call('PATCH', path, { name: 'Ada L.', role: 'viewer' });
    expect(changed.body).to.include({ email: 'Ada@example.org', name: 'Ada L.', role: 'viewer', version: 2 });
    expect((await api.call('DELETE', path)).status).to.equal(204);
    expect((await api.call('GET', path)).status).to.equal(404);
    const events = await api.call('GET', `/v1/audit-events?subject=user:${made.body.id}`);
    expect(events.body.items.map(({ action }: { action: string }) => action)).to.deep.equal([
      'user.delete',
      'user.change',
      'user.create',
    ]);
  });

  it('are members where no role is named', async () => {
    expect((await add('member@example.org')).body.role).to.equal('member');
  });

  it('have an e-mail address of their own, whatever the case, within their tenant', async () => {
    await add('Grace@example.org');
    expect(refusalOf(await add('grace@EXAMPLE.org'))).to.deep.equal([
      409,
      'CONFLICT',
      'There is a user with the e-mail address "grace@EXAMPLE.org", in this or another case.',
    ]);
    const other = await add('alan@example.org');
    const taken = await api.call('PATCH', `/v1/users/${other.body.id}`, { email: 'GRACE@example.org' });
    expect([taken.status, taken.body.code]).to.deep.equal([409, 'CONFLICT']);
    const theirs = await api.call('POST', '/v1/users', { email: 'grace@example.org', name: 'G' }, { key: stranger });
    expect(theirs.status).to.equal(201);
  });

  it('are refused with each field that is wrong', async () => {
    const refused = await api.call('POST', '/v1/users', { email: 'ada', name: '', role: 'king', age: 3 });
    expect(refused.status).to.equal(422);
    expect(refused.body.errors.map(({ path }: { path: string }) => path)).to.have.members([
      '/email',
      '/name',
      '/role',
      '/age',
    ]);
  });

  it('are added once under an Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'user-1' };
    const first = await add('once@example.org', {}, headers);
    expect((await add('once@example.org', {}, headers)).text).to.equal(first.text);
    const other = await add('twice@example.org', {}, headers);
    expect([other.status, other.body.code]).to.deep.equal([422, 'IDEMPOTENCY_MISMATCH']);
  });

  it('are listed page by page, and found by e-mail address and role', async () => {
    for (const i of [1, 2, 3]) await add(`page${i}@example.org`, { role: 'owner' });
    const emails = ({ body }: Answer): string[] => body.items.map(({ email }: { email: string }) => email);
    const first = await api.call('GET', '/v1/users?role=owner&limit=2');
    expect(emails(first)).to.deep.equal(['page3@example.org', 'page2@example.org']);
    const second = await api.call('GET', `/v1/users?role=owner&limit=2&cursor=${first.body.nextCursor}`);
    expect([emails(second), second.body.nextCursor]).to.deep.equal([['page1@example.org'], null]);
    expect(emails(await api.call('GET', '/v1/users?email=PAGE2@example.org'))).to.deep.equal(['page2@example.org']);
    expect((await api.call('GET', '/v1/users?role=king')).status).to.equal(422);
  });

  it("of another tenant do not exist, and theirs are not seen", async () => {
    const { body } = await add('mine@example.org');
    for (const [method, sent] of [['GET'], ['PATCH', { name: 'x' }], ['DELETE']] as const) {
      const answer = await api.call(method, `/v1/users/${body.id}`, sent, { key: stranger });
      expect(refusalOf(answer)).to.deep.equal([404, 'NOT_FOUND', 'There is no such user.']);
    }
    expect((await api.call('GET', `/v1/users/${SOME_ID}`)).status).to.equal(404);
    expect((await api.call('GET', `/v1/users?email=mine@example.org`, undefined, { key: stranger })).body.items).to.deep.equal([]);
  });

  it('are changed by those who administer, and seen by others', async () => {
    const key = await api.call('POST', '/v1/api-keys', { name: 'reader', scopes: ['users:read'] });
    const reader = key.body.apiKey;
    expect((await api.call('GET', '/v1/users', undefined, { key: reader })).status).to.equal(200);
    const refused = await api.call('POST', '/v1/users', { email: 'x@example.org', name: 'x' }, { key: reader });
    expect([refused.status, refused.body.code]).to.deep.equal([403, 'FORBIDDEN']);
  });
});
