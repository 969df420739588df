import { expect } from 'chai';
import pg from 'pg';
import { attemptsOf, EnvironmentOwner, newEstate, type Begun, type Estate } from '../support/environments.ts';
import { DENIED, Provider, PROVIDER_ORIGIN, provisioner } from '../support/provider.ts';
import { eventually, startSluice, type Called, type SluiceProcess } from '../support/sluice-process.ts';
import { cut, startVendor, status, type Vendor } from '../support/vendor.ts';

const PATH = '/v1/compute-environments';
const FAILED = ['FAILED', 'FAILED'];

describe('A compute environment whose provider is in trouble', function () {
  this.timeout(60_000);
  let vendor: Vendor;
  let provider: Provider;
  let estate: Estate;
  let sluice: SluiceProcess;
  let other: SluiceProcess;
  let owner: EnvironmentOwner;

  before(async () => {
    vendor = await startVendor();
    const definitions = {
      vendor: provisioner(),
      hasty: provisioner({ id: 'hasty', deadline: 'PT2S' }),
      edited: provisioner({ id: 'edited' }),
    };
    estate = await newEstate(definitions, { [PROVIDER_ORIGIN]: vendor.origin });
    sluice = await startSluice(estate.env);
    other = await startSluice(estate.env, ['--role', 'api']);
    owner = await EnvironmentOwner.open(sluice);
  });
  after(async () => {
    await Promise.all([sluice, other].map((one) => one.end('SIGTERM')));
    await vendor.close();
    await estate.remove();
  });
  beforeEach(() => {
    provider = new Provider();
    vendor.answer(provider.answer);
  });

  /** An environment that cannot be created, once that is over. */
  async function failed(definition = 'vendor'): Promise<Begun & { readonly is: Called['body'] }> {
    const begun = await owner.create(definition);
    return { ...begun, is: await owner.becomes(begun, 'FAILED') };
  }

  describe('and that 20 ask for at once, through two processes, is one', () => {
    const ask = (headers: Readonly<Record<string, string>>, wanted: object) =>
      Promise.all(
        Array.from({ length: 20 }, (_, n) => owner.call('POST', PATH, wanted, { through: n % 2 ? sluice : other, headers })),
      );
    const said = ({ status: code, body }: Called): string => (code === 202 ? '202' : `${code} ${body.code}`);
    const named = async (name: string): Promise<string[]> => {
      const { body } = await owner.call('GET', PATH);
      return body.items.flatMap((one: { id: string; name: string }) => (one.name === name ? [one.id] : []));
    };

    it('without a key: one 202, nineteen 409', async () => {
      const answers = await ask({}, { name: 'The One', provisioner: 'vendor' });
      expect(answers.map(said).toSorted()).to.deep.equal(['202', ...Array.from({ length: 19 }, () => '409 CONFLICT')]);
      const { id, operation } = answers.find((answer) => answer.status === 202)!.body;
      await owner.becomes({ operation: operation.id }, 'SUCCEEDED');
      expect(await named('The One')).to.deep.equal([id]);
      expect(provider.left).to.deep.equal(['networks', 'buckets', 'roles']);
    });

    it('with one key: each 202 with the same body, some after a 409; with another body 422', async () => {
      const headers = { 'idempotency-key': 'the-same' };
      const wanted = { name: 'The Same', provisioner: 'vendor' };
      const answers = await ask(headers, wanted);
      expect(['202', '409 IDEMPOTENCY_IN_PROGRESS']).to.include.members([...new Set(answers.map(said))]);
      const again = await ask(headers, wanted);
      expect([...new Set(again.map(said))]).to.deep.equal(['202']);
      const bodies = [...answers, ...again].filter(({ status: code }) => code === 202).map(({ body }) => JSON.stringify(body));
      expect(new Set(bodies).size).to.equal(1);
      const [changed] = await ask(headers, { ...wanted, name: 'Another' });
      expect(said(changed!)).to.equal('422 IDEMPOTENCY_MISMATCH');
      const { id, operation } = again[0]!.body;
      await owner.becomes({ operation: operation.id }, 'SUCCEEDED');
      expect([await named('The Same'), await named('Another')]).to.deep.equal([[id], []]);
      expect(provider.left).to.deep.equal(['networks', 'buckets', 'roles']);
    });
  });

  it('waits for as long as a 429 says, and goes on', async () => {
    let asked = 0;
    provider.trouble = (_request, call) =>
      call === 'POST buckets' && asked++ === 0 ? { instead: status(429, { 'retry-after': '1' }) } : undefined;
    const begun = await owner.create();
    const operation = await owner.becomes(begun, 'SUCCEEDED');
    expect(attemptsOf(operation, 'bucket')).to.deep.equal(['waiting 429 default/429', 'succeeded 200']);
    const row = operation.steps.find(({ step }: { step: string }) => step === 'bucket');
    expect(row.wait).to.equal('PT1S');
    expect(provider.left).to.deep.equal(['networks', 'buckets', 'roles']);
  });

  it('is FAILED where the 429 goes on for longer than it is tried, and a retry may help', async () => {
    provider.failAt('POST buckets', status(429, { 'retry-after': '0' }));
    const { is, ...begun } = await failed();
    expect(is.error).to.deep.include({ code: 'THROTTLED', step: 'bucket', retryable: true });
    expect(provider.left).to.deep.equal([]);
    provider.trouble = () => undefined;
    expect((await owner.act(begun, 'retry')).status).to.equal(202);
    await owner.becomes(begun, 'SUCCEEDED');
    expect(await owner.states(begun)).to.deep.equal(['SUCCEEDED', 'ACTIVE']);
    expect(provider.leftOf(begun)).to.deep.equal(['networks', 'buckets', 'roles']);
  });

  it('has steps 2 and 1 undone, in that order, where step 3 is answered 403, which is not tried again', async () => {
    provider.failAt('POST roles', DENIED);
    const { is, ...begun } = await failed();
    expect(is.error).to.deep.equal({
      code: 'ACCESS_DENIED',
      message: is.error.message,
      step: 'role',
      provider: { status: 403, code: 'AccessDenied', requestId: 'r-1' },
      retryable: false,
      causes: [],
    });
    expect([is.rollbackErrors, is.leakedResources]).to.deep.equal([[], []]);
    expect(provider.count('POST roles')).to.equal(1);
    expect(provider.deletions()).to.deep.equal(['DELETE buckets', 'DELETE networks']);
    expect(provider.left).to.deep.equal([]);
    expect(await owner.states(begun)).to.deep.equal(FAILED);
    expect((await owner.environment(begun)).error).to.deep.include({ code: 'ACCESS_DENIED', step: 'role' });
  });

  it('has step 2 settled by its key where its answer was lost, and undone once step 3 fails', async () => {
    let sent = 0;
    provider.trouble = (_request, call) => {
      if (call === 'POST roles') return { instead: DENIED };
      return call === 'POST buckets' && sent++ === 0 ? { after: cut } : undefined;
    };
    const { is } = await failed();
    expect(is.error).to.deep.include({ code: 'ACCESS_DENIED', step: 'role' });
    expect(attemptsOf(is, 'bucket')).to.deep.equal(['waiting default/reset', 'succeeded 200']);
    expect(provider.deletions()).to.deep.equal(['DELETE buckets', 'DELETE networks']);
    expect([provider.left, is.leakedResources]).to.deep.equal([[], []]);
  });

  it('has step 2 settled on the way back where none of its answers came, and then undone', async () => {
    let sent = 0;
    provider.trouble = (_request, call) => (call === 'POST buckets' && sent++ < 2 ? { after: cut } : undefined);
    const { is } = await failed();
    expect(is.error).to.deep.include({ code: 'NETWORK_FAILURE', step: 'bucket', retryable: true });
    expect(provider.log.filter((call) => /buckets|roles/.test(call))).to.deep.equal([
      'POST buckets',
      'POST buckets',
      'POST buckets',
      'DELETE buckets',
    ]);
    expect([provider.left, is.leakedResources]).to.deep.equal([[], []]);
  });

  it('lists what could not be undone, and its retry undoes only that', async () => {
    provider.trouble = (_request, call) =>
      call === 'POST roles' || call === 'DELETE buckets' ? { instead: DENIED } : undefined;
    const { is, ...begun } = await failed();
    const [bucketId] = provider.things.keys();
    expect(provider.left).to.deep.equal(['buckets']);
    expect(is.leakedResources.map(({ step, outputs }: { step: string; outputs: object }) => [step, outputs])).to.deep.equal([
      ['bucket', { bucketId }],
    ]);
    const why = { code: 'ACCESS_DENIED', step: 'bucket/undo/drop-bucket' };
    expect(is.leakedResources[0].error).to.deep.include(why);
    expect(is.rollbackErrors[0]).to.deep.include(why);
    expect(is.error).to.deep.include({ code: 'ACCESS_DENIED', step: 'role', retryable: true });
    expect(await owner.states(begun)).to.deep.equal(FAILED);

    provider.trouble = () => undefined;
    const before = provider.log.length;
    const { status: answered, headers } = await owner.act(begun, 'retry');
    expect([answered, headers.get('location')]).to.deep.equal([202, `/v1/operations/${begun.operation}`]);
    const undone = await owner.becomes(begun, 'FAILED');
    expect([undone.leakedResources, undone.rollbackErrors]).to.deep.equal([[], []]);
    expect(provider.log.slice(before)).to.deep.equal(['DELETE buckets']);
    expect(await owner.states(begun)).to.deep.equal(FAILED);
  });

  it('is FAILED at its deadline where it never becomes ready, and nothing is left', async () => {
    provider.state = 'PENDING';
    const { is, ...begun } = await failed('hasty');
    expect(is.error).to.deep.include({ code: 'DEADLINE_EXCEEDED', step: 'ready' });
    expect(is.steps.filter(({ step }: { step: string }) => step === 'ready'), 'one row, however often it asked').to.have.length(1);
    expect(provider.count('GET networks')).to.be.greaterThan(3);
    expect([provider.left, is.leakedResources]).to.deep.equal([[], []]);
    expect(await owner.states(begun)).to.deep.equal(FAILED);
  });

  it('is FAILED where the provider calls it ready and nobody gets in', async () => {
    provider.usable = false;
    const { is, ...begun } = await failed();
    expect(is.error).to.deep.include({ code: 'PROBE_FAILED', step: 'usable', message: 'Nobody gets in with the role.' });
    expect(provider.deletions()).to.deep.equal(['DELETE roles', 'DELETE buckets', 'DELETE networks']);
    expect([provider.left, is.leakedResources]).to.deep.equal([[], []]);
    expect(await owner.states(begun)).to.deep.equal(FAILED);
  });

  it('is DELETED although somebody removed all of it by hand', async () => {
    const made = await owner.create();
    await owner.becomes(made, 'SUCCEEDED');
    provider.things.clear();
    const deletion = await owner.delete(made);
    const operation = await owner.becomes(deletion, 'SUCCEEDED');
    expect(operation.progress).to.deep.equal({ done: 3, total: 3, step: null });
    expect(provider.deletions()).to.deep.equal(['DELETE roles', 'DELETE buckets', 'DELETE networks']);
    expect(await owner.states(deletion)).to.deep.equal(['SUCCEEDED', 'DELETED']);
  });

  /** Lets the schedule look at an environment now, instead of in minutes; gives the environment afterwards. */
  async function looked(at: Begun): Promise<Called['body']> {
    const checks = async () => (await owner.call('GET', `/v1/runs?kind=read&subject=environment:${at.id}`)).body.items;
    const before = (await checks()).length;
    const client = new pg.Client({ connectionString: estate.databaseUrl });
    await client.connect();
    await client.query(`UPDATE compute_environments SET read_at = now() - interval '1 hour' WHERE id = $1`, [at.id]);
    await client.query(`UPDATE agenda_jobs SET next_run_at = now() WHERE name = 'check-drift'`);
    await client.end();
    await eventually('it was looked at', async () => {
      const found = await checks();
      return found.length > before && ['succeeded', 'failed'].includes(found[0].state);
    });
    return owner.environment(at);
  }

  it('is DEGRADED where a look finds that something is gone, and a look that cannot reach the provider changes nothing', async () => {
    const begun = await owner.create();
    await owner.becomes(begun, 'SUCCEEDED');
    const unreachable: Provider['trouble'] = () => ({ instead: cut });
    const reachable: Provider['trouble'] = () => undefined;
    provider.trouble = unreachable;
    expect(await looked(begun)).to.deep.include({ state: 'ACTIVE', error: null });

    provider.trouble = reachable;
    const [network, was] = [...provider.things].find(([, { kind }]) => kind === 'networks')!;
    provider.things.delete(network);
    const gone = await looked(begun);
    expect(gone.state).to.equal('DEGRADED');
    expect(gone.error).to.deep.include({ code: 'NOT_FOUND', step: 'look', message: 'The network is gone.' });

    provider.trouble = unreachable;
    expect(await looked(begun)).to.deep.include({ state: 'DEGRADED', error: gone.error });

    provider.trouble = reachable;
    provider.things.set(network, was);
    expect(await looked(begun)).to.deep.include({ state: 'ACTIVE', error: null });
  });

  it('is made and deleted as its definition was when it was asked for, whatever was edited since', async () => {
    provider.state = 'PENDING';
    const early = await owner.create('edited');
    await eventually('it polls', async () => provider.log.includes('GET networks'));
    await sluice.end('SIGTERM');
    // Another version: what was a network is a subnet there.
    await estate.define('edited', provisioner({ id: 'edited', version: '2.0.0' }).replaceAll('network', 'subnet'));
    sluice = await startSluice(estate.env);
    owner.through(sluice);
    provider.state = 'READY';

    await owner.becomes(early, 'SUCCEEDED');
    expect(provider.left).to.deep.equal(['networks', 'buckets', 'roles']);
    expect(Object.keys((await owner.environment(early)).outputs)).to.deep.equal(['networkId', 'roleId']);
    const late = await owner.create('edited');
    await owner.becomes(late, 'SUCCEEDED');
    expect(provider.leftOf(late)).to.deep.equal(['subnets', 'buckets', 'roles']);
    expect(Object.keys((await owner.environment(late)).outputs)).to.deep.equal(['subnetId', 'roleId']);

    await owner.becomes(await owner.delete(early), 'SUCCEEDED');
    expect(provider.deletions()).to.deep.equal(['DELETE roles', 'DELETE buckets', 'DELETE networks']);
    expect(provider.left).to.deep.equal(['subnets', 'buckets', 'roles']);
  });
});
