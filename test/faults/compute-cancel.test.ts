import { expect } from 'chai';
import { EnvironmentOwner, newEstate, type Begun, type Estate } from '../support/environments.ts';
import { DENIED, Provider, PROVIDER_ORIGIN, provisioner } from '../support/provider.ts';
import { eventually, startSluice, startWorker, type Called, type SluiceProcess, type WorkerProcess } from '../support/sluice-process.ts';
import { cut, startVendor, status, type Behaviour, type Vendor } from '../support/vendor.ts';

/** A request may take as long as it takes a test to ask something in the middle of it. */
const patient = (yaml: string): string => yaml.replace('timeout: PT0.3S', 'timeout: PT1M');
const DEFINITIONS = {
  vendor: patient(provisioner()),
  'vendor-once': patient(provisioner({ id: 'vendor-once', role: '{ mode: once }' })),
};

const IN_PROGRESS = '409 OPERATION_IN_PROGRESS';
const FINISHED = '409 OPERATION_FINISHED';
const NOT_CANCELLABLE = '409 NOT_CANCELLABLE';

/** Status, and the state of the operation that came back or the code of the refusal. */
const said = ({ status: code, body }: Called): string => `${code} ${body.code ?? body.state}`;

describe('An operation on a compute environment that is', function () {
  this.timeout(60_000);
  let vendor: Vendor;
  let provider: Provider;
  let estate: Estate;
  let api: SluiceProcess;
  let worker: WorkerProcess | undefined;
  let owner: EnvironmentOwner;
  /** The answer that the provider keeps back. */
  let answer: (() => void) | undefined;

  before(async () => {
    vendor = await startVendor();
    estate = await newEstate(DEFINITIONS, { [PROVIDER_ORIGIN]: vendor.origin });
    api = await startSluice(estate.env, ['--role', 'api']);
    owner = await EnvironmentOwner.open(api);
  });
  after(async () => {
    await Promise.all([worker?.end('SIGTERM'), api.end('SIGTERM')]);
    await vendor.close();
    await estate.remove();
  });
  beforeEach(() => {
    provider = new Provider();
    answer = undefined;
    vendor.answer(provider.answer);
  });

  const cancel = async (of: Begun): Promise<string> => said(await owner.act(of, 'cancel'));
  const retry = async (of: Begun): Promise<string> => said(await owner.act(of, 'retry'));
  const keepBack: Behaviour = (request, response, place) => {
    const body = { id: [...provider.things.keys()].at(-1) };
    answer = () => status(200, {}, JSON.stringify(body))(request, response, place);
  };
  /** Lets a call have its effect, and its answer wait; another fail. */
  const keepAt = (kept: string, refused?: string): void => {
    provider.trouble = (_request, call) => {
      if (call === refused) return { instead: DENIED };
      return call === kept ? { after: keepBack } : undefined;
    };
  };
  const accepted = (): Promise<unknown> => eventually('the provider has accepted', async () => answer !== undefined);
  const release = (): void => {
    provider.trouble = () => undefined;
    answer!();
  };
  const made = async (definition?: string): Promise<Begun> => {
    const begun = await owner.create(definition);
    await owner.becomes(begun, 'SUCCEEDED');
    return begun;
  };

  it('PENDING ends at once as CANCELLED, with nothing asked of the provider', async () => {
    const begun = await owner.create();
    expect(await owner.states(begun)).to.deep.equal(['PENDING', 'CREATING']);
    expect(await retry(begun)).to.equal(IN_PROGRESS);
    const cancelled = await owner.act(begun, 'cancel');
    expect(said(cancelled)).to.equal('202 CANCELLED');
    expect(cancelled.headers.get('location')).to.equal(`/v1/operations/${begun.operation}`);
    expect(await owner.states(begun)).to.deep.equal(['CANCELLED', 'FAILED']);
    expect([await cancel(begun), await retry(begun)]).to.deep.equal([FINISHED, FINISHED]);
    const deletion = await owner.delete(begun);
    expect([await cancel(deletion), await retry(deletion)]).to.deep.equal([NOT_CANCELLABLE, IN_PROGRESS]);
    expect(vendor.requests).to.deep.equal([]);
  });

  describe('taken up by a worker and', () => {
    before(async () => {
      worker = await startWorker(estate.env);
    });

    it('RUNNING, waiting: its wait is cut, and what was done is undone', async () => {
      provider.state = 'PENDING';
      const begun = await owner.create();
      await eventually('it polls', async () => provider.log.includes('GET networks'));
      expect([await retry(begun), await cancel(begun)]).to.deep.equal([IN_PROGRESS, '202 CANCELLING']);
      const { error, leakedResources } = await owner.becomes(begun, 'CANCELLED');
      expect(error).to.deep.include({ code: 'CANCELLED', step: 'ready' });
      expect([provider.left, leakedResources]).to.deep.equal([[], []]);
      expect(provider.count('POST buckets')).to.equal(0);
      expect(await owner.states(begun)).to.deep.equal(['CANCELLED', 'FAILED']);
    });

    it('RUNNING, with a request in hand: CANCELLING until that is on record, however often it is asked, and then undone', async () => {
      keepAt('POST buckets');
      const begun = await owner.create();
      await accepted();
      expect(await owner.states(begun)).to.deep.equal(['RUNNING', 'CREATING']);
      const answers = [await cancel(begun), await cancel(begun), await retry(begun)];
      expect(answers).to.deep.equal(['202 CANCELLING', '202 CANCELLING', IN_PROGRESS]);
      expect(await owner.states(begun)).to.deep.equal(['CANCELLING', 'CREATING']);
      release();
      const { steps } = await owner.becomes(begun, 'CANCELLED');
      const states = steps.map(({ step, state }: { step: string; state: string }) => `${step} ${state}`);
      expect(states).to.include('bucket succeeded').and.not.include('role succeeded');
      expect(provider.deletions()).to.deep.equal(['DELETE buckets', 'DELETE networks']);
      expect(provider.left).to.deep.equal([]);
      expect(await owner.states(begun)).to.deep.equal(['CANCELLED', 'FAILED']);
    });

    it('CANCELLING, on its way back: the same again', async () => {
      keepAt('DELETE networks');
      provider.state = 'PENDING';
      const begun = await owner.create();
      await eventually('it polls', async () => provider.log.includes('GET networks'));
      expect(await cancel(begun)).to.equal('202 CANCELLING');
      await accepted();
      expect(await owner.states(begun)).to.deep.equal(['CANCELLING', 'ROLLING_BACK']);
      expect([await cancel(begun), await retry(begun)]).to.deep.equal(['202 CANCELLING', IN_PROGRESS]);
      release();
      await owner.becomes(begun, 'CANCELLED');
      expect(provider.left).to.deep.equal([]);
    });

    it('ACTION_REQUIRED: a person is asked before it is undone', async () => {
      provider.trouble = (_request, call) => (call === 'POST roles' ? { after: cut } : undefined);
      const begun = await owner.create('vendor-once');
      await owner.becomes(begun, 'ACTION_REQUIRED');
      const answers = [await retry(begun), await cancel(begun), await cancel(begun)];
      expect(answers).to.deep.equal([IN_PROGRESS, '202 CANCELLING', '202 CANCELLING']);
      const run = () => owner.call('GET', `/v1/runs/${begun.operation}`);
      await eventually('it asks', async () => {
        const { body } = await run();
        return body.state === 'needs_review' && body.error.message.includes('to be undone');
      });
      expect((await owner.operation(begun)).error).to.deep.include({ code: 'OUTCOME_UNKNOWN', step: 'role' });
      const [roleId] = [...provider.things].find(([, { kind }]) => kind === 'roles')!;
      const answered = await owner.call('POST', `/v1/runs/${begun.operation}:resolve`, { outcome: 'done', outputs: { roleId } });
      expect(answered.status).to.equal(202);
      await owner.becomes(begun, 'CANCELLED');
      expect(provider.deletions()).to.deep.equal(['DELETE roles', 'DELETE buckets', 'DELETE networks']);
      expect(provider.left).to.deep.equal([]);
      expect(await owner.states(begun)).to.deep.equal(['CANCELLED', 'FAILED']);
    });

    it('ROLLING_BACK: 409, and it fails for the reason it had', async () => {
      keepAt('DELETE buckets', 'POST roles');
      const begun = await owner.create();
      await accepted();
      expect(await owner.states(begun)).to.deep.equal(['ROLLING_BACK', 'ROLLING_BACK']);
      expect([await cancel(begun), await retry(begun)]).to.deep.equal([NOT_CANCELLABLE, IN_PROGRESS]);
      release();
      const { error } = await owner.becomes(begun, 'FAILED');
      expect(error).to.deep.include({ code: 'ACCESS_DENIED', step: 'role' });
      expect(provider.left).to.deep.equal([]);
    });

    it('a deletion: 409 while it is RUNNING, and when it has ended', async () => {
      const begun = await made();
      keepAt('DELETE buckets');
      const deletion = await owner.delete(begun);
      await accepted();
      expect(await owner.states(deletion)).to.deep.equal(['RUNNING', 'DELETING']);
      expect([await cancel(deletion), await retry(deletion)]).to.deep.equal([NOT_CANCELLABLE, IN_PROGRESS]);
      release();
      await owner.becomes(deletion, 'SUCCEEDED');
      expect(await owner.states(deletion)).to.deep.equal(['SUCCEEDED', 'DELETED']);
      expect([await cancel(deletion), await retry(deletion)]).to.deep.equal([FINISHED, FINISHED]);
      expect(provider.left).to.deep.equal([]);
    });

    it('a deletion that FAILED: 409, and its retry goes on with what is left', async () => {
      const begun = await made();
      provider.failAt('DELETE buckets', DENIED);
      const deletion = await owner.delete(begun);
      const { error, leakedResources } = await owner.becomes(deletion, 'FAILED');
      expect(error).to.deep.include({ code: 'ACCESS_DENIED', step: 'bucket/undo/drop-bucket', retryable: true });
      expect(leakedResources.map(({ step }: { step: string }) => step)).to.deep.equal(['bucket']);
      expect(await owner.states(deletion)).to.deep.equal(['FAILED', 'DELETE_FAILED']);
      expect(provider.left).to.deep.equal(['buckets']);
      expect([await cancel(deletion), await retry(begun)]).to.deep.equal([FINISHED, FINISHED]);
      provider.trouble = () => undefined;
      const before = provider.log.length;
      expect(await retry(deletion)).to.match(/^202 (PENDING|RUNNING|SUCCEEDED)$/);
      await owner.becomes(deletion, 'SUCCEEDED');
      expect(provider.log.slice(before)).to.deep.equal(['DELETE buckets']);
      expect(await owner.states(deletion)).to.deep.equal(['SUCCEEDED', 'DELETED']);
    });

    it('SUCCEEDED: 409', async () => {
      const begun = await made();
      expect([await cancel(begun), await retry(begun)]).to.deep.equal([FINISHED, FINISHED]);
      expect(await owner.states(begun)).to.deep.equal(['SUCCEEDED', 'ACTIVE']);
    });

    it('FAILED: 409, and its retry creates again for the same environment', async () => {
      provider.failAt('POST roles', DENIED);
      const begun = await owner.create();
      await owner.becomes(begun, 'FAILED');
      expect(await cancel(begun)).to.equal(FINISHED);
      provider.trouble = () => undefined;
      const retried = await owner.act(begun, 'retry');
      const headers = ['location', 'retry-after'].map((name) => retried.headers.get(name));
      expect([retried.status, ...headers]).to.deep.equal([202, `/v1/operations/${begun.operation}`, '2']);
      await owner.becomes(begun, 'SUCCEEDED');
      expect(await owner.states(begun)).to.deep.equal(['SUCCEEDED', 'ACTIVE']);
      expect(provider.left).to.deep.equal(['networks', 'buckets', 'roles']);
    });
  });
});
