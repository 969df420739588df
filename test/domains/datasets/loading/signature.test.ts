import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { requestOf } from '../../../../core/domains/datasets/loading/webhook/delivery.ts';
import { checkSignature } from '../../../../core/domains/datasets/loading/webhook/signature.ts';
import { SluiceError } from '../../../../core/kernel/errors.ts';
import type { JsonObject } from '../../../../core/kernel/json.ts';
import type { SignaturePlan } from '../../../../core/language/plan-dataset.ts';
import { compiled, SHOP } from './shop.ts';

const NOW = Date.UTC(2026, 0, 31, 12);
const SECONDS = String(NOW / 1000);
const BODY = '{"data":{"id":"t1","note":"é"}}';
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

/** A signature as a definition writes it. */
function signature(written: string): SignaturePlan {
  const standard = 'scheme: standard-webhooks, secret: "{{ connection.secret }}"';
  const text = SHOP.replace(standard, written)
    .replace('version: _event_time', 'version: paid_at')
    .replace('timestamp? }', 'timestamp }');
  const source = compiled(text).dataset!.sources.find(({ kind }) => kind === 'webhook');
  if (source?.kind !== 'webhook') throw new Error('There is no webhook.');
  return source.signature;
}

interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly secret?: string;
  readonly now?: number;
}

function check(plan: SignaturePlan, { headers, body = BODY, secret = SECRET, now = NOW }: Sent): number | undefined {
  const request = requestOf({
    url: 'https://sluice.test/hooks/1/payments',
    query: {},
    headers,
    rawBody: Buffer.from(body),
  });
  const connection: JsonObject = { secret };
  return checkSignature(plan, { connection, request }, request, now);
}

/** What a sender is told; it must hold nothing of the secret. */
function refusal(plan: SignaturePlan, sent: Sent): string {
  try {
    check(plan, sent);
  } catch (error) {
    expect(error).to.be.instanceOf(SluiceError).and.to.have.property('code', 'UNAUTHENTICATED');
    const { message } = error as SluiceError;
    expect(message).not.to.contain((sent.secret ?? SECRET).slice(6) || '-');
    return message;
  }
  throw new Error('It was accepted.');
}

describe('the signature of a message', () => {
  describe('by Standard Webhooks', () => {
    const plan = signature('scheme: standard-webhooks, secret: "{{ connection.secret }}"');
    const signed = (secret = SECRET, at = NOW, body = BODY): string =>
      new Webhook(secret).sign('msg_1', new Date(at), body);
    const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': SECONDS, 'webhook-signature': signed() };

    it('is that of the id, the time and the body, and gives the time', () => {
      expect(check(plan, { headers })).to.equal(NOW);
      expect(check(plan, { headers, secret: SECRET.replace('whsec_', '') })).to.equal(NOW);
    });

    it('may be one of several, as while a secret is changed', () => {
      const other = signed('whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD');
      const several = { ...headers, 'webhook-signature': `${other} v1a,xyz ${signed()}` };
      expect(check(plan, { headers: several })).to.equal(NOW);
    });

    it('is refused where a header is missing, by its name', () => {
      for (const name of Object.keys(headers)) {
        expect(refusal(plan, { headers: { ...headers, [name]: '' } })).to.equal(`The header "${name}" is missing.`);
      }
    });

    it('is refused where anything that is signed is another', () => {
      const wrong = 'None of the signatures in the header "webhook-signature" fits the message.';
      expect(refusal(plan, { headers, body: BODY.replace('t1', 't2') })).to.equal(wrong);
      expect(refusal(plan, { headers: { ...headers, 'webhook-id': 'msg_2' } })).to.equal(wrong);
      expect(refusal(plan, { headers: { ...headers, 'webhook-timestamp': String(NOW / 1000 + 1) } })).to.equal(wrong);
      expect(refusal(plan, { headers: { ...headers, 'webhook-signature': signed().replace('v1,', '') } })).to.equal(
        wrong,
      );
      expect(refusal(plan, { headers: { ...headers, 'webhook-signature': 'v1,' } })).to.equal(wrong);
      expect(refusal(plan, { headers, secret: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD' })).to.equal(wrong);
    });

    it('is refused where it is older than the tolerance, or of the future', () => {
      for (const at of [NOW - 301_000, NOW + 301_000]) {
        const stale = { ...headers, 'webhook-timestamp': String(at / 1000), 'webhook-signature': signed(SECRET, at) };
        expect(refusal(plan, { headers: stale })).to.equal(
          `The message was sent at ${new Date(at).toISOString()}, and it is 2026-01-31T12:00:00.000Z: more than 300 s lie between. Sign it again.`,
        );
      }
      expect(check(plan, { headers, now: NOW + 300_000 })).to.equal(NOW);
      const patient = signature('scheme: standard-webhooks, secret: "{{ connection.secret }}", tolerance: PT1H');
      expect(check(patient, { headers, now: NOW + 3_600_000 })).to.equal(NOW);
      for (const time of ['soon', '1e9', '-1', `${SECONDS}x`])
        expect(refusal(plan, { headers: { ...headers, 'webhook-timestamp': time } })).to.equal(
          'The header "webhook-timestamp" is no number of seconds.',
        );
    });

    it('is never that of an empty secret', () => {
      expect(refusal(plan, { headers, secret: '' })).to.equal('The connection has no secret to check messages with.');
      for (const secret of ['whsec_', 'whsec_!!!'])
        expect(refusal(plan, { headers, secret })).to.equal(
          'The secret in the connection is none of Standard Webhooks: "whsec_" and base64.',
        );
    });
  });

  describe('by an HMAC', () => {
    const hmac = (algorithm: string, content: string, encoding: 'hex' | 'base64' = 'hex'): string =>
      createHmac(algorithm, SECRET).update(content).digest(encoding);

    it('is of the body, in hex or base64', () => {
      for (const algorithm of ['sha1', 'sha256', 'sha512']) {
        for (const encoding of ['hex', 'base64'] as const) {
          const plan = signature(
            `algorithm: hmac-${algorithm}, encoding: ${encoding}, secret: "{{ connection.secret }}", value: "{{ request.headers.x-signature }}"`,
          );
          expect(check(plan, { headers: { 'x-signature': hmac(algorithm, BODY, encoding) } })).to.equal(undefined);
          const wrong = 'No signature of the message fits it.';
          expect(
            refusal(plan, { headers: { 'x-signature': hmac(algorithm, BODY, encoding) }, body: `${BODY} ` }),
          ).to.equal(wrong);
          expect(refusal(plan, { headers: { 'x-signature': hmac(algorithm, BODY, encoding).slice(0, -4) } })).to.equal(
            wrong,
          );
          expect(refusal(plan, { headers: { 'x-signature': 'é' } })).to.equal(wrong);
          expect(refusal(plan, { headers: {} })).to.contain('The signature of the message is missing');
          expect(refusal(plan, { headers: { 'x-signature': '' } })).to.equal(
            'The signature of the message is missing.',
          );
        }
      }
    });

    it('may be of a content with its time in it, as of Slack', () => {
      const plan = signature(
        'algorithm: hmac-sha256, secret: "{{ connection.secret }}", value: ["{{ request.headers.x-old }}", "{{ request.headers.x-signature }}"], signedContent: "v0:{{ request.headers.x-time }}:{{ request.rawBody }}", timestamp: "{{ request.headers.x-time }}"',
      );
      const sent = (time: string) => ({
        'x-old': '00',
        'x-time': time,
        'x-signature': hmac('sha256', `v0:${time}:${BODY}`),
      });
      expect(check(plan, { headers: sent(SECONDS) })).to.equal(NOW);
      expect(check(plan, { headers: sent('2026-01-31T13:00:00+01:00') })).to.equal(NOW);
      expect(refusal(plan, { headers: sent('1') })).to.contain('The message was sent at 1970-01-01T00:00:01.000Z');
      expect(refusal(plan, { headers: sent('yesterday') })).to.equal(
        'The timestamp of the message is neither a number of seconds nor of RFC 3339.',
      );
    });
  });

  it('by Ed25519 is checked with a public key, in its encoding or as PEM', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url');
    const plan = signature(
      'algorithm: ed25519, secret: "{{ connection.secret }}", value: "{{ request.headers.x-signature }}", signedContent: "{{ request.headers.x-time }}{{ request.rawBody }}", timestamp: "{{ request.headers.x-time }}"',
    );
    const headers = {
      'x-time': SECONDS,
      'x-signature': sign(null, Buffer.from(SECONDS + BODY), privateKey).toString('hex'),
    };
    expect(check(plan, { headers, secret: raw.toString('hex') })).to.equal(NOW);
    expect(check(plan, { headers, secret: publicKey.export({ format: 'pem', type: 'spki' }).toString() })).to.equal(
      NOW,
    );
    for (const value of ['00', headers['x-signature'].replace(/^../, '00'), 'zz'])
      expect(refusal(plan, { headers: { ...headers, 'x-signature': value }, secret: raw.toString('hex') })).to.equal(
        'No signature of the message fits it.',
      );
    expect(refusal(plan, { headers, secret: 'nonsense-of-a-key' })).to.equal(
      'The secret in the connection is no public key of Ed25519, in hex or as PEM.',
    );
  });

  it('that is a plain token is compared as a whole', () => {
    const plan = signature(
      'algorithm: plain, secret: "{{ connection.secret }}", value: "{{ request.headers.x-token }}"',
    );
    expect(check(plan, { headers: { 'x-token': SECRET } })).to.equal(undefined);
    for (const token of [SECRET.slice(1), `${SECRET}x`, 'x'])
      expect(refusal(plan, { headers: { 'x-token': token } })).to.equal('No signature of the message fits it.');
    expect(refusal(plan, { headers: {} })).to.contain('The signature of the message is missing');
  });

  it('is of bytes: a body that is no UTF-8 is refused before', () => {
    expect(() => requestOf({ url: '', query: {}, headers: {}, rawBody: Buffer.from([0xe9]) })).to.throw(
      'The body is no UTF-8 text.',
    );
  });
});
