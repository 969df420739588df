import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Reads a secret from its file, or makes one where there is no file (mode 0600). Processes that start together agree on
 * one: the file appears whole, and only where none has appeared since.
 */
export async function secretFrom(file: string, prefix: string): Promise<{ value: string; made: boolean }> {
  const known = await read(file);
  if (known !== undefined) return { value: known, made: false };
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${prefix}${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flush: true });
  const made = await link(draft, file).then(
    () => true,
    (raced: NodeJS.ErrnoException) => {
      if (raced.code !== 'EEXIST') throw raced;
      return false;
    },
  );
  await rm(draft, { force: true });
  return { value: (await read(file))!, made };
}

async function read(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
