import { expect } from 'chai';
import { cloudControlCalls, HOST, REGION } from './cloud-control-calls.ts';
import type { How } from './cloud-control-calls.ts';
import { useSandbox } from './support.ts';
import type { Sent } from './support.ts';

const LIST = 'ListResources';
const INPUT = { TypeName: 'AWS::EC2::VPC' };

describe('sandbox: signatures of AWS', () => {
  const fixture = useSandbox();
  const { sandbox, send } = fixture;
  const { call, refusal, request } = cloudControlCalls(fixture);
  const permanent = () => sandbox().credentials.aws.permanent;
  const temporary = () => sandbox().credentials.aws.temporary;
  /** How a request is refused that was changed after it was signed. */
  const tampered = async (change: (sent: Sent) => Partial<Sent>): Promise<string> => {
    const sent = await request(LIST, INPUT);
    const reply = await send({ ...sent, ...change(sent) });
    const { __type: type } = reply.json() as { __type: string };
    return `${reply.status} ${type.replace('com.amazon.coral.service#', '')}`;
  };
  const headersOf = (sent: Sent, more: Record<string, string>) => ({ headers: { ...sent.headers, ...more } });

  it('takes a user’s keys, and temporary ones with their token', async () => {
    expect((await call(LIST, INPUT)).status).to.equal(200);
    expect((await call(LIST, INPUT, { keys: temporary() })).status).to.equal(200);
  });

  it('takes any host that is not the vendor’s as what was signed', async () => {
    expect((await call(LIST, INPUT, { host: new URL(sandbox().url).host })).status).to.equal(200);
  });

  const wrong: readonly [what: string, how: () => How, refused: string][] = [
    [
      'an unknown access key',
      () => ({ keys: { ...permanent(), accessKeyId: 'AKIAUNKNOWN' } }),
      'UnrecognizedClientException',
    ],
    [
      'a wrong secret',
      () => ({ keys: { ...permanent(), secretAccessKey: 'wrong' } }),
      'InvalidSignatureException',
    ],
    [
      'temporary keys without their token',
      () => ({ keys: { ...temporary(), sessionToken: undefined } }),
      'UnrecognizedClientException',
    ],
    [
      'temporary keys with another token',
      () => ({ keys: { ...temporary(), sessionToken: 'other' } }),
      'UnrecognizedClientException',
    ],
    [
      'a user’s keys with a token',
      () => ({ keys: { ...permanent(), sessionToken: 'other' } }),
      'UnrecognizedClientException',
    ],
    ['another region than the host’s', () => ({ region: 'us-east-1' }), 'InvalidSignatureException'],
    ['a region that is none', () => ({ region: 'moon', host: 'localhost' }), 'InvalidSignatureException'],
    ['another service', () => ({ service: 'cloudcontrol' }), 'InvalidSignatureException'],
    ['a clock sixteen minutes behind', () => ({ ahead: -16 * 60_000 }), 'InvalidSignatureException'],
    ['a clock sixteen minutes ahead', () => ({ ahead: 16 * 60_000 }), 'InvalidSignatureException'],
  ];
  for (const [what, how, refused] of wrong) {
    it(`refuses ${what}`, async () => expect(await refusal(LIST, INPUT, how())).to.equal(`400 ${refused}`));
  }

  it('takes fourteen minutes of skew', async () => {
    expect((await call(LIST, INPUT, { ahead: -14 * 60_000 })).status).to.equal(200);
    expect((await call(LIST, INPUT, { ahead: 14 * 60_000 })).status).to.equal(200);
  });

  it('refuses a request without signature, and one with half of it', async () => {
    expect(await tampered(() => ({ headers: { 'x-amz-target': 'CloudApiService.ListResources' } }))).to.equal(
      '400 MissingAuthenticationTokenException',
    );
    for (const authorization of [
      'Basic dTpw',
      'AWS4-HMAC-SHA256 Credential=AKIA/20260115/eu-central-1/cloudcontrolapi/aws4_request',
      'AWS4-HMAC-SHA256 Credential=AKIA/20260115, SignedHeaders=host, Signature=00',
    ]) {
      expect(await tampered((sent) => headersOf(sent, { authorization }))).to.equal(
        '400 IncompleteSignatureException',
      );
    }
    expect(await tampered((sent) => headersOf(sent, { 'x-amz-date': 'now' }))).to.equal(
      '400 IncompleteSignatureException',
    );
  });

  it('refuses what was changed after it was signed', async () => {
    const refused = '400 InvalidSignatureException';
    expect(await tampered(() => ({ body: '{"TypeName":"AWS::S3::Bucket"}' }))).to.equal(refused);
    expect(await tampered(() => ({ path: '/?x=1' }))).to.equal(refused);
    expect(await tampered(() => ({ method: 'PUT' }))).to.equal(refused);
    expect(
      await tampered((sent) => headersOf(sent, { 'x-amz-target': 'CloudApiService.GetResource' })),
    ).to.equal(refused);
    expect(await tampered((sent) => headersOf(sent, { 'x-amz-more': 'unsigned' }))).to.equal(refused);
    expect(await tampered((sent) => headersOf(sent, { 'x-amz-date': '20260114T120000Z' }))).to.equal(refused);
    expect(
      await tampered((sent) => ({ ...headersOf(sent, {}), host: HOST.replace(REGION, 'us-east-1') })),
    ).to.equal(refused);
  });
});
