import { expect } from 'chai';
import { EnvironmentOwner, newEstate, type Begun, type Estate } from '../support/environments.ts';
import { DENIED, LOOKUP, Provider, PROVIDER_ORIGIN, provisioner } from '../support/provider.ts';
import { eventually, startSluice, startWorker, type SluiceProcess, type WorkerProcess } from '../support/sluice-process.ts';
import { startVendor, type Behaviour, type Vendor } from '../support/vendor.ts';

/** A request may take as long as it takes a test to stop a worker in the middle of it. */
const patient = (yaml: string): string => yaml.replace('timeout: PT0.3S', 'timeout: PT1M').replaceAll('PT20S', 'PT5M');
const DEFINITIONS = {
  vendor: patient(provisioner()),
  'vendor-lookup': patient(provisioner({ id: 'vendor-lookup', role: LOOKUP })),
  'vendor-once': patient(provisioner({ id: 'vendor-once', role: '{ mode: once }' })),
};

describe('A worker that is lost when the provider has accepted', function () {
  this.timeout(60_000);
  let vendor: Vendor;
  let provider: Provider;
  let estate: Estate;
  let api: SluiceProcess;
  let worker: WorkerProcess;
  let owner: EnvironmentOwner;
  /** Answers that the provider keeps back, each with what it is about. */
  let held: (() => void)[];

  before(async () => {
    vendor = await startVendor();
    estate = await newEstate(DEFINITIONS, { [PROVIDER_ORIGIN]: vendor.origin });
    [api, worker] = await Promise.all([startSluice(estate.env, ['--role', 'api']), startWorker(estate.env)]);
    owner = await EnvironmentOwner.open(api);
  });
  after(async () => {
    await Promise.all([worker, api].map((one) => one.end('SIGKILL')));
    await vendor.close();
    await estate.remove();
  });
  beforeEach(() => {
    provider = new Provider();
    held = [];
    vendor.answer(provider.answer);
  });

  const keepBack: Behaviour = (_request, response) => {
    held.push(() => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"id":"said too late"}');
    });
  };
  /** Lets the answer to the first such call of each environment, by its name, come only once the test says so. */
  const keepFirst = (calls: Readonly<Record<string, string>>, otherwise: Provider['trouble'] = () => undefined): void => {
    const seen = new Set<string>();
    provider.trouble = (request, call) => {
      const environment = provider.environmentOf(request) ?? '';
      if (calls[environment] !== call || seen.has(environment)) return otherwise(request, call);
      seen.add(environment);
      return { after: keepBack };
    };
  };
  const keysOf = (kind: string, { id }: Begun): string[] =>
    vendor.requests
      .filter(({ method, target, body }) => method === 'POST' && target === `/${kind}` && body.includes(id))
      .map(({ body }) => (JSON.parse(body) as { key: string }).key);
  const roleOf = ({ id }: Begun): string => [...provider.things].find(([, { name }]) => name === `role-${id}`)![0];
  const resolve = (of: Begun, answer: object) => owner.call('POST', `/v1/runs/${of.operation}:resolve`, answer);

  it('by kill -9: what may be repeated or found is adopted, and a person is asked about the rest', async () => {
    keepFirst(
      { keyed: 'POST networks', found: 'POST roles', done: 'POST roles', 'not done': 'POST roles', refused: 'DELETE buckets' },
      (request, call) => (call === 'POST roles' && provider.environmentOf(request) === 'refused' ? { instead: DENIED } : undefined),
    );
    const [keyed, found, done, notDone, refused] = await Promise.all([
      owner.create('vendor', { name: 'keyed' }),
      owner.create('vendor-lookup', { name: 'found' }),
      owner.create('vendor-once', { name: 'done' }),
      owner.create('vendor-once', { name: 'not done' }),
      owner.create('vendor', { name: 'refused' }),
    ]);
    await eventually('the provider has accepted all', async () => held.length === 5);
    expect(await worker.end('SIGKILL')).to.equal('SIGKILL');
    worker = await startWorker(estate.env);

    await owner.becomes(keyed, 'SUCCEEDED');
    expect(new Set(keysOf('networks', keyed)).size, 'one key').to.equal(1);
    expect(keysOf('networks', keyed)).to.have.length(2);
    expect(provider.leftOf(keyed)).to.deep.equal(['networks', 'buckets', 'roles']);

    await owner.becomes(found, 'SUCCEEDED');
    expect(keysOf('roles', found)).to.have.length(1);
    expect((await owner.environment(found)).outputs.roleId).to.equal(roleOf(found));
    expect(provider.leftOf(found)).to.deep.equal(['networks', 'buckets', 'roles']);

    const is = await owner.becomes(refused, 'FAILED');
    expect(is.error).to.deep.include({ code: 'ACCESS_DENIED', step: 'role' });
    expect([provider.leftOf(refused), is.leakedResources]).to.deep.equal([[], []]);

    for (const asked of [done, notDone]) {
      const { error } = await owner.becomes(asked, 'ACTION_REQUIRED');
      expect(error).to.deep.include({ code: 'OUTCOME_UNKNOWN', step: 'role' });
      expect((await owner.environment(asked)).state).to.equal('CREATING');
      expect(keysOf('roles', asked), 'it is not sent again unasked').to.have.length(1);
    }
    const roleId = roleOf(done);
    expect((await resolve(done, { outcome: 'done', outputs: { roleId } })).status).to.equal(202);
    await owner.becomes(done, 'SUCCEEDED');
    expect((await owner.environment(done)).outputs.roleId).to.equal(roleId);
    expect(keysOf('roles', done)).to.have.length(1);

    provider.things.delete(roleOf(notDone));
    expect((await resolve(notDone, { outcome: 'notDone' })).status).to.equal(202);
    await owner.becomes(notDone, 'SUCCEEDED');
    expect(keysOf('roles', notDone)).to.have.length(2);
    for (const asked of [done, notDone]) {
      expect(provider.leftOf(asked)).to.deep.equal(['networks', 'buckets', 'roles']);
      expect(await owner.states(asked)).to.deep.equal(['SUCCEEDED', 'ACTIVE']);
    }
  });

  it('by a pause in which another takes over: it writes nothing, and makes nothing', async () => {
    keepFirst({ shared: 'POST buckets' });
    const shared = await owner.create('vendor', { name: 'shared' });
    await eventually('the provider has accepted', async () => held.length === 1);
    const paused = worker;
    process.kill(paused.pid, 'SIGSTOP');
    worker = await startWorker(estate.env);
    const operation = await owner.becomes(shared, 'SUCCEEDED');
    const environment = await owner.environment(shared);

    held[0]!();
    process.kill(paused.pid, 'SIGCONT');
    await eventually('it notices', async () => paused.output().includes('it goes on under a new id'));
    // Alone now: when it has carried out something else, it has long taken note of the answer that came too late.
    await worker.end('SIGTERM');
    worker = paused;
    await owner.becomes(await owner.create(), 'SUCCEEDED');

    expect(await owner.operation(shared)).to.deep.equal(operation);
    expect(await owner.environment(shared)).to.deep.equal(environment);
    expect(JSON.stringify(environment)).not.to.contain('said too late');
    expect(keysOf('networks', shared)).to.have.length(1);
    expect(keysOf('buckets', shared)).to.have.length(2);
    expect(new Set(keysOf('buckets', shared)).size, 'one key').to.equal(1);
    expect(keysOf('roles', shared)).to.have.length(1);
    expect(provider.leftOf(shared)).to.deep.equal(['networks', 'buckets', 'roles']);
  });
});
