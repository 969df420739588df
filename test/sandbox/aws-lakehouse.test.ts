import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { JsonObject } from '../../core/kernel/json.ts';
import { replayFromFailedStep, undoOf } from '../../core/runtime/replay.ts';
import { startSandbox, type Sandbox } from '../../core/sandbox/index.ts';
import { cancelRun } from '../../db/stores/runs/cancel.ts';
import { requeueRun } from '../../db/stores/runs/requeue.ts';
import awsSigV4 from '../../plugins/awsSigV4/index.ts';
import none from '../../plugins/none/index.ts';
import { testEngine, type RunRow, type TestEngine } from '../support/engine.ts';
import { eventually } from '../support/sluice-process.ts';
import { REGION, type Inventory } from './cloud-control-calls.ts';

const VPC = 'AWS::EC2::VPC';
const SUBNET = 'AWS::EC2::Subnet';
const BUCKET = 'AWS::S3::Bucket';
const ROLE = 'AWS::IAM::Role';

/** The bundled definition. Only its waits are shorter, as the cloud of the sandbox is quicker than the real one. */
const DEFINITION = readFileSync(new URL('../../definitions/provisioners/aws-lakehouse.yaml', import.meta.url), 'utf8')
  .replaceAll('every: PT2S', 'every: PT0.02S')
  .replaceAll(/max: PT[12]0S/g, 'max: PT0.1S')
  .replace('initial: PT1S, max: PT1M', 'initial: PT0.02S, max: PT0.1S');

describe('aws-lakehouse, on the run table and against the sandbox', () => {
  let sandbox: Sandbox;
  let engine: TestEngine;
  let hasty: TestEngine;

  before(async () => {
    sandbox = await startSandbox({ port: 0, timeScale: 0.02 });
    const connection = { region: REGION, ...sandbox.credentials.aws.permanent };
    const start = (yaml: string) => testEngine(yaml, sandbox.endpoints, [none, awsSigV4], connection);
    [engine, hasty] = await Promise.all([
      start(DEFINITION),
      start(DEFINITION.replace(/ deadline: PT40M/, ' deadline: PT2S')),
    ]);
    await Promise.all([engine.worker(), hasty.worker()]);
  });
  after(async () => {
    await Promise.all([engine.close(), hasty.close()]);
    await sandbox.close();
  });
  beforeEach(() => told('reset'));

  async function told(what: string, body?: object): Promise<void> {
    const response = await fetch(`${sandbox.url}/_sandbox/${what}`, { method: 'POST', ...(body && { body: JSON.stringify(body) }) });
    expect(response.ok, await response.text()).to.equal(true);
  }
  const fault = (more: object) => told('faults', { vendor: 'cloud-control', ...more });
  const inventory = async () => (await (await fetch(`${sandbox.url}/_sandbox/cloud-control`)).json()) as Inventory;
  const left = async () => (await inventory()).resources.map(({ type }) => type);
  const effects = ({ cursor }: RunRow) => (cursor.effects ?? []).map(({ step, state }) => `${step} ${state}`);
  const deletions = async () =>
    (await inventory()).requests.filter(({ Operation }) => Operation === 'DELETE').map(({ TypeName }) => TypeName);
  const cancel = async (run: string) => {
    await engine.inTransaction((client) => cancelRun(client, { tenantId: engine.tenantId, id: run }));
    engine.wake();
  };
  const created = async (): Promise<{ run: string; row: RunRow; environment: JsonObject }> => {
    const run = await engine.submit('create');
    const row = await engine.settled(run, 'succeeded');
    const input = { cidrBlock: '10.0.0.0/16', subnetCidrBlock: '10.0.0.0/20' };
    return { run, row, environment: { id: run, name: 'test', input, outputs: row.outputs ?? {}, steps: {} } };
  };

  it('makes its four resources and no other, named and tagged after the environment', async () => {
    const { run, row } = await created();
    const { resources, requests } = await inventory();
    const byType = Object.fromEntries(resources.map(({ type, identifier }) => [type, identifier]));
    expect(row.outputs).to.deep.equal({
      vpcId: byType[VPC],
      subnetId: byType[SUBNET],
      bucket: `sluice-${run}`,
      roleName: `sluice-${run}`,
    });
    expect(resources).to.have.length(4);
    expect(requests).to.have.length(4);
    expect(resources.find(({ type }) => type === SUBNET)?.model).to.include({ VpcId: byType[VPC] });
    for (const { tags } of resources) expect(tags).to.deep.include({ Key: 'sluice:environment', Value: run });
  });

  it('undoes everything where the quota of roles is used up', async () => {
    await fault({ kind: 'fail', operation: 'CreateResource', type: ROLE, code: 'ServiceLimitExceeded', message: 'Too many roles.' });
    const run = await engine.submit('create');
    const row = await engine.settled(run, 'failed');
    expect(row.error).to.include({ code: 'SERVICE_LIMIT_EXCEEDED', step: 'roleReady' });
    expect(row.error?.message).to.contain('Too many roles.');
    expect(await left()).to.deep.equal([]);
    expect(await deletions()).to.deep.equal([ROLE, BUCKET, SUBNET, VPC]);
    expect(effects(row)).to.deep.equal(['vpc undone', 'subnet undone', 'bucket undone', 'role undone']);
  });

  it('makes no second subnet where the answer was lost', async () => {
    await fault({ kind: 'lost', operation: 'CreateResource', type: SUBNET });
    const { run } = await created();
    expect((await left()).toSorted()).to.deep.equal([SUBNET, VPC, ROLE, BUCKET]);
    expect((await inventory()).requests).to.have.length(4);
    const sent = (await engine.trace(run)).filter(({ step }) => step === 'subnet');
    expect(sent.map(({ state }) => state)).to.deep.equal(['waiting', 'succeeded']);
  });

  it('settles a lost answer before it undoes what came of it', async () => {
    await fault({ kind: 'lost', operation: 'CreateResource', type: SUBNET, times: 10 });
    const run = await engine.submit('create');
    const row = await engine.settled(run, 'failed');
    expect(effects(row)).to.deep.equal(['vpc undone', 'subnet undone']);
    expect(await left()).to.deep.equal([]);
    const made = (await inventory()).requests.filter(({ Operation, TypeName }) => Operation === 'CREATE' && TypeName === SUBNET);
    expect(made).to.have.length(1);
  });

  it('stops at its deadline what hangs, and deletes what it had begun to make', async () => {
    await fault({ kind: 'hang', operation: 'CreateResource', type: VPC });
    const run = await hasty.submit('create');
    const { error } = await hasty.settled(run, 'failed');
    expect(error).to.include({ code: 'DEADLINE_EXCEEDED', step: 'vpcReady' });
    expect(await left()).to.deep.equal([]);
    const statuses = (await inventory()).requests.map(({ Operation, OperationStatus }) => `${Operation} ${OperationStatus}`);
    expect(statuses).to.deep.equal(['CREATE CANCEL_COMPLETE', 'DELETE SUCCESS']);
  });

  it('does not take a bucket that nobody can use, though AWS calls it made', async () => {
    await fault({ kind: 'unusable', operation: 'CreateResource', type: BUCKET });
    const run = await engine.submit('create');
    const { error } = await engine.settled(run, 'failed');
    expect(error).to.include({ code: 'PROBE_FAILED', step: 'bucketUsable' });
    expect(await left()).to.deep.equal([]);
  });

  it('lists what it may not delete, and what that holds in its place', async () => {
    await fault({ kind: 'status', operation: 'CreateResource', type: BUCKET, code: 'AccessDeniedException' });
    await fault({ kind: 'fail', operation: 'DeleteResource', type: SUBNET, code: 'AccessDenied' });
    const run = await engine.submit('create');
    const row = await engine.settled(run, 'failed');
    expect(row.error).to.include({ code: 'ACCESS_DENIED', step: 'bucket' });
    expect(effects(row)).to.deep.equal(['vpc leaked', 'subnet leaked']);
    const [vpc, subnet] = row.cursor.effects ?? [];
    expect(subnet?.error).to.include({ code: 'ACCESS_DENIED', step: 'subnet/undo/subnetDeleted' });
    expect(vpc?.error?.message).to.contain('has dependencies');
    expect(await left()).to.deep.equal([VPC, SUBNET]);

    const cursor = replayFromFailedStep(row.cursor, 'failed', undefined);
    await engine.inTransaction((client) => requeueRun(client, { tenantId: engine.tenantId, id: run }, ['failed'], { cursor }));
    engine.wake();
    await eventually('a retry deletes both', async () => (await left()).length === 0);
    expect(effects(await engine.settled(run, 'failed'))).to.deep.equal(['vpc undone', 'subnet undone']);
  });

  it('loses nothing out of sight where a request is refused after its answer was lost', async () => {
    await fault({ kind: 'lost', operation: 'CreateResource', type: SUBNET });
    await fault({ kind: 'status', operation: 'CreateResource', type: SUBNET, code: 'AccessDeniedException' });
    const run = await engine.submit('create');
    const row = await engine.settled(run, 'failed');
    expect([effects(row), await left()]).to.deep.equal([['vpc undone', 'subnet undone'], []]);
  });

  it('leaves nothing where it is cancelled while the VPC is being made', async () => {
    await fault({ kind: 'hang', operation: 'CreateResource', type: VPC });
    const run = await engine.submit('create');
    await eventually('the VPC is being made', async () => (await left()).includes(VPC));
    await cancel(run);
    const { error } = await engine.settled(run, 'cancelled');
    expect(error).to.include({ code: 'CANCELLED' });
    expect(await left()).to.deep.equal([]);
  });

  it('is deleted by what its creation has on record', async () => {
    const { row, environment } = await created();
    const run = await engine.submit('create', {}, { cursor: undoOf(row.cursor), context: { environment } });
    expect(effects(await engine.settled(run, 'succeeded'))).to.deep.equal(['vpc undone', 'subnet undone', 'bucket undone', 'role undone']);
    expect(await left()).to.deep.equal([]);
    expect(await deletions()).to.deep.equal([ROLE, BUCKET, SUBNET, VPC]);
  });

  it('is deleted although somebody removed all of it by hand, and AWS has forgotten how it was made', async () => {
    const { row, environment } = await created();
    await told('reset');
    const run = await engine.submit('create', {}, { cursor: undoOf(row.cursor), context: { environment } });
    expect(effects(await engine.settled(run, 'succeeded'))).to.deep.equal(['vpc undone', 'subnet undone', 'bucket undone', 'role undone']);
  });

  it('reads that all is well, and later that nothing is there any more', async () => {
    const { environment } = await created();
    const read = () => engine.submit('read', {}, { kind: 'read', context: { environment } });
    await engine.settled(await read(), 'succeeded');
    await told('reset');
    const { error } = await engine.settled(await read(), 'failed');
    expect(error).to.include({ code: 'NOT_FOUND', step: 'vpc' });
    expect(error?.provider).to.include({ code: 'ResourceNotFoundException' });
  });
});
