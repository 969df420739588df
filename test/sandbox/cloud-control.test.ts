import { expect } from 'chai';
import { cloudControlCalls } from './cloud-control-calls.ts';
import { useSandbox } from './support.ts';

const VPC = 'AWS::EC2::VPC';
const SUBNET = 'AWS::EC2::Subnet';
const BUCKET = 'AWS::S3::Bucket';
const ROLE = 'AWS::IAM::Role';
const CIDR = { CidrBlock: '10.0.0.0/16' };
const TRUST = { Version: '2012-10-17', Statement: [] };

describe('sandbox: AWS Cloud Control', () => {
  const fixture = useSandbox();
  const { clock, send } = fixture;
  const { call, create, ended, event, inventory, refusal, remove } = cloudControlCalls(fixture);
  const made = async (type: string, desired: Parameters<typeof create>[1]) => {
    const { Identifier = '', OperationStatus, StatusMessage } = await ended(await create(type, desired));
    expect(OperationStatus, StatusMessage).to.equal('SUCCESS');
    return Identifier;
  };
  const model = async (TypeName: string, Identifier: string) => {
    const reply = await call('GetResource', { TypeName, Identifier });
    const { ResourceDescription } = reply.json() as { ResourceDescription: { Properties: string } };
    return JSON.parse(ResourceDescription.Properties) as Record<string, unknown>;
  };
  const listed = async (TypeName: string) => {
    const { ResourceDescriptions } = (await call('ListResources', { TypeName })).json() as {
      ResourceDescriptions: { Identifier: string }[];
    };
    return ResourceDescriptions.map(({ Identifier }) => Identifier);
  };

  it('takes an operation in, is at it for a while, and then has done it', async () => {
    const first = await create(VPC, { ...CIDR, Tags: [{ Key: 'environment', Value: 'e1' }] });
    expect(first).to.include({ TypeName: VPC, Operation: 'CREATE', OperationStatus: 'PENDING' });
    expect(first).not.to.have.property('Identifier');
    expect(first.EventTime).to.equal(clock.now() / 1000);
    const { RequestToken } = first;
    clock.advance(1000);
    const second = await event('GetResourceRequestStatus', { RequestToken });
    expect(second.OperationStatus).to.equal('IN_PROGRESS');
    expect(second.Identifier).to.match(/^vpc-[0-9a-f]{17}$/);
    expect(second.RetryAfter).to.equal(clock.now() / 1000 + 2);
    clock.advance(2000);
    const third = await event('GetResourceRequestStatus', { RequestToken });
    expect(third.OperationStatus).to.equal('SUCCESS');
    expect(third.EventTime).to.equal(clock.now() / 1000);
    expect(JSON.parse(third.ResourceModel ?? '')).to.include({
      VpcId: second.Identifier,
      EnableDnsSupport: true,
    });
  });

  it('is eventually consistent: reads are late, and lists are later', async () => {
    const { RequestToken } = await create(VPC, CIDR);
    clock.advance(3000);
    const { Identifier = '' } = await event('GetResourceRequestStatus', { RequestToken });
    expect(await refusal('GetResource', { TypeName: VPC, Identifier })).to.equal(
      '400 ResourceNotFoundException',
    );
    clock.advance(500);
    expect(await model(VPC, Identifier)).to.include({ VpcId: Identifier, CidrBlock: '10.0.0.0/16' });
    expect(await listed(VPC)).to.deep.equal([]);
    clock.advance(500);
    expect(await listed(VPC)).to.deep.equal([Identifier]);
    await remove(VPC, Identifier);
    clock.advance(2000);
    expect(await refusal('GetResource', { TypeName: VPC, Identifier })).to.equal(
      '400 ResourceNotFoundException',
    );
    expect(await listed(VPC)).to.deep.equal([Identifier]);
    clock.advance(1000);
    expect(await listed(VPC)).to.deep.equal([]);
  });

  it('knows a client token for 36 hours: one resource, whatever is repeated', async () => {
    const first = await create(VPC, CIDR, 'token-1');
    expect(await create(VPC, CIDR, 'token-1')).to.deep.equal(first);
    const done = await ended(first);
    expect(await create(VPC, CIDR, 'token-1')).to.deep.equal(done);
    expect((await inventory()).resources.map(({ clientToken }) => clientToken)).to.deep.equal(['token-1']);
    const other = { TypeName: VPC, DesiredState: '{"CidrBlock":"10.1.0.0/16"}', ClientToken: 'token-1' };
    expect(await refusal('CreateResource', other)).to.equal('400 ClientTokenConflictException');
    const removal = { TypeName: VPC, Identifier: done.Identifier ?? '', ClientToken: 'token-1' };
    expect(await refusal('DeleteResource', removal)).to.equal('400 ClientTokenConflictException');
    clock.advance(36 * 3_600_000);
    expect((await create(VPC, CIDR, 'token-1')).RequestToken).not.to.equal(first.RequestToken);
  });

  it('does one operation on a resource at a time', async () => {
    const Identifier = await made(VPC, CIDR);
    await remove(VPC, Identifier);
    expect(await refusal('DeleteResource', { TypeName: VPC, Identifier })).to.equal(
      '400 ConcurrentOperationException',
    );
    const bucket = { TypeName: BUCKET, DesiredState: '{"BucketName":"acme-data"}' };
    expect((await event('CreateResource', bucket)).Identifier).to.equal('acme-data');
    expect(await refusal('CreateResource', bucket)).to.equal('400 ConcurrentOperationException');
  });

  it('holds a VPC while a subnet is in it', async () => {
    const vpc = await made(VPC, CIDR);
    const subnet = await made(SUBNET, { VpcId: vpc, CidrBlock: '10.0.1.0/24' });
    const refused = await ended(await remove(VPC, vpc));
    expect(refused).to.include({ OperationStatus: 'FAILED', ErrorCode: 'InvalidRequest' });
    expect(refused.StatusMessage).to.contain(`The vpc '${vpc}' has dependencies and cannot be deleted.`);
    expect((await ended(await remove(SUBNET, subnet))).OperationStatus).to.equal('SUCCESS');
    expect((await ended(await remove(VPC, vpc))).OperationStatus).to.equal('SUCCESS');
    expect((await inventory()).resources).to.deep.equal([]);
  });

  it('checks where a subnet is put', async () => {
    const vpc = await made(VPC, CIDR);
    await made(SUBNET, { VpcId: vpc, CidrBlock: '10.0.1.0/24' });
    const outcome = async (VpcId: string, CidrBlock: string) => {
      const { ErrorCode, StatusMessage = '' } = await ended(await create(SUBNET, { VpcId, CidrBlock }));
      return `${ErrorCode}: ${StatusMessage.replace(/ \(.*/, '')}`;
    };
    expect(await outcome('vpc-0', '10.0.2.0/24')).to.equal("NotFound: The vpc ID 'vpc-0' does not exist");
    expect(await outcome(vpc, '10.1.2.0/24')).to.equal("InvalidRequest: The CIDR '10.1.2.0/24' is invalid.");
    expect(await outcome(vpc, '10.0.1.128/25')).to.equal(
      "InvalidRequest: The CIDR '10.0.1.128/25' conflicts with another subnet",
    );
    expect((await ended(await create(VPC, { CidrBlock: '10.0.0.0/8' }))).ErrorCode).to.equal(
      'InvalidRequest',
    );
    expect((await ended(await create(VPC, { CidrBlock: '10.0.0.1/16' }))).ErrorCode).to.equal(
      'InvalidRequest',
    );
  });

  it('gives a bucket’s or a role’s name once', async () => {
    for (const [type, desired] of [
      [BUCKET, { BucketName: 'acme-data' }],
      [ROLE, { RoleName: 'acme-runner', AssumeRolePolicyDocument: TRUST }],
    ] as const) {
      await made(type, desired);
      const again = await ended(await create(type, desired));
      expect(again).to.include({ OperationStatus: 'FAILED', ErrorCode: 'AlreadyExists' });
    }
    expect(await model(ROLE, 'acme-runner')).to.include({
      Arn: 'arn:aws:iam::123456789012:role/acme-runner',
    });
    expect((await inventory()).resources).to.have.lengthOf(2);
  });

  it('ends the deletion of what is not there as NotFound', async () => {
    const gone = await ended(await remove(BUCKET, 'no-such-bucket'));
    expect(gone).to.include({ OperationStatus: 'FAILED', ErrorCode: 'NotFound' });
  });

  it('updates by patch, and leaves alone what only a creation may set', async () => {
    const Identifier = await made(VPC, CIDR);
    const patch = (...operations: object[]) => ({
      TypeName: VPC,
      Identifier,
      PatchDocument: JSON.stringify(operations),
    });
    const tags = patch(
      { op: 'add', path: '/Tags', value: [{ Key: 'a', Value: '1' }] },
      { op: 'add', path: '/Tags/-', value: { Key: 'b', Value: '2' } },
      { op: 'replace', path: '/Tags/0/Value', value: '3' },
      { op: 'add', path: '/EnableDnsHostnames', value: true },
    );
    const update = { ...tags, ClientToken: 'patch-1' };
    expect((await ended(await event('UpdateResource', update))).OperationStatus).to.equal('SUCCESS');
    expect((await event('UpdateResource', update)).OperationStatus).to.equal('SUCCESS');
    expect(await model(VPC, Identifier)).to.deep.include({
      EnableDnsHostnames: true,
      Tags: [
        { Key: 'a', Value: '3' },
        { Key: 'b', Value: '2' },
      ],
    });
    const moved = patch({ op: 'replace', path: '/CidrBlock', value: '10.9.0.0/16' });
    expect(await refusal('UpdateResource', moved)).to.equal('400 NotUpdatableException');
    expect(await refusal('UpdateResource', patch({ op: 'add', path: '/VpcId', value: 'vpc-1' }))).to.equal(
      '400 ValidationException',
    );
    expect(await refusal('UpdateResource', patch({ op: 'remove', path: '/None' }))).to.equal(
      '400 InvalidRequestException',
    );
    expect(await refusal('UpdateResource', { ...tags, Identifier: 'vpc-0' })).to.equal(
      '400 ResourceNotFoundException',
    );
  });

  it('cancels what is not finished, and leaves behind what was begun', async () => {
    const before = await create(VPC, CIDR);
    await event('CancelResourceRequest', { RequestToken: before.RequestToken });
    expect((await ended(before)).OperationStatus).to.equal('CANCEL_COMPLETE');
    expect((await inventory()).resources).to.deep.equal([]);
    const { RequestToken } = await create(VPC, CIDR);
    clock.advance(1000);
    expect((await event('CancelResourceRequest', { RequestToken })).OperationStatus).to.equal(
      'CANCEL_IN_PROGRESS',
    );
    expect((await event('CancelResourceRequest', { RequestToken })).OperationStatus).to.equal(
      'CANCEL_IN_PROGRESS',
    );
    clock.advance(1000);
    const { OperationStatus, Identifier = '' } = await event('GetResourceRequestStatus', { RequestToken });
    expect(OperationStatus).to.equal('CANCEL_COMPLETE');
    expect(await model(VPC, Identifier)).to.include({ VpcId: Identifier });
    expect((await ended(await remove(VPC, Identifier))).OperationStatus).to.equal('SUCCESS');
    expect(await refusal('CancelResourceRequest', { RequestToken })).to.equal('400 ValidationException');
  });

  it('lists requests by what they do and how far they are, page by page', async () => {
    const first = await ended(await create(BUCKET, { BucketName: 'acme-1' }));
    const second = await create(BUCKET, { BucketName: 'acme-2' });
    const page = async (input: Parameters<typeof call>[1]) => {
      const reply = await call('ListResourceRequests', input);
      const found = reply.json() as {
        ResourceRequestStatusSummaries: { RequestToken: string }[];
        NextToken?: string;
      };
      return {
        tokens: found.ResourceRequestStatusSummaries.map((one) => one.RequestToken),
        next: found.NextToken,
      };
    };
    const one = await page({ MaxResults: 1 });
    expect(one.tokens).to.deep.equal([first.RequestToken]);
    expect(await page({ MaxResults: 1, NextToken: one.next ?? '' })).to.deep.equal({
      tokens: [second.RequestToken],
      next: undefined,
    });
    const filter = { Operations: ['CREATE'], OperationStatuses: ['PENDING', 'IN_PROGRESS'] };
    expect((await page({ ResourceRequestStatusFilter: filter })).tokens).to.deep.equal([second.RequestToken]);
    clock.advance(7 * 24 * 3_600_000);
    const expired = { RequestToken: first.RequestToken };
    expect(await refusal('GetResourceRequestStatus', expired)).to.equal('400 RequestTokenNotFoundException');
  });

  for (const [what, operation, input, code] of [
    [
      'an unknown type',
      'CreateResource',
      { TypeName: 'AWS::EC2::Moon', DesiredState: '{}' },
      '400 TypeNotFoundException',
    ],
    ['no type', 'CreateResource', { DesiredState: '{}' }, '400 ValidationException'],
    [
      'a model that is no JSON',
      'CreateResource',
      { TypeName: VPC, DesiredState: '{' },
      '400 InvalidRequestException',
    ],
    [
      'a property that the type lacks',
      'CreateResource',
      { TypeName: VPC, DesiredState: '{"CidrBlock":"10.0.0.0/16","Size":1}' },
      '400 ValidationException',
    ],
    [
      'a model without what is required',
      'CreateResource',
      { TypeName: ROLE, DesiredState: '{"RoleName":"r"}' },
      '400 ValidationException',
    ],
    [
      'a token that is no token',
      'CreateResource',
      { TypeName: VPC, DesiredState: '{}', ClientToken: 'ü' },
      '400 ValidationException',
    ],
    [
      'an unknown request',
      'GetResourceRequestStatus',
      { RequestToken: 'none' },
      '400 RequestTokenNotFoundException',
    ],
    ['an unknown operation', 'DescribeMoon', {}, '404 UnknownOperationException'],
  ] as const) {
    it(`refuses ${what}`, async () => expect(await refusal(operation, input)).to.equal(code));
  }

  it('says what is wrong with a model in the words of CloudFormation', async () => {
    const reply = await call('CreateResource', { TypeName: VPC, DesiredState: '{"Size":1}' });
    expect(reply.headers['content-type']).to.equal('application/x-amz-json-1.0');
    expect(reply.json()).to.deep.equal({
      __type: 'com.amazon.coral.service#ValidationException',
      Message:
        'Model validation failed (#: required key [CidrBlock] not found\n#: extraneous key [Size] is not permitted)',
    });
  });

  it('keeps regions apart, but for names that are everywhere the same', async () => {
    const vpc = await made(VPC, CIDR);
    await made(BUCKET, { BucketName: 'acme-data' });
    const elsewhere = { region: 'us-east-1', host: 'cloudcontrolapi.us-east-1.amazonaws.com' };
    expect(await refusal('GetResource', { TypeName: VPC, Identifier: vpc }, elsewhere)).to.equal(
      '400 ResourceNotFoundException',
    );
    expect(
      (await call('GetResource', { TypeName: BUCKET, Identifier: 'acme-data' }, elsewhere)).status,
    ).to.equal(200);
  });

  it('takes as long as it is told to', async () => {
    const set = (body: object) =>
      send({ method: 'POST', path: '/_sandbox/cloud-control', body: JSON.stringify(body) });
    expect((await set({ timeScale: 0 })).json()).to.deep.equal({ timeScale: 0, lagSeconds: 0.5 });
    const { RequestToken } = await create(VPC, CIDR);
    const { OperationStatus, Identifier = '' } = await event('GetResourceRequestStatus', { RequestToken });
    expect(OperationStatus).to.equal('SUCCESS');
    expect(await listed(VPC)).to.deep.equal([Identifier]);
    await set({ timeScale: 1 });
    expect((await set({ speed: 9 })).status).to.equal(422);
  });

  it('shows what exists on a page', async () => {
    const vpc = await made(VPC, { ...CIDR, Tags: [{ Key: '<b>', Value: 'x' }] });
    const page = await send({ path: '/aws/resources' });
    expect(page.text).to.contain(vpc).and.to.contain('&lt;b&gt;');
    const index = await send({ path: '/' });
    expect(index.text).to.contain('AKIAIOSFODNN7EXAMPLE').and.to.contain(VPC);
  });
});
