import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { SluiceError } from '../kernel/errors.ts';

export const MAX_BODY = 1024 * 1024;

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/**
 * The bytes of a body, decompressed. The limit holds for what arrives and for what comes out of it.
 * @throws SluiceError BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE (encoding), BAD_REQUEST (broken compression).
 */
export async function readBody(request: IncomingMessage, limit = MAX_BODY): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase().trim();
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > limit) throw tooLarge(limit);
  if (encoding === 'identity') return collect(request, limit);
  const decoder = DECODERS[encoding];
  if (!decoder) {
    throw new SluiceError(
      'UNSUPPORTED_MEDIA_TYPE',
      `Content-Encoding "${encoding}" is not understood; identity, gzip, deflate and br are.`,
    );
  }
  const packed = await collect(request, limit);
  const stream = decoder();
  stream.end(packed);
  try {
    return await collect(stream, limit);
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    throw new SluiceError('BAD_REQUEST', `The body is not ${encoding} data, or is cut short.`, {
      cause: error,
    });
  } finally {
    stream.destroy();
  }
}

/** Event listeners, not async iteration: this is on the way of every submission, and iteration costs it dearly. */
function collect(stream: NodeJS.ReadableStream, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (): void => {
      stream.off('data', onData);
      stream.pause();
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limit) {
        stop();
        reject(tooLarge(limit));
        return;
      }
      chunks.push(chunk);
    };
    stream.on('data', onData);
    let whole = false;
    stream.once('end', () => {
      whole = true;
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size));
    });
    stream.once('error', reject);
    stream.once('close', () => {
      // An error is costly to make, and every body is closed some time.
      if (!whole) reject(new SluiceError('BAD_REQUEST', 'The body was cut short.'));
    });
  });
}

function tooLarge(limit: number): SluiceError {
  return new SluiceError('BODY_TOO_LARGE', `The body is larger than ${limit} bytes, the most accepted here.`);
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The body as text of the accepted media type. JSON is UTF-8 (RFC 8259, 8.1).
 * @throws SluiceError UNSUPPORTED_MEDIA_TYPE, INVALID_JSON where the bytes are not UTF-8.
 */
export function decodeText(
  bytes: Buffer,
  contentType: string | undefined,
  accepted: 'json' | 'form',
): string {
  checkMediaType(contentType, accepted);
  try {
    return UTF8.decode(bytes);
  } catch (error) {
    throw new SluiceError('INVALID_JSON', 'The body is not UTF-8 text.', { cause: error });
  }
}

/** What curl says of `-d` without being told, and nothing at all, count as JSON where a route is lenient. */
export function lenientType(contentType: string | undefined): string {
  return contentType === undefined || contentType === 'application/x-www-form-urlencoded'
    ? 'application/json'
    : contentType;
}

function checkMediaType(contentType: string | undefined, accepted: 'json' | 'form'): void {
  if (contentType === 'application/json') return;
  const [type = '', ...parameters] = (contentType ?? '')
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const fits =
    accepted === 'json'
      ? type === 'application/json' || /^application\/[\w.-]+\+json$/.test(type)
      : type === 'application/x-www-form-urlencoded';
  const wanted = accepted === 'json' ? 'application/json' : 'application/x-www-form-urlencoded';
  if (!fits) {
    const seen =
      contentType === undefined
        ? 'There is no Content-Type'
        : `Content-Type "${contentType}" is not accepted here`;
    throw new SluiceError('UNSUPPORTED_MEDIA_TYPE', `${seen}; send ${wanted}.`);
  }
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice(8)
    .replaceAll('"', '');
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') {
    throw new SluiceError('UNSUPPORTED_MEDIA_TYPE', `Charset "${charset}" is not accepted; send utf-8.`);
  }
}
