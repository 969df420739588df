import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { OutgoingRequest } from './http.ts';

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials: signed, and sent as `x-amz-security-token`. */
  readonly sessionToken?: string | undefined;
}

export interface AwsSigning {
  readonly service: string;
  readonly region: string;
  /** Time of the signature, in ms since the epoch; AWS takes it for fifteen minutes. */
  readonly at: number;
  /** Says the body's SHA-256 in `x-amz-content-sha256` and signs it; true by default. */
  readonly bodyHash?: boolean;
  /** How the path is canonicalised; by the service unless it is said. */
  readonly path?: 'encodedTwice' | 'encodedOnce';
  /** Headers signed although the signer leaves their like alone, such as `user-agent`. */
  readonly alsoSigned?: ReadonlySet<string>;
}

/**
 * Signs a request with AWS Signature Version 4.
 * @returns the request's headers with `authorization`, `x-amz-date` and what else was made for the signature
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export async function signAws(
  { method, url, headers, body }: OutgoingRequest,
  { accessKeyId, secretAccessKey, sessionToken }: AwsKeys,
  signing: AwsSigning,
): Promise<Record<string, string>> {
  const { service, region, path = service === 's3' ? 'encodedOnce' : 'encodedTwice' } = signing;
  const signer = new SignatureV4({
    service,
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
    sha256: Sha256,
    uriEscapePath: path === 'encodedTwice',
    applyChecksum: signing.bodyHash ?? true,
  });
  const request = {
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: path === 'encodedTwice' ? url.pathname : encodedOnce(url.pathname),
    query: queryOf(url),
    // The vendor's host, wherever the connection goes: the one that is sent.
    headers: { host: url.host, ...headers },
    body,
  };
  const { alsoSigned } = signing;
  const signed = await signer.sign(request, {
    signingDate: new Date(signing.at),
    ...(alsoSigned ? { signableHeaders: new Set(alsoSigned) } : {}),
  });
  // The HTTP client writes the host from the URL.
  return Object.fromEntries(
    Object.entries(signed.headers).filter(([name]) => name !== 'host' || headers['host'] !== undefined),
  );
}

/** S3 decodes a path and encodes it once, strictly: an URL leaves `'()*!` and others as they are. */
function encodedOnce(path: string): string {
  return path
    .split('/')
    .map((segment) => {
      try {
        return strict(decodeURIComponent(segment));
      } catch {
        return segment;
      }
    })
    .join('/');
}

function strict(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Values by name; the signer sorts them, repeated ones too. */
function queryOf({ searchParams }: URL): Record<string, string[]> {
  return Object.fromEntries(
    [...new Set(searchParams.keys())].map((name) => [name, searchParams.getAll(name)]),
  );
}

/** Node's SHA-256 in the form that the signer takes: a hash, or an HMAC where it is given a key. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(key));
  }

  update(chunk: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(chunk));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data);
}
