import { createHmac, randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';

/** The key that wraps the data keys of tenants. */
export interface MasterKey {
  /** Follows from the key without telling it. */
  readonly id: string;
  readonly key: Buffer;
}

/** The first wraps; the others only open what they once wrapped. */
export type MasterKeys = readonly [MasterKey, ...MasterKey[]];

/**
 * The master keys as text: 32 bytes each, in hexadecimal or base64, the current one first and older ones after
 * commas or on lines of their own.
 * @param source what the text came from, for the error.
 * @throws Error that does not repeat the text.
 */
export function parseMasterKeys(text: string, source: string): MasterKeys {
  const [current, ...older] = text
    .split(/[,\s]+/)
    .filter((part) => part !== '')
    .map((part) => masterKey(decode(part, source)));
  if (!current) throw malformed(source, 'it is empty');
  return [current, ...older];
}

export function masterKey(key: Buffer): MasterKey {
  return { id: createHmac('sha256', key).update('sluice master key id').digest('hex').slice(0, 16), key };
}

/** Reads the master keys of a file, making one (mode 0600) where there is no file. */
export async function masterKeysFrom(file: string): Promise<MasterKeys> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await writeFile(draft, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flush: true });
    // Appears whole, and only where none has appeared since: data may be sealed with it already.
    await link(draft, file).catch((raced: NodeJS.ErrnoException) => {
      if (raced.code !== 'EEXIST') throw raced;
    });
    await rm(draft, { force: true });
  }
  return parseMasterKeys(await readFile(file, 'utf8'), file);
}

function decode(part: string, source: string): Buffer {
  const hex = /^[0-9a-f]{64}$/i.test(part);
  // base64 reads base64url as well, and skips what is neither.
  if (!hex && !/^[\w+/-]{43}=?$/.test(part))
    throw malformed(source, `a part of it has ${part.length} characters`);
  return Buffer.from(part, hex ? 'hex' : 'base64');
}

function malformed(source: string, seen: string): Error {
  return new Error(
    `The master key in ${source} cannot be read: ${seen}. A key is 32 bytes in base64 (44 characters) or ` +
      'hexadecimal (64), as "openssl rand -base64 32" prints it; older keys may follow after commas.',
  );
}
