import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import { signAws } from '../../kernel/aws-signature.ts';
import { credentialsOf } from './credentials.ts';
import type { AwsCredentials } from './credentials.ts';
import { AwsError } from './errors.ts';

const SERVICE = 'cloudcontrolapi';
const SKEW_MS = 15 * 60_000;
const HOST = /^cloudcontrolapi\.([a-z0-9-]+)\.amazonaws\.com$/;

/** What an Authorization header of Signature Version 4 says. */
interface Authorization {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/**
 * Verifies a request as AWS does, by signing it again.
 * @param now in ms since the epoch
 * @returns the region that was called
 * @throws AwsError
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
 */
export async function verifySignature(req: Request, now: number): Promise<string> {
  const header = req.get('authorization');
  if (header === undefined)
    throw new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  const given = parse(header);
  const at = signedAt(req, given);
  const credentials = credentialsOf(given.accessKeyId);
  if (!credentials || credentials.sessionToken !== req.get('x-amz-security-token')) {
    throw new AwsError(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    );
  }
  checkScope(given, req);
  checkTime(at, now);
  checkHeaders(given, req);
  await checkSignature(given, req, credentials, at);
  return given.region;
}

/** The host's region, if it is the service's own host. */
export function regionOfHost(host: string): string | undefined {
  return HOST.exec(host)?.[1];
}

function parse(header: string): Authorization {
  const part = (name: string): string => {
    const [, value] = new RegExp(`[ ,]${name}=([^, ]+)`).exec(header) ?? [];
    if (value !== undefined) return value;
    throw incomplete(`Authorization header requires '${name}' parameter.`);
  };
  if (!header.startsWith('AWS4-HMAC-SHA256 '))
    throw incomplete(`Unsupported AWS 'algorithm': '${header.split(' ')[0]}'.`);
  const [accessKeyId = '', date = '', region = '', service = '', end = '', ...more] =
    part('Credential').split('/');
  if (end !== 'aws4_request' || more.length > 0)
    throw incomplete(
      'Credential must have exactly 5 slash-delimited elements, the last of which is aws4_request.',
    );
  return {
    accessKeyId,
    date,
    region,
    service,
    signedHeaders: part('SignedHeaders').toLowerCase().split(';'),
    signature: part('Signature'),
  };
}

function incomplete(message: string): AwsError {
  return new AwsError('IncompleteSignatureException', message);
}

function invalid(message: string): AwsError {
  return new AwsError('InvalidSignatureException', message);
}

function signedAt(req: Request, { date }: Authorization): number {
  const text = req.get('x-amz-date') ?? '';
  const [, y, m, d, h, min, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  const at = Date.parse(`${y}-${m}-${d}T${h}:${min}:${s}Z`);
  if (Number.isNaN(at))
    throw incomplete("Authorization header requires existence of a valid 'X-Amz-Date' header.");
  if (!text.startsWith(date)) {
    throw invalid(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}' != '${text.slice(0, 8)}', from '${text}'.`,
    );
  }
  return at;
}

function checkScope({ region, service }: Authorization, req: Request): void {
  const called = regionOfHost(req.hostname);
  if (!/^[a-z]{2}(?:-[a-z]+)+-\d$/.test(region) || (called !== undefined && called !== region))
    throw invalid(`Credential should be scoped to a valid region, not '${region}'. `);
  if (service !== SERVICE) throw invalid(`Credential should be scoped to correct service: '${SERVICE}'. `);
}

function checkTime(at: number, now: number): void {
  const [signed, here] = [stamp(at), stamp(now)];
  if (at < now - SKEW_MS)
    throw invalid(
      `Signature expired: ${signed} is now earlier than ${stamp(now - SKEW_MS)} (${here} - 15 min.)`,
    );
  if (at > now + SKEW_MS)
    throw invalid(
      `Signature not yet current: ${signed} is still later than ${stamp(now + SKEW_MS)} (${here} + 15 min.)`,
    );
}

function checkHeaders({ signedHeaders }: Authorization, req: Request): void {
  const sent = Object.keys(req.headers).filter((name) => name.startsWith('x-amz-'));
  const unsigned = ['host', ...sent].filter((name) => !signedHeaders.includes(name));
  if (unsigned.length > 0)
    throw invalid(`'${unsigned.join("', '")}' must be a 'SignedHeader' in the AWS Authorization.`);
  const hash = req.get('x-amz-content-sha256');
  if (hash !== undefined && hash !== createHash('sha256').update(bodyOf(req)).digest('hex'))
    throw invalid("The provided 'x-amz-content-sha256' header does not match what was computed.");
}

async function checkSignature(
  { signature, signedHeaders, region, service }: Authorization,
  req: Request,
  credentials: AwsCredentials,
  at: number,
): Promise<void> {
  const headers = Object.fromEntries(signedHeaders.map((name) => [name, req.get(name) ?? '']));
  const url = new URL(req.originalUrl, `https://${req.get('host')}`);
  const own = await signAws({ method: req.method, url, headers, body: bodyOf(req) }, credentials, {
    service,
    region,
    at,
    bodyHash: false,
    alsoSigned: new Set(signedHeaders),
  });
  const [expected, received] = [
    /Signature=(\w+)$/.exec(own['authorization'] ?? '')?.[1] ?? '',
    signature,
  ].map((text) => Buffer.from(text)) as [Buffer, Buffer];
  if (expected.length === received.length && timingSafeEqual(expected, received)) return;
  throw invalid(
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  );
}

export function bodyOf(req: Request): Buffer {
  return Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
}

function stamp(time: number): string {
  return new Date(time).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}
