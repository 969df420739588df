import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isContested } from './faults.ts';

/** All parts but the last have this size, whoever puts them, so that the same content has the same etag. */
const PART = 8 * 1024 * 1024;

/** How often a write that another one has disturbed is sent again. */
const ATTEMPTS = 5;

export interface Target {
  readonly Bucket: string;
  readonly Key: string;
}

export interface Put {
  readonly etag: string | undefined;
  readonly size: number;
}

/** Writes an object as a whole: in one request, or in parts that are joined at the end. */
export async function upload(
  client: S3Client,
  target: Target,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  ifAbsent: boolean,
): Promise<Put> {
  const condition = ifAbsent ? { IfNoneMatch: '*' } : {};
  const parts = inParts(content)[Symbol.asyncIterator]();
  const first = await parts.next();
  const body = first.done ? Buffer.alloc(0) : first.value;
  const second = first.done ? first : await parts.next();
  if (second.done) {
    const { ETag } = await contested(() => client.send(new PutObjectCommand({ ...target, ...condition, Body: body })));
    return { etag: ETag, size: body.length };
  }
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(target));
  const done: CompletedPart[] = [];
  let size = 0;
  const send = async (part: Buffer): Promise<void> => {
    const PartNumber = done.length + 1;
    const { ETag } = await client.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body: part }));
    done.push({ PartNumber, ETag });
    size += part.length;
  };
  try {
    await send(body);
    for (let next: IteratorResult<Buffer> = second; !next.done; next = await parts.next()) await send(next.value);
    const joined = { ...target, ...condition, UploadId, MultipartUpload: { Parts: done } };
    const { ETag } = await contested(() => client.send(new CompleteMultipartUploadCommand(joined)));
    return { etag: ETag, size };
  } catch (error) {
    // Parts cost money until they are joined or given up. What went wrong is worth more than that they could not be.
    await client.send(new AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => {});
    throw error;
  }
}

async function contested<T>(send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (!isContested(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

async function* inParts(content: Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of content instanceof Uint8Array ? [content] : content) {
    let rest = chunk;
    while (bytes + rest.length >= PART) {
      const cut = PART - bytes;
      yield Buffer.concat([...held, rest.subarray(0, cut)]);
      rest = rest.subarray(cut);
      held = [];
      bytes = 0;
    }
    // The writer may use its memory again.
    if (rest.length > 0) held.push(Buffer.from(rest));
    bytes += rest.length;
  }
  if (bytes > 0) yield Buffer.concat(held);
}
