import { expect } from 'chai';
import { checkDrift } from '../../core/domains/compute/drift.ts';
import { uuid7 } from '../../core/kernel/ids.ts';
import { environmentDirectory } from '../../db/stores/environment-directory.ts';
import { RunQueue } from '../../db/stores/run-queue.ts';
import { eventually } from '../support/sluice-process.ts';
import { ENDPOINTS, PROVISIONERS, startCloud, type Cloud } from './cloud.ts';
import { testApi, type Answer, type TestApi } from './test-api.ts';

const PATH = '/v1/compute-environments';

const refusalOf = ({ status, body }: Answer): unknown => [status, body.code];

/** Server-sent events of a text, with their data read. */
function eventsIn(text: string) {
  return text
    .split('\n\n')
    .filter((part) => part.startsWith('event:'))
    .map((part) => {
      const [, event, id, data] = /^event: (.*)\nid: (.*)\ndata: (.*)$/.exec(part)!;
      return { event, id: Number(id), data: JSON.parse(data!) };
    });
}

describe('operations', () => {
  let cloud: Cloud;
  let api: TestApi;
  let names = 0;
  before(async () => {
    cloud = await startCloud();
    api = await testApi({ definitions: PROVISIONERS, endpoints: ENDPOINTS(cloud) });
  });
  after(async () => {
    await api.close();
    await cloud.close();
  });
  beforeEach(() => {
    cloud.faults = () => undefined;
    cloud.state = 'READY';
  });

  const create = async (more: object = {}): Promise<{ id: string; operation: { id: string } }> => {
    const body = { name: `env ${++names}`, provisioner: 'acme-ledger', input: { region: 'north' }, ...more };
    const made = await api.call('POST', PATH, body);
    expect(made.status, made.text).to.equal(202);
    return made.body;
  };
  const stateOf = async (id: string): Promise<string> => (await api.call('GET', `${PATH}/${id}`)).body.state;
  const operation = (id: string, more: object = {}): Promise<Answer> =>
    api.call('GET', `/v1/operations/${id}`, undefined, more);
  const becomes = (id: string, ...states: string[]) =>
    eventually(`operation ${id} becomes ${states.join(' or ')}`, async () => {
      const { body } = await operation(id);
      return states.includes(body.state) && body;
    });
  const check = () =>
    checkDrift({ environments: environmentDirectory(api.db), catalogue: api.catalogue, queue: new RunQueue(api.db.engine) });
  const act = (id: string, verb: string, body?: object): Promise<Answer> =>
    api.call('POST', `/v1/operations/${id}:${verb}`, body);

  describe('that no worker has taken up', () => {
    it('are PENDING, and end at once when they are cancelled', async () => {
      const { id, operation: made } = await create();
      expect((await operation(made.id)).body).to.deep.include({ state: 'PENDING', kind: 'create', target: id, steps: [] });
      const cancelled = await act(made.id, 'cancel');
      expect([cancelled.status, cancelled.body.state]).to.deep.equal([202, 'CANCELLED']);
      expect(await stateOf(id)).to.equal('FAILED');
      expect(refusalOf(await act(made.id, 'cancel'))).to.deep.equal([409, 'OPERATION_FINISHED']);
      expect(refusalOf(await act(made.id, 'retry'))).to.deep.equal([409, 'OPERATION_FINISHED']);
      const removed = await api.call('DELETE', `${PATH}/${id}`);
      expect(removed.body.operation).to.include({ kind: 'delete', state: 'PENDING' });
      const pending = removed.body.operation.id;
      expect(refusalOf(await act(pending, 'cancel'))).to.deep.equal([409, 'NOT_CANCELLABLE']);
      expect(refusalOf(await api.call('POST', `/v1/runs/${pending}:cancel`))).to.deep.equal([409, 'NOT_CANCELLABLE']);
      expect(refusalOf(await act(pending, 'retry'))).to.deep.equal([409, 'OPERATION_IN_PROGRESS']);
    });

    it('have their version for an ETag', async () => {
      const { operation: made } = await create();
      const first = await operation(made.id);
      const etag = first.headers.get('etag')!;
      expect(etag).to.equal(`"${first.body.version}"`);
      const same = await operation(made.id, { headers: { 'if-none-match': etag } });
      expect([same.status, same.text, same.headers.get('etag')]).to.deep.equal([304, '', etag]);
      await act(made.id, 'cancel');
      const changed = await operation(made.id, { headers: { 'if-none-match': etag } });
      expect([changed.status, changed.body.state]).to.deep.equal([200, 'CANCELLED']);
    });

    it('are listed by their target, page by page, and are not those of others', async () => {
      const { id, operation: made } = await create();
      await act(made.id, 'cancel');
      const removed = (await api.call('DELETE', `${PATH}/${id}`)).body.operation.id;
      const list = (query: string, key?: string) => api.call('GET', `/v1/operations?${query}`, undefined, key ? { key } : {});
      const idsOf = ({ body }: Answer) => body.items.map((one: { id: string }) => one.id);
      expect(idsOf(await list(`target=${id}`))).to.deep.equal([removed, made.id]);
      const first = await list(`target=${id}&limit=1`);
      expect(idsOf(await list(`target=${id}&limit=1&cursor=${first.body.nextCursor}`))).to.deep.equal([made.id]);
      expect(idsOf(await list('limit=1000'))).to.include.members([removed, made.id]);
      const { apiKey } = await api.newTenant('Stranger');
      expect(idsOf(await list(`target=${id}`, apiKey))).to.deep.equal([]);
      expect((await operation(made.id, { key: apiKey })).status).to.equal(404);
      for (const verb of ['cancel', 'retry']) {
        const theirs = await api.call('POST', `/v1/operations/${made.id}:${verb}`, undefined, { key: apiKey });
        expect(refusalOf(theirs)).to.deep.equal([404, 'NOT_FOUND']);
      }
    });
  });

  it('have drift checks beside them, one at a time, which stand in no deletion’s way and find nothing any more', async () => {
    const { id, operation: made } = await create({ provisioner: 'acme-cloud' });
    await act(made.id, 'cancel');
    const neglected = `UPDATE compute_environments SET state = 'ACTIVE', read_at = now() - interval '1 hour' WHERE id = $1`;
    for (const expected of [1, 0]) {
      await api.db.engine.query(neglected, [id]);
      expect(await check()).to.equal(expected);
    }
    expect((await api.call('DELETE', `${PATH}/${id}`)).status).to.equal(202);
    await api.db.engine.query(`UPDATE compute_environments SET state = 'DELETING' WHERE id = $1`, [id]);
    const queue = new RunQueue(api.db.engine);
    const worker = uuid7();
    await queue.register({ id: worker, host: 'test', pid: 1 });
    const reading = (await queue.claim(worker, 100)).find(({ kind }) => kind === 'read')!;
    const { tenantId, kind, leaseEpoch, attempt, cursor } = reading;
    const error = { kind: 'config', code: 'NOT_FOUND', message: 'gone' } as const;
    await queue.write([{ tenantId, id: reading.id, kind, leaseEpoch, attempt, cursor, state: 'failed', error, trace: [] }]);
    expect(await stateOf(id)).to.equal('DELETING');
    await queue.recover(new Map([[worker, '0']]));
  });

  describe('that a worker carries out', () => {
    before(() => api.startWorker());

    it('tell their progress as events, each a whole operation, and the stream ends with the last', async () => {
      cloud.state = 'BUILDING';
      const { operation: made } = await create();
      const building = eventually('the network is polled', async () => cloud.requests.at(-1)?.startsWith('GET /networks/'));
      void building.then(() => (cloud.state = 'READY'));
      const stream = await operation(`${made.id}/events`);
      expect(stream.headers.get('content-type')).to.match(/^text\/event-stream/);
      const events = eventsIn(stream.text);
      const versions = events.map(({ id }) => id);
      expect(versions).to.deep.equal([...versions].sort((a, b) => a - b));
      expect(new Set(events.map(({ event }) => event))).to.deep.equal(new Set(['operation']));
      const last = events.at(-1)!;
      expect(last.data).to.include({ id: made.id, state: 'SUCCEEDED', version: last.id });
      expect(last.data.progress).to.deep.equal({ done: 3, total: 3, step: null });
      expect(last.data.steps.map(({ step }: { step: string }) => step)).to.deep.equal(['network', 'networkReady', 'bucket']);
      const after = (version: number) => operation(`${made.id}/events`, { headers: { 'last-event-id': String(version) } });
      expect(eventsIn((await after(last.id - 1)).text).map(({ id }) => id)).to.deep.equal([last.id]);
      expect((await after(last.id)).text).to.equal('');
    });

    it('undo what was done when they are cancelled, and say CANCELLING meanwhile', async () => {
      cloud.state = 'BUILDING';
      const before = new Set(cloud.resources.keys());
      const { id, operation: made } = await create();
      await eventually('it polls', async () => (await operation(made.id)).body.steps.some(({ polls }: { polls: number }) => polls > 0));
      const cancelled = await act(made.id, 'cancel');
      expect(cancelled.status).to.equal(202);
      expect(['CANCELLING', 'CANCELLED']).to.include(cancelled.body.state);
      const again = await act(made.id, 'cancel');
      expect([202, 409]).to.include(again.status);
      await becomes(made.id, 'CANCELLED');
      expect(await stateOf(id)).to.equal('FAILED');
      expect(new Set(cloud.resources.keys())).to.deep.equal(before);
    });

    it('that leave something behind list it, and their retry removes only that', async () => {
      cloud.faults = (line) =>
        line === 'POST /buckets' || line.startsWith('DELETE /networks') ? { status: 403, body: { reason: 'no' } } : undefined;
      const { id, operation: made } = await create();
      const failed = await becomes(made.id, 'FAILED');
      expect(failed.leakedResources).to.have.length(1);
      expect(failed.leakedResources[0].step).to.equal('network');
      const { networkId } = failed.leakedResources[0].outputs;
      expect(cloud.resources.has(networkId)).to.equal(true);
      expect(failed.rollbackErrors).to.have.length(1);
      expect(failed.error.retryable).to.equal(true);
      for (const from of ['start', 'failedStep']) {
        const replay = await api.call('POST', `/v1/runs/${made.id}:replay`, { from });
        expect(refusalOf(replay)).to.deep.equal([409, 'RUN_NOT_REPLAYABLE']);
        expect(replay.body.detail).to.include(`POST /v1/operations/${made.id}:retry`);
      }
      cloud.faults = () => undefined;
      const posts = cloud.requests.filter((line) => line.startsWith('POST')).length;
      expect((await act(made.id, 'retry')).status).to.equal(202);
      const undone = await eventually('it has failed with nothing left', async () => {
        const { body } = await operation(made.id);
        return body.state === 'FAILED' && body.leakedResources.length === 0 && body;
      });
      expect(undone.rollbackErrors).to.deep.equal([]);
      expect(cloud.resources.has(networkId)).to.equal(false);
      expect(cloud.requests.filter((line) => line.startsWith('POST')).length).to.equal(posts);
      expect(await stateOf(id)).to.equal('FAILED');
      // With nothing left, the next retry creates again, for the same environment.
      expect((await act(made.id, 'retry')).status).to.equal(202);
      await becomes(made.id, 'SUCCEEDED');
      expect(await stateOf(id)).to.equal('ACTIVE');
    });

    it('of a FAILED environment are history once it is being deleted, which removes what is left', async () => {
      cloud.faults = (line) =>
        line === 'POST /buckets' || line.startsWith('DELETE /networks') ? { status: 403, body: {} } : undefined;
      const { id, operation: made } = await create();
      const { networkId } = (await becomes(made.id, 'FAILED')).leakedResources[0].outputs;
      const removal = (await api.call('DELETE', `${PATH}/${id}`)).body.operation.id;
      await becomes(removal, 'FAILED');
      expect(await stateOf(id)).to.equal('DELETE_FAILED');
      expect(refusalOf(await act(made.id, 'retry'))).to.deep.equal([409, 'OPERATION_FINISHED']);
      cloud.faults = () => undefined;
      expect((await act(removal, 'retry')).status).to.equal(202);
      await becomes(removal, 'SUCCEEDED');
      expect([await stateOf(id), cloud.resources.has(networkId)]).to.deep.equal(['DELETED', false]);
    });

    it('that delete go on from where they failed', async () => {
      const { id, operation: made } = await create({ provisioner: 'acme-cloud' });
      await becomes(made.id, 'SUCCEEDED');
      cloud.faults = (line) => (line.startsWith('DELETE /networks') ? { status: 403, body: {} } : undefined);
      const removal = (await api.call('DELETE', `${PATH}/${id}`)).body.operation.id;
      await becomes(removal, 'FAILED');
      expect(await stateOf(id)).to.equal('DELETE_FAILED');
      cloud.faults = () => undefined;
      const buckets = () => cloud.requests.filter((line) => line.startsWith('DELETE /buckets')).length;
      const before = buckets();
      expect((await act(removal, 'retry', { definition: 'latest' })).status).to.equal(202);
      await becomes(removal, 'SUCCEEDED');
      expect([await stateOf(id), buckets()]).to.deep.equal(['DELETED', before]);
    });

    describe('and drift checks beside them', () => {
      const neglect = (id: string) =>
        api.db.engine.query(`UPDATE compute_environments SET read_at = now() - interval '1 hour' WHERE id = $1`, [id]);
      async function checked(id: string): Promise<{ state: string; error: { code: string } | null }> {
        await neglect(id);
        expect(await check()).to.equal(1);
        await eventually('the check has ended', async () => {
          const { body } = await api.call('GET', `/v1/runs?subject=environment:${id}&kind=read&limit=1`);
          return ['succeeded', 'failed'].includes(body.items[0]?.state);
        });
        return (await api.call('GET', `${PATH}/${id}`)).body;
      }

      it('find what is gone or not well, and that it is well again', async () => {
        const { id, operation: made } = await create({ provisioner: 'acme-cloud' });
        await becomes(made.id, 'SUCCEEDED');
        expect(await check()).to.equal(0);
        expect((await checked(id)).state).to.equal('ACTIVE');
        cloud.state = 'BROKEN';
        const unwell = await checked(id);
        expect([unwell.state, unwell.error?.code]).to.deep.equal(['DEGRADED', 'PROBE_FAILED']);
        cloud.faults = (line) => (line.startsWith('GET') ? { status: 404, body: {} } : undefined);
        const gone = await checked(id);
        expect([gone.state, gone.error?.code]).to.deep.equal(['DEGRADED', 'NOT_FOUND']);
        cloud.faults = () => undefined;
        cloud.state = 'READY';
        const well = await checked(id);
        expect([well.state, well.error]).to.deep.equal(['ACTIVE', null]);
        const operations = await api.call('GET', `/v1/operations?target=${id}`);
        expect(operations.body.items.map(({ kind }: { kind: string }) => kind)).to.deep.equal(['create']);
      });

      it('change nothing where they could not ask', async () => {
        const { id, operation: made } = await create({ provisioner: 'acme-cloud' });
        await becomes(made.id, 'SUCCEEDED');
        cloud.faults = (line) => (line.startsWith('GET') ? { status: 503, body: {} } : undefined);
        expect(await checked(id)).to.deep.include({ state: 'ACTIVE', error: null });
      });

      it('are not made of provisioners without read', async () => {
        const ledger = await create();
        await becomes(ledger.operation.id, 'SUCCEEDED');
        await neglect(ledger.id);
        expect(await check()).to.equal(0);
      });
    });
  });
});
