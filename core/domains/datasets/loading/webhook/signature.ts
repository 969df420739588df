import { createHmac, createPublicKey, hash, timingSafeEqual, verify, type KeyObject } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { SluiceError, StepFault } from '../../../../kernel/errors.ts';
import type { Json } from '../../../../kernel/json.ts';
import { ABSENT, type Evaluator, type Scope } from '../../../../language/evaluator.ts';
import type { SignaturePlan, WebhookRequest } from '../../../../language/plan-dataset.ts';

type StandardPlan = Extract<SignaturePlan, { scheme: 'standard-webhooks' }>;
type PlanByHand = Exclude<SignaturePlan, StandardPlan>;

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

/**
 * Checks who sent a message.
 * @param scope with `request`, and `connection` for the secret
 * @param now ms since the epoch
 * @returns when it was sent, in ms since the epoch, where the signature vouches for that
 * @throws SluiceError UNAUTHENTICATED saying what is missing or does not fit, and nothing of the secret
 */
export function checkSignature(
  plan: SignaturePlan,
  scope: Scope,
  request: WebhookRequest,
  now: number,
): number | undefined {
  const secret = secretOf(plan.secret, scope);
  return plan.scheme === 'standard-webhooks'
    ? checkStandard(plan, secret, request, now)
    : checkByHand(plan, secret, scope, now);
}

/** Source: https://github.com/standard-webhooks/standard-webhooks, "Verifying webhook authenticity". */
function checkStandard(
  { toleranceMs }: StandardPlan,
  secret: string,
  { headers, rawBody }: WebhookRequest,
  now: number,
): number {
  const id = header(headers, 'webhook-id');
  const seconds = header(headers, 'webhook-timestamp');
  const given = header(headers, 'webhook-signature').split(' ');
  if (!/^\d{1,12}$/.test(seconds)) throw refused(`The header "webhook-timestamp" is no number of seconds.`);
  const sentAt = Number(seconds) * 1000;
  checkAge(sentAt, toleranceMs, now);
  // The package's own check goes by the clock of the host, and by five minutes.
  const expected = standardSigner(secret).sign(id, new Date(sentAt), rawBody);
  if (!given.some((signature) => isSame(signature, expected)))
    throw refused('None of the signatures in the header "webhook-signature" fits the message.');
  return sentAt;
}

function standardSigner(secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch {
    throw refused('The secret in the connection is none of Standard Webhooks: "whsec_" and base64.');
  }
}

function checkByHand(plan: PlanByHand, secret: string, scope: Scope, now: number): number | undefined {
  const given = signaturesOf(part('signature', plan.value, scope));
  const sentAt = plan.timestamp ? timeOf(part('timestamp', plan.timestamp, scope)) : undefined;
  if (sentAt !== undefined) checkAge(sentAt, plan.toleranceMs, now);
  const signed = Buffer.from(textOf('signed content', part('signed content', plan.signedContent, scope)));
  if (!given.some(fits(plan, secret, signed))) throw refused('No signature of the message fits it.');
  return sentAt;
}

function fits({ scheme, encoding }: PlanByHand, secret: string, signed: Uint8Array): (signature: string) => boolean {
  if (scheme === 'plain') return (token) => isSame(token, secret);
  if (scheme === 'ed25519') {
    const key = publicKeyOf(secret, encoding);
    return (signature) => verify(null, signed, key, Buffer.from(signature, encoding));
  }
  const expected = createHmac(scheme.slice('hmac-'.length), secret).update(signed).digest();
  return (signature) => {
    const bytes = Buffer.from(signature, encoding);
    return bytes.length === expected.length && timingSafeEqual(bytes, expected);
  };
}

/** Of a PEM, or of the 32 bytes of the key. */
function publicKeyOf(secret: string, encoding: 'hex' | 'base64'): KeyObject {
  try {
    if (secret.includes('-----BEGIN')) return createPublicKey(secret);
    const x = Buffer.from(secret, encoding).toString('base64url');
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  } catch {
    throw refused(`The secret in the connection is no public key of Ed25519, in ${encoding} or as PEM.`);
  }
}

/** Compares what has no fixed length, in a time that does not tell how much of it fits. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', expected, 'buffer'));
}

function secretOf(secret: Evaluator, scope: Scope): string {
  const value = part('secret', secret, scope);
  if (typeof value === 'string' && value !== '') return value;
  throw refused('The connection has no secret to check messages with.');
}

/** A value that a template takes out of the request. A miss there is the sender's, and the expression says of what. */
function part(name: string, evaluate: Evaluator, scope: Scope): Json {
  try {
    const value = evaluate(scope);
    if (value !== ABSENT && value !== null) return value;
  } catch (error) {
    if (!(error instanceof StepFault)) throw error;
    throw refused(`The ${name} of the message is missing: ${error.message}`);
  }
  throw refused(`The ${name} of the message is missing.`);
}

function signaturesOf(value: Json): string[] {
  const given = (Array.isArray(value) ? value : [value]).filter(
    (one): one is string => typeof one === 'string' && one !== '',
  );
  if (given.length === 0) throw refused('The signature of the message is missing.');
  return given;
}

function textOf(name: string, value: Json): string {
  if (typeof value === 'string') return value;
  throw refused(`The ${name} of the message is no text.`);
}

function timeOf(value: Json): number {
  const text = typeof value === 'number' ? String(value) : textOf('timestamp', value);
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1000;
  const time = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw refused('The timestamp of the message is neither a number of seconds nor of RFC 3339.');
  return time;
}

function checkAge(sentAt: number, toleranceMs: number, now: number): void {
  if (Math.abs(now - sentAt) <= toleranceMs) return;
  const sent = Math.abs(sentAt) <= 8.64e15 ? new Date(sentAt).toISOString() : 'at no time';
  throw refused(
    `The message was sent at ${sent}, and it is ${new Date(now).toISOString()}: more than ${toleranceMs / 1000} s lie between. Sign it again.`,
  );
}

function header(headers: WebhookRequest['headers'], name: string): string {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  if (value !== undefined && value !== '') return value;
  throw refused(`The header "${name}" is missing.`);
}

function refused(detail: string): SluiceError {
  return new SluiceError('UNAUTHENTICATED', detail);
}
