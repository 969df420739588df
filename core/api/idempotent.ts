import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { inProgress, repetition } from '../domains/forms/submit.ts';
import { SluiceError } from '../kernel/errors.ts';
import type { IdempotencyClaim, RecordedAnswer } from '../kernel/stores/idempotency.ts';
import type { Stores } from '../kernel/stores/stores.ts';
import type { Reply } from './route.ts';

/**
 * What a request's Idempotency-Key claims. `path` is the concrete one, so that a key counts for one form's responses and not
 * another's.
 */
export function claimOf(
  header: string | string[] | undefined,
  method: string,
  path: string,
  body: Buffer,
): IdempotencyClaim | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(header)) {
    throw new SluiceError(
      'BAD_REQUEST',
      'The Idempotency-Key must be 1 to 255 visible ASCII characters, a UUID for example.',
    );
  }
  return { route: `${method} ${path}`, key: header, bodyHash: createHash('sha256').update(body).digest() };
}

/**
 * Answers a request under its key, in the transaction of what it does: the first answer is recorded with its effect, and given
 * again to whoever repeats the request. What is refused leaves the key free.
 * @param seal the credential that alone may read the answer again, where it holds a secret
 */
export async function underKey(
  stores: Stores,
  tenantId: string,
  claim: IdempotencyClaim,
  seal: string | undefined,
  handle: () => Promise<Reply>,
): Promise<Reply> {
  const before = await stores.idempotency.claim(tenantId, claim);
  if (before === 'busy') throw inProgress(claim.key);
  if (before !== 'free') {
    const answer = repetition(claim, before);
    return replyOf(seal === undefined ? answer : { ...answer, body: unseal(seal, claim, answer.body) });
  }
  const reply = await handle();
  const body = JSON.stringify('body' in reply ? (reply.body ?? null) : null);
  await stores.idempotency.record(tenantId, claim, {
    status: reply.status,
    ...(reply.headers && { headers: reply.headers }),
    body: seal === undefined ? body : sealed(seal, body),
  });
  return reply;
}

/** The recorded answer, marked as such. */
export function replyOf({ status, headers, body }: RecordedAnswer): Reply {
  return {
    status,
    text: body,
    type: 'application/json; charset=utf-8',
    headers: { ...headers, 'Idempotency-Replayed': 'true' },
  };
}

/**
 * Answers that show a secret once are kept under a key derived from the caller's own credential, which is not in the database:
 * repeating the request works, reading the table does not. AES-256-GCM.
 */
function sealed(credential: string, body: string): string {
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', keyOf(credential, salt), nonce);
  const bytes = Buffer.concat([cipher.update(body, 'utf8'), cipher.final()]);
  return JSON.stringify({
    sealed: Buffer.concat([salt, nonce, cipher.getAuthTag(), bytes]).toString('base64'),
  });
}

function unseal(credential: string, claim: IdempotencyClaim, body: string): string {
  const { sealed } = JSON.parse(body) as { sealed: string };
  const bytes = Buffer.from(sealed, 'base64');
  const decipher = createDecipheriv(
    'aes-256-gcm',
    keyOf(credential, bytes.subarray(0, 16)),
    bytes.subarray(16, 28),
  );
  decipher.setAuthTag(bytes.subarray(28, 44));
  try {
    return decipher.update(bytes.subarray(44), undefined, 'utf8') + decipher.final('utf8');
  } catch (error) {
    throw new SluiceError(
      'IDEMPOTENCY_MISMATCH',
      `The Idempotency-Key "${claim.key}" was used by another API key, and its answer holds a secret that only that one may see again.`,
      { cause: error },
    );
  }
}

function keyOf(credential: string, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', credential, salt, 'sluice idempotent answer', 32));
}
