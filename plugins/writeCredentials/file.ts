import { constants } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { isJsonObject, type JsonObject } from '../../core/sdk.ts';

const PASSWORD = /^[A-Za-z0-9_-]{32}$/;

/** The password of an earlier attempt; undefined where there is no file, or it holds none that we made. */
export async function readPassword(file: string): Promise<string | undefined> {
  const text = await readOwn(file);
  const password = text === undefined ? '' : passwordIn(text);
  return PASSWORD.test(password) ? password : undefined;
}

async function readOwn(file: string): Promise<string | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: NodeJS.ErrnoException) => {
    // ELOOP: a link, which is replaced by the file.
    if (error.code === 'ENOENT' || error.code === 'ELOOP') return undefined;
    throw error;
  });
  try {
    return await handle?.readFile('utf8');
  } finally {
    await handle?.close();
  }
}

function passwordIn(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    const url = isJsonObject(value) ? value['databaseUrl'] : undefined;
    return typeof url === 'string' ? new URL(url).password : '';
  } catch {
    return '';
  }
}

/** Writes the file beside its place, readable by its owner only, and moves it there when it is on the disk. */
export async function replaceFile(file: string, value: JsonObject): Promise<void> {
  const draft = `${file}.new`;
  await rm(draft, { force: true });
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(value, undefined, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}
