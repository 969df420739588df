import { expect } from 'chai';
import { eventually } from '../support/sluice-process.ts';
import { ENDPOINTS, PROVISIONERS, startCloud, type Cloud } from './cloud.ts';
import { testApi, type Answer, type TestApi } from './test-api.ts';

const PATH = '/v1/compute-environments';
const SOME_ID = '01890000-0000-7000-8000-000000000000';

const refusalOf = ({ status, body }: Answer): unknown => [status, body.code];
const idsOf = ({ body }: Answer): string[] => body.items.map(({ id }: { id: string }) => id);

describe('compute environments', () => {
  let cloud: Cloud;
  let api: TestApi;
  let stranger: string;
  let names = 0;
  before(async () => {
    cloud = await startCloud();
    api = await testApi({ definitions: PROVISIONERS, endpoints: ENDPOINTS(cloud) });
    stranger = (await api.newTenant('Stranger')).apiKey;
    await api.startWorker();
  });
  after(async () => {
    await api.close();
    await cloud.close();
  });
  beforeEach(() => {
    cloud.faults = () => undefined;
    cloud.state = 'READY';
  });

  const create = (more: object = {}, headers: Record<string, string> = {}): Promise<Answer> => {
    const body = { name: `env ${++names}`, provisioner: 'acme-cloud', input: { region: 'north' }, ...more };
    return api.call('POST', PATH, body, { headers });
  };
  const get = async (id: string) => (await api.call('GET', `${PATH}/${id}`)).body;
  const becomes = (id: string, ...states: string[]) =>
    eventually(`${id} becomes ${states.join(' or ')}`, async () => {
      const found = await get(id);
      return states.includes(found.state) && found;
    });
  const active = async (more: object = {}) => becomes((await create(more)).body.id, 'ACTIVE');
  const remove = (id: string): Promise<Answer> => api.call('DELETE', `${PATH}/${id}`);
  const repoOn = (computeEnvironmentId: string, name = `repo ${++names}`): Promise<Answer> =>
    api.call('POST', '/v1/repos', { name, computeEnvironmentId });

  it('are answered at once with their operation, and become ACTIVE with what was learned', async () => {
    const made = await create();
    expect(made.status, made.text).to.equal(202);
    const { id, operation } = made.body;
    expect(made.headers.get('location')).to.equal(`${PATH}/${id}`);
    expect(made.headers.get('operation-location')).to.equal(`/v1/operations/${operation.id}`);
    expect(made.headers.get('retry-after')).to.match(/^\d+$/);
    expect(made.body).to.include({ state: 'CREATING', provisioner: 'acme-cloud', outputs: null, error: null });
    expect(made.body.input).to.deep.equal({ region: 'north', size: 2 });
    expect(operation).to.include({ kind: 'create', target: id, state: 'PENDING', error: null });
    expect(operation.progress).to.deep.equal({ done: 0, total: 3, step: 'network' });
    const done = await becomes(id, 'ACTIVE');
    expect(Object.keys(done.outputs)).to.deep.equal(['networkId', 'bucketId']);
    expect(done.operation).to.include({ id: operation.id, state: 'SUCCEEDED' });
    expect(done.operation.progress).to.deep.equal({ done: 3, total: 3, step: null });
    expect(cloud.resources.get(done.outputs.networkId)?.name).to.equal(`sluice-${id}`);
  });

  it('are refused with each field that is wrong', async () => {
    const wrong = await create({ input: { region: 'nort', size: 0, colour: 'red' }, size: 1 });
    expect(wrong.body.errors.map(({ path }: { path: string }) => path)).to.deep.equal(['/size']);
    const input = await create({ input: { region: 'nort', size: 0 } });
    expect(refusalOf(input)).to.deep.equal([422, 'VALIDATION_FAILED']);
    expect(input.body.errors.map(({ path }: { path: string }) => path)).to.deep.equal(['/input/region', '/input/size']);
    expect((await create({ input: {} })).body.errors[0].path).to.equal('/input/region');
    const unknown = await create({ provisioner: 'acme-clud' });
    expect([unknown.status, unknown.body.errors]).to.deep.equal([
      422,
      [{ path: '/provisioner', message: 'There is no provisioner "acme-clud". Did you mean "acme-cloud"?' }],
    ]);
    const integration = await create({ provisioner: 'twilio-sms' });
    expect([integration.status, integration.body.errors[0].path]).to.deep.equal([422, '/provisioner']);
  });

  it('need a connection of their provisioner where that has credentials, and hold it', async () => {
    const wanted = { provisioner: 'acme-locked', input: {} };
    const without = await create(wanted);
    expect([without.status, without.body.errors[0].path]).to.deep.equal([422, '/connectionId']);
    expect(refusalOf(await create({ ...wanted, connectionId: SOME_ID }))).to.deep.equal([404, 'NOT_FOUND']);
    const connection = { definition: 'acme-locked', name: 'Acme', config: { token: 'secret-token' } };
    const theirs = await api.call('POST', '/v1/connections', connection, { key: stranger });
    expect(refusalOf(await create({ ...wanted, connectionId: theirs.body.id }))).to.deep.equal([404, 'NOT_FOUND']);
    const { body } = await api.call('POST', '/v1/connections', connection);
    const { id } = await active({ ...wanted, connectionId: body.id });
    const used = await api.call('DELETE', `/v1/connections/${body.id}`);
    expect(refusalOf(used)).to.deep.equal([409, 'IN_USE']);
    expect(used.body.errors[0].message).to.include(id);
    await remove(id);
    await becomes(id, 'DELETED');
    expect((await api.call('DELETE', `/v1/connections/${body.id}`)).status).to.equal(204);
  });

  it('are one, of 20 that are asked for at once under one name', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => create({ name: 'The One' })));
    expect(answers.filter(({ status }) => status === 202)).to.have.length(1);
    const refused = answers.filter(({ status }) => status !== 202).map(refusalOf);
    expect(refused).to.deep.equal(Array.from({ length: 19 }, () => [409, 'CONFLICT']));
    expect(refusalOf(await create({ name: 'THE ONE' }))).to.deep.equal([409, 'CONFLICT']);
  });

  it('are one under one Idempotency-Key, and everybody gets the same answer in the end', async () => {
    const headers = { 'idempotency-key': 'environment-1' };
    const ask = () => create({ name: 'Keyed' }, headers);
    const first = await Promise.all(Array.from({ length: 20 }, ask));
    const kinds = new Set(first.map(({ status, body }) => (status === 202 ? 'made' : body.code)));
    expect(['made', 'IDEMPOTENCY_IN_PROGRESS']).to.include.members([...kinds]);
    const again = await Promise.all(Array.from({ length: 3 }, async () => eventually('an answer', async () => {
      const answer = await ask();
      return answer.status === 202 && answer;
    })));
    const texts = new Set([...first.filter(({ status }) => status === 202), ...again].map(({ text }) => text));
    expect(texts.size).to.equal(1);
    expect(again[0]!.headers.get('operation-location')).to.match(/^\/v1\/operations\//);
    expect(again[0]!.headers.get('retry-after')).to.match(/^\d+$/);
    expect(refusalOf(await create({ name: 'Other' }, headers))).to.deep.equal([422, 'IDEMPOTENCY_MISMATCH']);
  });

  it('are listed page by page, by state and provisioner, and of another tenant not at all', async () => {
    const one = await active({ provisioner: 'acme-ledger' });
    const two = await active({ provisioner: 'acme-ledger' });
    const list = (query: string, key?: string) => api.call('GET', `${PATH}?${query}`, undefined, key ? { key } : {});
    const first = await list('provisioner=acme-ledger&limit=1');
    expect(idsOf(first)).to.deep.equal([two.id]);
    expect(idsOf(await list(`provisioner=acme-ledger&limit=1&cursor=${first.body.nextCursor}`))).to.deep.equal([one.id]);
    expect(idsOf(await list('state=ACTIVE&provisioner=acme-ledger'))).to.deep.equal([two.id, one.id]);
    expect(idsOf(await list('state=FAILED&provisioner=acme-ledger'))).to.deep.equal([]);
    expect((await list('state=active')).status).to.equal(422);
    expect(idsOf(await list('', stranger))).to.deep.equal([]);
    for (const method of ['GET', 'DELETE']) {
      expect(refusalOf(await api.call(method, `${PATH}/${one.id}`, undefined, { key: stranger }))).to.deep.equal([404, 'NOT_FOUND']);
    }
    for (const id of ['none', SOME_ID]) expect((await api.call('GET', `${PATH}/${id}`)).status).to.equal(404);
  });

  for (const provisioner of ['acme-cloud', 'acme-ledger']) {
    it(`are deleted as ${provisioner} says, leave the lists, and give their name back`, async () => {
      const { id, name, outputs } = await active({ provisioner });
      const deleted = await remove(id);
      expect(deleted.status, deleted.text).to.equal(202);
      expect(deleted.body).to.include({ id, state: 'DELETING' });
      expect(deleted.body.operation).to.include({ kind: 'delete', target: id });
      expect(deleted.headers.get('operation-location')).to.equal(`/v1/operations/${deleted.body.operation.id}`);
      const gone = await becomes(id, 'DELETED');
      expect(gone.operation).to.include({ state: 'SUCCEEDED' });
      expect(gone.deletedAt).to.be.a('string');
      expect([cloud.resources.has(outputs.networkId), cloud.resources.has(outputs.bucketId)]).to.deep.equal([false, false]);
      const bucket = cloud.requests.indexOf(`DELETE /buckets/${outputs.bucketId}`);
      expect(bucket).to.be.within(0, cloud.requests.indexOf(`DELETE /networks/${outputs.networkId}`));
      expect(idsOf(await api.call('GET', PATH))).not.to.include(id);
      expect(refusalOf(await remove(id))).to.deep.equal([409, 'CONFLICT']);
      expect((await create({ name })).status).to.equal(202);
    });
  }

  it('that somebody removed by hand are deleted all the same', async () => {
    const { id } = await active();
    cloud.resources.clear();
    await remove(id);
    await becomes(id, 'DELETED');
  });

  it('that repos use are not deleted, and say which', async () => {
    const { id } = await active();
    const repo = await repoOn(id);
    expect(repo.status, repo.text).to.equal(201);
    const refused = await remove(id);
    expect(refusalOf(refused)).to.deep.equal([409, 'IN_USE']);
    expect(refused.body.errors).to.deep.equal([{ path: '', message: `It is used by the repo ${repo.body.id}.` }]);
    expect((await get(id)).state).to.equal('ACTIVE');
    await api.call('DELETE', `/v1/repos/${repo.body.id}`);
    expect((await remove(id)).status).to.equal(202);
  });

  it('are either attached to or deleted, where both are asked for at once', async () => {
    for (let round = 0; round < 5; round++) {
      const { id } = await active();
      const [attached, removed] = await Promise.all([repoOn(id), remove(id)]);
      if (attached.status === 201) {
        expect(refusalOf(removed)).to.deep.equal([409, 'IN_USE']);
        expect(removed.body.errors[0].message).to.include(attached.body.id);
      } else {
        expect(refusalOf(attached)).to.deep.equal([409, 'ENVIRONMENT_NOT_READY']);
        expect(removed.status).to.equal(202);
      }
    }
  });

  it('have one operation at a time', async () => {
    cloud.state = 'BUILDING';
    const { body } = await create();
    expect(refusalOf(await remove(body.id))).to.deep.equal([409, 'OPERATION_IN_PROGRESS']);
    expect(refusalOf(await repoOn(body.id))).to.deep.equal([409, 'ENVIRONMENT_NOT_READY']);
    cloud.state = 'READY';
    const { id } = await becomes(body.id, 'ACTIVE');
    const answers = await Promise.all(Array.from({ length: 5 }, () => remove(id)));
    expect(answers.filter(({ status }) => status === 202)).to.have.length(1);
    // One that came when all was over is told that it is deleted already.
    const others = answers.filter(({ status }) => status !== 202).map(({ body: { code } }) => code);
    expect(['OPERATION_IN_PROGRESS', 'CONFLICT']).to.include.members(others);
    await becomes(id, 'DELETED');
  });

  it('that could not be created are FAILED with nothing left, say why, and can be deleted', async () => {
    cloud.faults = (line) => (line === 'POST /buckets' ? { status: 403, body: { message: 'no' } } : undefined);
    const before = cloud.resources.size;
    const { body } = await create();
    const failed = await becomes(body.id, 'FAILED');
    expect(failed.error).to.include({ step: 'bucket' });
    expect(failed.operation).to.include({ state: 'FAILED' });
    expect(failed.operation.leakedResources).to.deep.equal([]);
    expect(cloud.resources.size).to.equal(before);
    await remove(body.id);
    await becomes(body.id, 'DELETED');
  });

  it('are deleted 30 days after they were DELETED', async () => {
    const { environmentDirectory } = await import('../../db/stores/environment-directory.ts');
    const { id } = await active();
    await remove(id);
    await becomes(id, 'DELETED');
    const age = (days: number) =>
      api.db.engine.query(`UPDATE compute_environments SET deleted_at = now() - $2 * interval '1 day' WHERE id = $1`, [id, days]);
    await age(29);
    expect(await environmentDirectory(api.db).purgeDeleted()).to.equal(0);
    await age(31);
    expect(await environmentDirectory(api.db).purgeDeleted()).to.equal(1);
    expect((await api.call('GET', `${PATH}/${id}`)).status).to.equal(404);
  });

  it('are audited', async () => {
    const { id } = await active();
    await remove(id);
    const events = await api.call('GET', `/v1/audit-events?subject=environment:${id}`);
    const actions = events.body.items.map(({ action }: { action: string }) => action);
    expect(actions).to.deep.equal(['environment.delete', 'environment.create']);
  });
});
