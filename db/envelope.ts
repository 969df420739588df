import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D, 8.2.2): safe for 2^32 messages a key. */
const CIPHER = 'aes-256-gcm';
const VERSION = 1;
const NONCE = 12;
const TAG = 16;

/**
 * Encrypts and authenticates: one version byte, nonce, ciphertext, tag.
 * @param key 32 bytes.
 * @param context what the text belongs to and what it is. `unseal` must name the same: a value copied to another
 * row or column does not open.
 */
export function seal(key: Buffer, context: readonly string[], plaintext: Buffer): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(CIPHER, key, nonce);
  cipher.setAAD(bytesOf(context));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), nonce, body, cipher.getAuthTag()]);
}

/** The plaintext of `seal`. @throws Error where key, context or any byte differs. */
export function unseal(key: Buffer, context: readonly string[], sealed: Buffer): Buffer {
  if (sealed.length < 1 + NONCE + TAG) throw unopened(context, 'it is too short');
  if (sealed[0] !== VERSION)
    throw unopened(context, `its version is ${sealed[0]}, and ${VERSION} is the only one known`);
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(1, 1 + NONCE), { authTagLength: TAG });
  decipher.setAAD(bytesOf(context));
  decipher.setAuthTag(sealed.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(1 + NONCE, -TAG)), decipher.final()]);
  } catch {
    throw unopened(context, 'the key is another one, or the value was changed or moved');
  }
}

/** JSON keeps the parts apart: ['a', 'bc'] and ['ab', 'c'] differ. */
function bytesOf(context: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(context));
}

function unopened(context: readonly string[], reason: string): Error {
  return new Error(`The encrypted value of ${context.join(' / ')} cannot be opened: ${reason}.`);
}
