import {
  ClientTokenConflictException,
  CloudControlClient,
  CreateResourceCommand,
  DeleteResourceCommand,
  GetResourceCommand,
  ListResourcesCommand,
  ResourceNotFoundException,
  waitUntilResourceRequestSuccess,
} from '@aws-sdk/client-cloudcontrol';
import type { ProgressEvent } from '@aws-sdk/client-cloudcontrol';
import { expect } from 'chai';
import { startSandbox } from '../../core/sandbox/index.ts';
import type { Sandbox } from '../../core/sandbox/index.ts';
import { rejection } from '../support/rejection.ts';
import { eventually } from '../support/sluice-process.ts';

const TypeName = 'AWS::EC2::VPC';

describe('AWS’s own client against the sandbox', () => {
  const clients: CloudControlClient[] = [];
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await startSandbox({ port: 0, timeScale: 0.01 });
  });
  after(async () => {
    for (const client of clients) client.destroy();
    await sandbox.close();
  });

  function clientOf(credentials: Sandbox['credentials']['aws']['permanent']): CloudControlClient {
    const client = new CloudControlClient({
      region: 'eu-central-1',
      endpoint: sandbox.url,
      credentials,
      maxAttempts: 1,
    });
    clients.push(client);
    return client;
  }

  async function ended(client: CloudControlClient, event: ProgressEvent | undefined): Promise<void> {
    const wait = { client, maxWaitTime: 20, minDelay: 0.01, maxDelay: 0.05 };
    await waitUntilResourceRequestSuccess(wait, { RequestToken: event?.RequestToken });
  }

  for (const kind of ['permanent', 'temporary'] as const) {
    it(`creates, waits, reads, lists and deletes, with ${kind} keys`, async () => {
      const client = clientOf(sandbox.credentials.aws[kind]);
      const DesiredState = JSON.stringify({
        CidrBlock: '10.0.0.0/16',
        Tags: [{ Key: 'name', Value: 'rosé' }],
      });
      const created = await client.send(new CreateResourceCommand({ TypeName, DesiredState }));
      expect(created.ProgressEvent?.EventTime).to.be.instanceOf(Date);
      await ended(client, created.ProgressEvent);
      const listed = await eventually('the list shows it', async () => {
        const { ResourceDescriptions = [] } = await client.send(new ListResourcesCommand({ TypeName }));
        return ResourceDescriptions[0]?.Identifier;
      });
      const read = await client.send(new GetResourceCommand({ TypeName, Identifier: listed }));
      expect(JSON.parse(read.ResourceDescription?.Properties ?? '')).to.deep.include({
        Tags: [{ Key: 'name', Value: 'rosé' }],
      });
      const deleted = await client.send(new DeleteResourceCommand({ TypeName, Identifier: listed }));
      await ended(client, deleted.ProgressEvent);
      const gone = await rejection(client.send(new GetResourceCommand({ TypeName, Identifier: listed })));
      expect(gone).to.be.instanceOf(ResourceNotFoundException);
      await eventually('the list is empty', async () => {
        const { ResourceDescriptions = [] } = await client.send(new ListResourcesCommand({ TypeName }));
        return ResourceDescriptions.length === 0;
      });
    });
  }

  it('understands the errors', async () => {
    const client = clientOf(sandbox.credentials.aws.permanent);
    const create = (cidr: string) =>
      client.send(
        new CreateResourceCommand({
          TypeName,
          DesiredState: JSON.stringify({ CidrBlock: cidr }),
          ClientToken: 'one',
        }),
      );
    await create('10.0.0.0/16');
    expect(await rejection(create('10.1.0.0/16'))).to.be.instanceOf(ClientTokenConflictException);
  });

  it('is refused with a wrong secret', async () => {
    const client = clientOf({ ...sandbox.credentials.aws.permanent, secretAccessKey: 'wrong' });
    const error = await rejection(client.send(new ListResourcesCommand({ TypeName })));
    expect(error).to.include({ name: 'InvalidSignatureException' });
  });
});
