import { expect } from 'chai';
import { uuid7 } from '../../core/kernel/ids.ts';
import { testApi, type Answer, type TestApi } from './test-api.ts';

const SOME_ID = '01890000-0000-7000-8000-000000000000';

const refusalOf = ({ status, body }: Answer): unknown => [status, body.code];
const idsOf = ({ body }: Answer): string[] => body.items.map(({ id }: { id: string }) => id);

const ENVIRONMENT = `
  INSERT INTO compute_environments (tenant_id, id, name, definition, definition_version, definition_hash, input, state,
    operation_id)
  VALUES ($1, $2, gen_random_uuid(), 'cloud', '1.0.0', 'hash', '{}', $3, $4)`;
const RUN = `
  INSERT INTO runs (tenant_id, id, kind, definition, definition_version, definition_hash, pipeline, subject, state, input)
  VALUES ($1, $2, 'create', 'cloud', '1.0.0', 'hash', 'create', 'test', 'succeeded', '{}')`;

describe('repos', () => {
  let api: TestApi;
  let stranger: { id: string; apiKey: string };
  let active: string;
  before(async () => {
    api = await testApi();
    stranger = await api.newTenant('Stranger');
    await api.db.engine.query(
      `INSERT INTO definition_versions (hash, definition, version, kind, file, source)
       VALUES ('hash', 'cloud', '1.0.0', 'provisioner', 'f', '')`,
    );
    active = await environment('ACTIVE');
  });
  after(() => api.close());

  async function environment(state: string, tenant = api.tenantId): Promise<string> {
    const [id, run] = [uuid7(), uuid7()];
    await api.db.engine.query(RUN, [tenant, run]);
    await api.db.engine.query(ENVIRONMENT, [tenant, id, state, run]);
    return id;
  }
  const create = (name: string, computeEnvironmentId = active): Promise<Answer> =>
    api.call('POST', '/v1/repos', { name, computeEnvironmentId });
  const user = async (email: string): Promise<string> =>
    (await api.call('POST', '/v1/users', { email, name: email })).body.id;

  it('stand on a usable environment of their tenant, and on no other', async () => {
    const made = await create('One');
    expect([made.status, made.headers.get('location')]).to.deep.equal([201, `/v1/repos/${made.body.id}`]);
    expect(made.body).to.include({ name: 'One', computeEnvironmentId: active });
    expect((await create('Two', await environment('DEGRADED'))).status).to.equal(201);
    for (const state of ['CREATING', 'ROLLING_BACK', 'FAILED', 'DELETING', 'DELETE_FAILED', 'DELETED']) {
      const refused = await create(state, await environment(state));
      expect([state, ...(refusalOf(refused) as [])]).to.deep.equal([state, 409, 'ENVIRONMENT_NOT_READY']);
      expect(refused.body.detail).to.include(`is ${state}; a repo can stand on one that is ACTIVE or DEGRADED.`);
    }
    const theirs = await environment('ACTIVE', stranger.id);
    expect(refusalOf(await create('Theirs', theirs))).to.deep.equal([404, 'NOT_FOUND']);
    expect(refusalOf(await create('None', SOME_ID))).to.deep.equal([404, 'NOT_FOUND']);
    expect((await create('Odd', 'none')).body.errors[0].path).to.equal('/computeEnvironmentId');
  });

  it('have a name of their own, whatever the case', async () => {
    await create('Notebooks');
    expect(refusalOf(await create('NOTEBOOKS'))).to.deep.equal([409, 'CONFLICT']);
    const other = await create('Dashboards');
    const taken = await api.call('PATCH', `/v1/repos/${other.body.id}`, { name: 'notebooks' });
    expect(refusalOf(taken)).to.deep.equal([409, 'CONFLICT']);
  });

  it('move to another environment that is ready, and are found by the one they stand on', async () => {
    const [from, to] = [await environment('ACTIVE'), await environment('DEGRADED')];
    const { body } = await create('Mover', from);
    const path = `/v1/repos/${body.id}`;
    const list = async (on: string) => idsOf(await api.call('GET', `/v1/repos?computeEnvironmentId=${on}`));
    expect(await list(from)).to.deep.equal([body.id]);
    const moved = await api.call('PATCH', path, { computeEnvironmentId: to });
    expect([moved.status, moved.body.computeEnvironmentId, moved.body.version]).to.deep.equal([200, to, 2]);
    expect([await list(from), await list(to)]).to.deep.equal([[], [body.id]]);
    const notReady = await api.call('PATCH', path, { computeEnvironmentId: await environment('CREATING') });
    expect(refusalOf(notReady)).to.deep.equal([409, 'ENVIRONMENT_NOT_READY']);
    const theirs = await environment('ACTIVE', stranger.id);
    expect(refusalOf(await api.call('PATCH', path, { computeEnvironmentId: theirs }))).to.deep.equal([404, 'NOT_FOUND']);
    expect((await api.call('GET', path)).body).to.deep.equal(moved.body);
    expect((await api.call('DELETE', path)).status).to.equal(204);
    expect((await api.call('GET', path)).status).to.equal(404);
  });

  it('have users and users have repos, listed from both sides page by page', async () => {
    const [one, two] = [(await create('Shared 1')).body.id, (await create('Shared 2')).body.id];
    const [ada, grace] = [await user('ada@example.org'), await user('grace@example.org')];
    for (const [repo, who] of [[one, ada], [one, grace], [two, ada], [one, ada]]) {
      expect((await api.call('PUT', `/v1/repos/${repo}/users/${who}`)).status).to.equal(204);
    }
    expect(idsOf(await api.call('GET', `/v1/repos/${one}/users`))).to.deep.equal([grace, ada]);
    expect(idsOf(await api.call('GET', `/v1/users/${ada}/repos`))).to.deep.equal([two, one]);
    expect(idsOf(await api.call('GET', `/v1/repos?userId=${grace}`))).to.deep.equal([one]);
    const first = await api.call('GET', `/v1/repos/${one}/users?limit=1`);
    const second = await api.call('GET', `/v1/repos/${one}/users?limit=1&cursor=${first.body.nextCursor}`);
    expect([idsOf(first), idsOf(second), second.body.nextCursor]).to.deep.equal([[grace], [ada], null]);
    for (let twice = 0; twice < 2; twice++) {
      expect((await api.call('DELETE', `/v1/repos/${one}/users/${ada}`)).status).to.equal(204);
    }
    expect(idsOf(await api.call('GET', `/v1/repos/${one}/users`))).to.deep.equal([grace]);
    await api.call('DELETE', `/v1/users/${grace}`);
    expect(idsOf(await api.call('GET', `/v1/repos/${one}/users`))).to.deep.equal([]);
    const events = await api.call('GET', `/v1/audit-events?subject=repo:${one}`);
    const actions = events.body.items.map(({ action }: { action: string }) => action);
    // What changed nothing is no event.
    expect(actions).to.deep.equal(['repo.unassign', 'repo.assign', 'repo.assign', 'repo.create']);
  });

  it('and users of another tenant do not exist', async () => {
    const { body } = await create('Mine');
    const mine = await user('mine@example.org');
    const { body: their } = await api.call('POST', '/v1/users', { email: 'x@example.org', name: 'x' }, { key: stranger.apiKey });
    for (const method of ['PUT', 'DELETE']) {
      expect(refusalOf(await api.call(method, `/v1/repos/${body.id}/users/${their.id}`))).to.deep.equal([404, 'NOT_FOUND']);
      const asStranger = { key: stranger.apiKey };
      const path = `/v1/repos/${body.id}/users/${mine}`;
      expect(refusalOf(await api.call(method, path, undefined, asStranger))).to.deep.equal([404, 'NOT_FOUND']);
    }
    for (const path of [`/v1/repos/${body.id}`, `/v1/repos/${body.id}/users`, `/v1/users/${mine}/repos`, '/v1/repos/none']) {
      expect((await api.call('GET', path, undefined, { key: stranger.apiKey })).status, path).to.equal(404);
    }
    expect(idsOf(await api.call('GET', `/v1/repos?computeEnvironmentId=${active}`, undefined, { key: stranger.apiKey }))).to.deep.equal([]);
  });
});
