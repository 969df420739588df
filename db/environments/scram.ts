import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/** What PostgreSQL's own clients take (SCRAM_SHA_256_DEFAULT_ITERATIONS). */
const ITERATIONS = 4096;
const SALT_BYTES = 16;

/**
 * What a server keeps of a password (RFC 5803, RFC 5802 section 3), as `ALTER ROLE ... PASSWORD` takes it: statements
 * end up in logs, and from this nobody learns the password.
 * @param password printable ASCII, so that SASLprep leaves it as it is
 */
export function scramVerifier(password: string, salt: Buffer = randomBytes(SALT_BYTES)): string {
  if (!/^[\x20-\x7e]+$/.test(password)) throw new Error('A password must be printable ASCII.');
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const keyFor = (role: string): Buffer => createHmac('sha256', salted).update(role).digest();
  const stored = createHash('sha256').update(keyFor('Client Key')).digest('base64');
  const server = keyFor('Server Key').toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored}:${server}`;
}
