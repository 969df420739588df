import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { EnvironmentOwner, newEstate, type Begun, type Estate } from '../support/environments.ts';
import { Random } from '../support/random.ts';
import {
  startSandboxProcess,
  startSluice,
  startWorker,
  type Called,
  type SandboxProcess,
  type SluiceProcess,
  type WorkerProcess,
} from '../support/sluice-process.ts';
import { soak } from '../support/soak.ts';

const SEED = Number(process.env['SLUICE_TEST_SEED'] ?? 20260306);
const ENVIRONMENTS = soak(100, 500);
const WORKERS = soak(2, 3);
const KILLS = soak(3, 12);
/** How long all of it may take, in ms. */
const BOUND = soak(120_000, 600_000);
const REGION = 'eu-central-1';

/** The bundled definition under another id. Only its waits are shorter, as the cloud of the sandbox is quicker than the real one. */
const DEFINITION = readFileSync(new URL('../../definitions/provisioners/aws-lakehouse.yaml', import.meta.url), 'utf8')
  .replace('id: aws-lakehouse', 'id: lakehouse')
  .replaceAll('every: PT2S', 'every: PT0.3S')
  .replaceAll(/max: PT[12]0S/g, 'max: PT1S')
  .replace('initial: PT1S, max: PT1M', 'initial: PT0.1S, max: PT1S');

/** What the cloud does to a share of the requests, and of what it has accepted. */
const FAULTS = [
  { kind: 'status', code: 'ThrottlingException', chance: 0.04 },
  { kind: 'status', code: 'InternalFailure', chance: 0.02 },
  { kind: 'html', chance: 0.02 },
  { kind: 'reset', chance: 0.01 },
  { kind: 'lost', chance: 0.03 },
  { kind: 'lost', operation: 'CreateResource', chance: 0.1 },
  { kind: 'half', chance: 0.01 },
  { kind: 'fail', operation: 'CreateResource', type: 'AWS::IAM::Role', code: 'ServiceLimitExceeded', chance: 0.1 },
  { kind: 'fail', operation: 'CreateResource', code: 'NotStabilized', chance: 0.02 },
  { kind: 'fail', operation: 'CreateResource', code: 'GeneralServiceException', chance: 0.02 },
  { kind: 'unusable', operation: 'CreateResource', chance: 0.02 },
  { kind: 'fail', operation: 'DeleteResource', code: 'GeneralServiceException', chance: 0.1 },
];

/** Of each step that makes a resource: its type, and the output that names it. */
const MADE: Readonly<Record<string, readonly [type: string, name: string]>> = {
  vpc: ['AWS::EC2::VPC', 'vpcId'],
  subnet: ['AWS::EC2::Subnet', 'subnetId'],
  bucket: ['AWS::S3::Bucket', 'name'],
  role: ['AWS::IAM::Role', 'name'],
};

interface Resource {
  readonly type: string;
  readonly identifier: string;
  readonly tags: readonly { readonly Key: string; readonly Value: string }[];
}

interface Inventory {
  readonly resources: readonly Resource[];
  readonly requests: readonly {
    readonly Operation: string;
    readonly OperationStatus: string;
    readonly TypeName: string;
    readonly Identifier?: string;
  }[];
}

describe(`${ENVIRONMENTS} compute environments in a cloud in trouble, made by workers that are killed (seed ${SEED})`, function () {
  this.timeout(BOUND + 60_000);
  const random = new Random(SEED);
  let sandbox: SandboxProcess;
  let estate: Estate;
  let api: SluiceProcess;
  let workers: Promise<WorkerProcess>[];
  let owner: EnvironmentOwner;
  let all: Begun[];

  before(async () => {
    sandbox = await startSandboxProcess(['--time-scale', '0.1']);
    estate = await newEstate({ lakehouse: DEFINITION }, sandbox.endpoints);
    api = await startSluice(estate.env, ['--role', 'api']);
    workers = Array.from({ length: WORKERS }, () => startWorker(estate.env));
    await Promise.all(workers);
    owner = await EnvironmentOwner.open(api);
  });
  after(async () => {
    for (const one of [...(await Promise.all(workers)), api, sandbox]) await one.end('SIGKILL');
    await estate.remove();
  });

  async function told(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${sandbox.url}/_sandbox/${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`The sandbox answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
  const inventory = async () => (await told('GET', 'cloud-control')) as Inventory;

  /** Does something for all of them, a few at a time, in their order. */
  async function forAll<T>(work: (begun: Begun, place: number) => Promise<T>): Promise<T[]> {
    const results: T[] = [];
    let next = 0;
    const one = async (): Promise<void> => {
      while (next < all.length) {
        const place = next++;
        results[place] = await work(all[place]!, place);
      }
    };
    await Promise.all(Array.from({ length: 10 }, one));
    return results;
  }

  /**
   * Kills a worker each time the cloud has been asked for so many things, and lets another take its place: until that
   * works there is one less.
   */
  async function killAt(moments: readonly number[], giveUpAt: number): Promise<void> {
    for (const moment of moments) {
      await until(async () => (await inventory()).requests.length >= moment, giveUpAt);
      const place = random.below(workers.length);
      await (await workers[place]!).end('SIGKILL');
      workers[place] = startWorker(estate.env);
    }
  }

  async function noneIs(...states: string[]): Promise<boolean> {
    const lists = await Promise.all(states.map((state) => owner.call('GET', `/v1/compute-environments?state=${state}&limit=1`)));
    return lists.every(({ body }) => body.items.length === 0);
  }

  async function until(isOver: () => Promise<boolean>, giveUpAt: number): Promise<void> {
    while (!(await isOver())) {
      if (Date.now() > giveUpAt) throw new Error(`It is not over. ${await storyOfOneAtWork()}`);
      await pause(200);
    }
  }

  async function storyOfOneAtWork(): Promise<string> {
    for (const begun of all) {
      const { state } = await owner.operation(begun);
      if (!['SUCCEEDED', 'FAILED'].includes(state)) return storyOf(begun);
    }
    return '';
  }

  /** All there is to know of an environment, for whoever has to find out what went wrong. */
  async function storyOf(begun: Begun): Promise<string> {
    const environment = await owner.environment(begun);
    const { steps, ...operation } = await owner.operation({ operation: environment.operation.id });
    const rows = steps.map(({ step, attempt, state, rule, status, response, error }: Called['body']) =>
      JSON.stringify({ step, attempt, state, rule, status, response: response?.body, error }),
    );
    return [`Seed ${SEED}, environment ${begun.id}:`, JSON.stringify(environment), JSON.stringify(operation), ...rows].join('\n');
  }

  it('each end ACTIVE with exactly its resources or FAILED with none but those its operation lists, and the cloud has no other', async () => {
    const giveUpAt = Date.now() + BOUND;
    const config = { region: REGION, ...sandbox.aws };
    const connection = await owner.call('POST', '/v1/connections', { definition: 'lakehouse', name: 'AWS', config });
    expect(connection.status, JSON.stringify(connection.body)).to.equal(201);
    for (const fault of FAULTS) await told('POST', 'faults', { vendor: 'cloud-control', seed: random.below(2 ** 31), ...fault });
    // Each is asked for a VPC and a subnet at least, or for less and to remove it again.
    const moments = Array.from({ length: KILLS }, () => random.below(ENVIRONMENTS * 2)).toSorted((a, b) => a - b);

    all = Array.from({ length: ENVIRONMENTS });
    all = await forAll(() => owner.create('lakehouse', { connectionId: connection.body.id }));
    await killAt(moments, giveUpAt);
    await until(() => noneIs('CREATING', 'ROLLING_BACK'), giveUpAt);

    const cloud = await inventory();
    const found = await forAll((begun) => owner.environment(begun));
    for (const [place, environment] of found.entries()) {
      const divergence = divergenceOf(environment, cloud);
      if (divergence) expect.fail(`${divergence}\n${await storyOf(all[place]!)}`);
    }
    const ids = new Set(all.map(({ id }) => id));
    expect(cloud.resources.filter((resource) => !ids.has(environmentOf(resource))), 'nobody’s').to.deep.equal([]);
    for (const [type] of Object.values(MADE)) {
      const asked = cloud.requests.filter(({ Operation, TypeName }) => Operation === 'CREATE' && TypeName === type);
      expect(asked.length, `${type} asked for, of ${ENVIRONMENTS} environments`).to.be.at.most(ENVIRONMENTS);
    }
    expect(new Set(found.map(({ state }) => state)), 'both ends were met').to.deep.equal(new Set(['ACTIVE', 'FAILED']));
  });

  it('leave nothing behind once the cloud is well and all are deleted', async () => {
    await told('DELETE', 'faults');
    await forAll((begun) => owner.delete(begun));
    await until(() => noneIs('DELETING'), Date.now() + BOUND);
    const states = await forAll(async (begun) => (await owner.environment(begun)).state as string);
    const kept = states.findIndex((state) => state !== 'DELETED');
    if (kept !== -1) expect.fail(await storyOf(all[kept]!));
    expect((await inventory()).resources).to.deep.equal([]);
  });
});

function environmentOf({ tags }: Resource): string {
  return tags.find(({ Key }) => Key === 'sluice:environment')?.Value ?? '';
}

/**
 * What an environment should have in the cloud and what it has, where that is not the same. What an operation could not
 * remove is there; only where the cloud has failed to make it, and then to say that it is not there, may it be absent.
 */
function divergenceOf(environment: Called['body'], { resources, requests }: Inventory): string | undefined {
  const { id, state, outputs, operation } = environment;
  const has = resources.filter((resource) => environmentOf(resource) === id).map(({ type, identifier }) => `${type} ${identifier}`);
  const neverMade = requests
    .filter(({ Operation, OperationStatus }) => Operation === 'CREATE' && OperationStatus === 'FAILED')
    .map(({ TypeName, Identifier }) => `${TypeName} ${Identifier}`);
  const leaked = (operation.leakedResources as Called['body'][])
    .map(({ step, outputs: known }) => `${MADE[step]![0]} ${known?.[MADE[step]![1]]}`)
    .filter((name) => has.includes(name) || !neverMade.includes(name));
  const owned = state === 'ACTIVE' ? [outputs.vpcId, outputs.subnetId, outputs.bucket, outputs.roleName] : [];
  const should = [...owned.map((name, place) => `${Object.values(MADE)[place]![0]} ${name}`), ...leaked];
  const states = `${operation.state} ${state}`;
  const isRight = states === 'SUCCEEDED ACTIVE' || states === 'FAILED FAILED';
  if (isRight && has.toSorted().join() === should.toSorted().join()) return undefined;
  return `${states}: it has [${has.join(', ')}], and should have [${should.join(', ')}].`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
