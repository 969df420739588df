import { createHash, createHmac } from 'node:crypto';

/** A request in the parts that Signature Version 4 speaks of. */
export interface ReferenceRequest {
  readonly method: string;
  /** Of the path, as they stand on the wire. */
  readonly segments: readonly string[];
  /** Names and values in the clear, in any order. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** What was sent, `authorization` too: it says which headers are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** How often the path is encoded in all: once for S3, twice for the others. */
  readonly encodings: 1 | 2;
  readonly scope: string;
  readonly secret: string;
}

/**
 * The signature by AWS's description of the algorithm, written for the tests from that description alone.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function referenceSignature(request: ReferenceRequest): string {
  const date = request.headers['x-amz-date'] ?? '';
  const text = ['AWS4-HMAC-SHA256', date, request.scope, sha256(canonicalRequest(request))].join('\n');
  const key = request.scope
    .split('/')
    .reduce((secret: Buffer, part) => hmac(secret, part), Buffer.from(`AWS4${request.secret}`));
  return hmac(key, text).toString('hex');
}

function canonicalRequest({ method, segments, query, headers, encodings }: ReferenceRequest): string {
  const [, signed = ''] = /SignedHeaders=([^,]+)/.exec(headers['authorization'] ?? '') ?? [];
  return [
    method,
    `/${segments.map((segment) => uriEncode(encodings === 1 ? decodeURIComponent(segment) : segment)).join('/')}`,
    query
      .map(([name, value]) => [uriEncode(name), uriEncode(value)] as const)
      .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
      .map((pair) => pair.join('='))
      .join('&'),
    ...signed.split(';').map((name) => `${name}:${(headers[name] ?? '').trim()}`),
    '',
    signed,
    headers['x-amz-content-sha256'],
  ].join('\n');
}

/** UriEncode of the description: every byte but the unreserved characters of RFC 3986, in upper-case hexadecimal. */
function uriEncode(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9\-._~]/.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
