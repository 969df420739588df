import { expect } from 'chai';
import { cloudControlCalls } from './cloud-control-calls.ts';
import type { Event } from './cloud-control-calls.ts';
import { useSandbox } from './support.ts';

const VPC = 'AWS::EC2::VPC';
const BUCKET = 'AWS::S3::Bucket';
const CIDR = { CidrBlock: '10.0.0.0/16' };
const CREATE = { TypeName: VPC, DesiredState: JSON.stringify(CIDR) };

describe('sandbox: faults of AWS Cloud Control', () => {
  const fixture = useSandbox();
  const { clock, send } = fixture;
  const { call, create, ended, event, inventory, refusal, remove, script } = cloudControlCalls(fixture);

  for (const [what, fault, refused] of [
    ['throttled', { code: 'ThrottlingException' }, '400 ThrottlingException'],
    ['at a limit', { code: 'ServiceLimitExceededException' }, '400 ServiceLimitExceededException'],
    ['not allowed', { code: 'AccessDeniedException' }, '400 AccessDeniedException'],
    ['met by a failure of the service', { status: 500 }, '500 InternalFailure'],
    ['met by a service that is away', {}, '503 ServiceUnavailableException'],
  ] as const) {
    it(`is ${what} for one type and one operation`, async () => {
      await script({ kind: 'status', operation: 'CreateResource', type: VPC, ...fault });
      expect((await create(BUCKET, { BucketName: 'acme-data' })).OperationStatus).to.equal('PENDING');
      expect((await call('ListResources', { TypeName: VPC })).status).to.equal(200);
      expect(await refusal('CreateResource', CREATE)).to.equal(refused);
      expect((await call('CreateResource', CREATE)).status).to.equal(200);
    });
  }

  it('finds the type of a request that is asked about', async () => {
    await script({
      kind: 'status',
      operation: 'GetResourceRequestStatus',
      type: VPC,
      code: 'ThrottlingException',
    });
    const bucket = await create(BUCKET, { BucketName: 'acme-data' });
    expect((await ended(bucket)).OperationStatus).to.equal('SUCCESS');
    const { RequestToken } = await create(VPC, CIDR);
    expect(await refusal('GetResourceRequestStatus', { RequestToken })).to.equal('400 ThrottlingException');
  });

  it('loses an answer after the operation was accepted: its client token finds it again', async () => {
    await script({ kind: 'lost', operation: 'CreateResource' });
    const input = { ...CREATE, ClientToken: 'token-1' };
    const failure = await call('CreateResource', input).catch((error: NodeJS.ErrnoException) => error.code);
    expect(failure).to.equal('ECONNRESET');
    const [accepted] = (await inventory()).requests;
    expect((await event('CreateResource', input)).RequestToken).to.equal(accepted?.RequestToken);
    expect((await inventory()).requests).to.have.lengthOf(1);
  });

  it('lets an operation fail with a code, and nothing is left of it', async () => {
    await script({
      kind: 'fail',
      type: VPC,
      operation: 'CreateResource',
      code: 'ServiceLimitExceeded',
      message: 'Too many.',
    });
    const failed = await ended(await create(VPC, CIDR));
    expect(failed).to.include({
      OperationStatus: 'FAILED',
      ErrorCode: 'ServiceLimitExceeded',
      StatusMessage: 'Too many.',
    });
    expect((await inventory()).resources).to.deep.equal([]);
  });

  it('leaves behind what did not stabilise', async () => {
    await script({ kind: 'fail', code: 'NotStabilized' });
    const { ErrorCode, Identifier = '' } = await ended(await create(VPC, CIDR));
    expect(ErrorCode).to.equal('NotStabilized');
    expect((await inventory()).resources.map(({ identifier }) => identifier)).to.deep.equal([Identifier]);
    expect((await ended(await remove(VPC, Identifier))).OperationStatus).to.equal('SUCCESS');
  });

  it('lets a deletion fail, and the resource is still there', async () => {
    const { Identifier = '' } = await ended(await create(VPC, CIDR));
    await script({ kind: 'fail', operation: 'DeleteResource', code: 'AccessDenied' });
    expect((await ended(await remove(VPC, Identifier))).ErrorCode).to.equal('AccessDenied');
    expect((await inventory()).resources).to.have.lengthOf(1);
  });

  it('hangs until it is cancelled', async () => {
    await script({ kind: 'hang' });
    const begun = await create(VPC, CIDR);
    clock.advance(24 * 3_600_000);
    const { OperationStatus, Identifier = '', RequestToken } = await ended(begun);
    expect(OperationStatus).to.equal('IN_PROGRESS');
    expect(await refusal('DeleteResource', { TypeName: VPC, Identifier })).to.equal(
      '400 ConcurrentOperationException',
    );
    await event('CancelResourceRequest', { RequestToken });
    expect((await ended(begun)).OperationStatus).to.equal('CANCEL_COMPLETE');
    expect((await ended(await remove(VPC, Identifier))).OperationStatus).to.equal('SUCCESS');
  });

  it('succeeds in making something unusable', async () => {
    await script({ kind: 'unusable', type: VPC });
    const { OperationStatus, Identifier = '' } = await ended(await create(VPC, CIDR));
    expect(OperationStatus).to.equal('SUCCESS');
    const reply = await call('GetResource', { TypeName: VPC, Identifier });
    expect(reply.json()).to.deep.equal({
      TypeName: VPC,
      ResourceDescription: { Identifier, Properties: JSON.stringify({ VpcId: Identifier }) },
    });
  });

  it('meets a share of the requests by chance, the same ones with the same seed', async () => {
    const round = async (seed: number): Promise<string[]> => {
      await send({ method: 'POST', path: '/_sandbox/reset' });
      await script({
        kind: 'status',
        code: 'ThrottlingException',
        chance: 0.2,
        seed,
        operation: 'CreateResource',
      });
      await script({ kind: 'fail', code: 'GeneralServiceException', chance: 0.2, seed: seed + 1 });
      const outcomes: string[] = [];
      for (let i = 0; i < 50; i++) {
        const reply = await call('CreateResource', {
          TypeName: BUCKET,
          DesiredState: `{"BucketName":"acme-${i}"}`,
        });
        const { ProgressEvent } = reply.json() as { ProgressEvent?: Event };
        outcomes.push(ProgressEvent ? (await ended(ProgressEvent)).OperationStatus : 'refused');
      }
      const { resources } = await inventory();
      expect(resources).to.have.lengthOf(outcomes.filter((one) => one === 'SUCCESS').length);
      return outcomes;
    };
    const first = await round(7);
    expect(first.filter((one) => one === 'refused').length).to.be.within(4, 18);
    expect(first.filter((one) => one === 'FAILED').length).to.be.within(3, 16);
    expect(await round(7)).to.deep.equal(first);
    expect(await round(8)).not.to.deep.equal(first);
  });

  it('refuses a fault that has no sense', async () => {
    const elsewhere = await send({
      method: 'POST',
      path: '/_sandbox/faults',
      body: JSON.stringify({ vendor: 'twilio', kind: 'hang' }),
    });
    expect(elsewhere.status).to.equal(422);
    const unknown = await script({ kind: 'fail', code: 'Sunburn' });
    expect(unknown.text).to.contain('NotStabilized');
    expect((await script({ kind: 'status', chance: 2 })).status).to.equal(422);
  });
});
