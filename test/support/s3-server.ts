import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { signAws } from '../../core/kernel/aws-signature.ts';

/*
 * As much of S3 as a store of objects meets, over its real protocol: signatures that are verified by signing again,
 * listing by the bytes of keys, conditional reads and writes, uploads in parts. No server that speaks it can be had from the
 * npm registry that knows conditional writes.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 */

export const S3_KEYS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };

export interface S3Server {
  readonly url: string;
  /** A new and empty bucket. */
  bucket(): string;
  /** Puts an object as somebody else would. */
  drop(bucket: string, key: string, content: string): void;
  /** Requests so far: method, path and query. */
  readonly requests: readonly string[];
  /** Uploads in parts that were neither joined nor given up. */
  openUploads(): number;
  /** What the next requests meet in place of an answer; `undefined` answers. */
  meet(fault: ((request: string) => S3Trouble | undefined) | undefined): void;
  close(): Promise<void>;
}

/** An error of S3's, a cut connection, an answer whose body is cut, or one that is lost after the work was done. */
export type S3Trouble = { readonly status: number; readonly code: string } | 'cut' | 'cutBody' | 'lost';

interface Stored {
  readonly body: Buffer;
  readonly etag: string;
}

class S3Error extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

interface Call {
  readonly method: string;
  readonly objects: Map<string, Stored>;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string | undefined;
  readonly body: Buffer;
}

export async function startS3(): Promise<S3Server> {
  const buckets = new Map<string, Map<string, Stored>>();
  const uploads = new Map<string, Map<number, Stored>>();
  const requests: string[] = [];
  let trouble: ((request: string) => S3Trouble | undefined) | undefined;
  let count = 0;

  const answer = async (request: IncomingMessage): Promise<Reply> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url!, `http://${request.headers.host}`);
    await verify(request, url, body);
    const [, bucket = '', ...rest] = url.pathname.split('/');
    const objects = buckets.get(bucket);
    if (!objects) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist');
    const header = (name: string): string | undefined => request.headers[name] as string | undefined;
    const key = decodeURIComponent(rest.join('/'));
    const call: Call = { method: request.method!, objects, key, query: url.searchParams, header, body };
    if (key === '') return request.method === 'HEAD' ? { status: 200 } : list(call);
    return ofUpload(call, uploads) ?? ofObject(call);
  };
  const server = createServer((request, response) => {
    const said = `${request.method} ${decodeURIComponent(request.url!)}`;
    requests.push(said);
    const met = trouble?.(said);
    if (met === 'cut') return void request.socket.destroy();
    const refused = typeof met === 'object' ? Promise.reject(new S3Error(met.status, met.code, 'As the test wants it.')) : undefined;
    void (refused ?? answer(request))
      .then((reply) => (met === 'lost' ? void request.socket.destroy() : send(response, reply, met === 'cutBody')))
      .catch((error: unknown) => {
        if (!(error instanceof S3Error)) throw error;
        const text = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${error.code}</Code><Message>${error.message}</Message></Error>`;
        send(response, { status: error.status, body: request.method === 'HEAD' ? '' : text });
      });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    bucket() {
      const name = `bucket-${++count}`;
      buckets.set(name, new Map());
      return name;
    },
    drop(bucket, key, content) {
      const body = Buffer.from(content);
      buckets.get(bucket)!.set(key, { body, etag: etagOf(body) });
    },
    openUploads: () => uploads.size,
    meet: (fault) => void (trouble = fault),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function send(response: ServerResponse, { status, headers = {}, body = '' }: Reply, cut = false): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers });
  if (!cut) return void response.end(body);
  response.write(Buffer.from(body).subarray(0, Math.floor(Buffer.byteLength(body) / 2)), () => response.destroy());
}

/** @throws S3Error where the caller is not who it says, or sent something else */
async function verify(request: IncomingMessage, url: URL, body: Buffer): Promise<void> {
  const given = /Credential=([^/]+)\/\d+\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)/.exec(request.headers.authorization ?? '');
  const [, accessKeyId, region = '', names = '', signature] = given ?? [];
  if (accessKeyId !== S3_KEYS.accessKeyId) throw new S3Error(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.');
  const hash = request.headers['x-amz-content-sha256'];
  if (hash !== createHash('sha256').update(body).digest('hex')) throw new S3Error(400, 'XAmzContentSHA256Mismatch', 'The provided x-amz-content-sha256 header does not match what was computed.');
  const headers = Object.fromEntries(names.split(';').map((name) => [name, String(request.headers[name] ?? '')]));
  const [, y, m, d, rest = ''] = /^(\d{4})(\d\d)(\d\d)T(\d{6})Z$/.exec(headers['x-amz-date'] ?? '') ?? [];
  const at = Date.parse(`${y}-${m}-${d}T${rest.replace(/(..)(..)(..)/, '$1:$2:$3')}Z`);
  const signing = { service: 's3', region, at, bodyHash: false, alsoSigned: new Set(names.split(';')) };
  const own = await signAws({ method: request.method!, url, headers, body }, S3_KEYS, signing);
  if (own['authorization']?.endsWith(`Signature=${signature}`)) return;
  throw new S3Error(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match the signature you provided.');
}

function list({ objects, query }: Call): Reply {
  const prefix = query.get('prefix') ?? '';
  const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
  const limit = Number(query.get('max-keys') ?? 1000);
  const behind = [...objects.keys()]
    .filter((key) => key.startsWith(prefix) && order(key, after) > 0)
    .sort(order);
  const page = behind.slice(0, limit);
  const more = behind.length > limit && page.length > 0;
  const contents = page.map((key) => {
    const { body, etag } = objects.get(key)!;
    return `<Contents><Key>${escape(key)}</Key><Size>${body.length}</Size><ETag>${escape(etag)}</ETag></Contents>`;
  });
  const next = more ? `<NextContinuationToken>${escape(page.at(-1)!)}</NextContinuationToken>` : '';
  const text = `<ListBucketResult><IsTruncated>${more}</IsTruncated>${contents.join('')}${next}</ListBucketResult>`;
  return { status: 200, headers: { 'content-type': 'application/xml' }, body: text };
}

function ofObject({ method, objects, key, header, body }: Call): Reply {
  if (method === 'PUT') {
    put(objects, key, { body, etag: etagOf(body) }, header);
    return { status: 200, headers: { etag: etagOf(body) } };
  }
  if (method === 'DELETE') {
    objects.delete(key);
    return { status: 204 };
  }
  const found = objects.get(key);
  if (!found) throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.');
  const wanted = header('if-match');
  if (wanted !== undefined && wanted !== found.etag) throw new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
  const headers = { etag: found.etag, 'content-length': String(found.body.length) };
  return { status: 200, headers, ...(method === 'GET' ? { body: found.body } : {}) };
}

function put(objects: Map<string, Stored>, key: string, stored: Stored, header: Call['header']): void {
  if (header('if-none-match') === '*' && objects.has(key)) {
    throw new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold');
  }
  objects.set(key, stored);
}

function ofUpload({ method, objects, key, query, header, body }: Call, uploads: Map<string, Map<number, Stored>>): Reply | undefined {
  if (method === 'POST' && query.has('uploads')) {
    const id = crypto.randomUUID();
    uploads.set(id, new Map());
    return { status: 200, body: `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>` };
  }
  const id = query.get('uploadId');
  if (id === null) return undefined;
  const parts = uploads.get(id);
  if (!parts) throw new S3Error(404, 'NoSuchUpload', 'The specified upload does not exist.');
  if (method === 'PUT') {
    parts.set(Number(query.get('partNumber')), { body, etag: etagOf(body) });
    return { status: 200, headers: { etag: etagOf(body) } };
  }
  if (method === 'POST') {
    const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, number]) => parts.get(Number(number)));
    const all = named.map((part) => {
      if (!part) throw new S3Error(400, 'InvalidPart', 'One or more of the specified parts could not be found.');
      return part;
    });
    const small = all.slice(0, -1).some((part) => part.body.length < 5 * 1024 * 1024);
    if (small) throw new S3Error(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
    const etag = `"${md5(Buffer.concat(all.map((part) => Buffer.from(part.etag.slice(1, -1), 'hex'))))}-${all.length}"`;
    put(objects, key, { body: Buffer.concat(all.map((part) => part.body)), etag }, header);
    uploads.delete(id);
    return { status: 200, body: `<CompleteMultipartUploadResult><ETag>${escape(etag)}</ETag></CompleteMultipartUploadResult>` };
  }
  uploads.delete(id);
  return { status: 204 };
}

const order = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const md5 = (body: Buffer): string => createHash('md5').update(body).digest('hex');
const etagOf = (body: Buffer): string => `"${md5(body)}"`;
const escape = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
