import { expect } from 'chai';
import { compileDefinition } from '../../core/language/compile.ts';
import { formatFinding } from '../../core/language/source.ts';
import { registry, runAction } from '../definitions/running.ts';
import { cloudControlCalls } from './cloud-control-calls.ts';
import { useSandbox } from './support.ts';

const DEFINITION = `
apiVersion: sluice/v1
kind: integration
id: cloud
version: 1.0.0
title: Cloud
baseUrl: "https://cloudcontrolapi.{{ connection.region }}.amazonaws.com"
connection:
  type: object
  required: [region, accessKeyId, secretAccessKey]
  properties:
    region: { type: string }
    accessKeyId: { type: string }
    secretAccessKey: { type: string, secret: true }
    sessionToken: { type: string, secret: true }
auth:
  awsSigV4:
    service: cloudcontrolapi
    region: "{{ connection.region }}"
    accessKeyId: "{{ connection.accessKeyId }}"
    secretAccessKey: "{{ connection.secretAccessKey }}"
    sessionToken: "{{ optional connection.sessionToken }}"
actions:
  makeNetwork:
    title: Make a network
    input: { type: object, properties: {} }
    steps:
      - id: network
        request:
          method: POST
          path: /
          headers: { content-type: application/x-amz-json-1.0, x-amz-target: CloudApiService.CreateResource }
          json:
            TypeName: AWS::EC2::VPC
            DesiredState: '{"CidrBlock":"10.0.0.0/16","Tags":[{"Key":"name","Value":"שלום 👋"}]}'
            ClientToken: "{{ step.idempotencyKey }}"
        idempotency: { mode: key, validFor: PT36H }
        response: { outputs: { token: /ProgressEvent/RequestToken } }
    outputs: { token: "{{ steps.network.token }}" }
`;

describe('awsSigV4 through the platform', () => {
  const fixture = useSandbox();
  const { clock, sandbox } = fixture;
  const { inventory, script } = cloudControlCalls(fixture);
  const { plan, findings } = compileDefinition(
    { file: 'definitions/integrations/cloud.yaml', text: DEFINITION },
    registry,
  );
  const run = (keys: object) => {
    if (!plan) throw new Error(findings.map((finding) => formatFinding(finding)).join('\n'));
    return runAction(plan, {
      action: 'makeNetwork',
      connection: { region: 'eu-central-1', ...keys },
      input: {},
      endpoints: sandbox().endpoints,
      clock,
      sleep: (ms) => Promise.resolve(clock.advance(ms)),
    });
  };

  it('signs the vendor’s host although SLUICE_ENDPOINTS sends it elsewhere, with no secret in its trace', async () => {
    const { permanent, temporary } = sandbox().credentials.aws;
    for (const keys of [permanent, temporary]) {
      const result = await run(keys);
      expect(result.state, result.error?.message).to.equal('succeeded');
      const trace = JSON.stringify(result);
      expect(trace).not.to.contain(keys.secretAccessKey).and.not.to.contain(temporary.sessionToken);
      expect(trace).not.to.contain('Signature=');
    }
    expect((await inventory()).requests).to.have.lengthOf(2);
  });

  it('signs each attempt anew: a repetition long after is taken, and makes nothing twice', async () => {
    await script({ kind: 'lost', operation: 'CreateResource' });
    await script({ kind: 'status', code: 'ServiceUnavailableException', status: 503, retryAfter: 1800 });
    const result = await run(sandbox().credentials.aws.permanent);
    expect(result.state, result.error?.message).to.equal('succeeded');
    expect(result.steps).to.have.lengthOf(3);
    expect((await inventory()).requests).to.have.lengthOf(1);
  });

  it('tells why AWS refused, without the secret', async () => {
    const result = await run({
      ...sandbox().credentials.aws.permanent,
      secretAccessKey: 'quite-another-secret',
    });
    expect(result.state).to.equal('failed');
    expect(JSON.stringify(result))
      .to.contain('InvalidSignatureException')
      .and.not.to.contain('quite-another-secret');
  });
});
