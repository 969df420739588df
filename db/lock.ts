import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lookUpProcess } from './process.ts';

interface Holder {
  readonly pid: number;
  /** See ProcessFacts: a pid may be another process by now. */
  readonly started?: string | undefined;
}

/**
 * Takes a folder for this process alone; returns what gives it back. A lock whose holder died is taken over.
 * @throws Error naming the holder's pid where it lives.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const lock = join(folder, 'owner.lock');
  const mine = `${lock}.${randomBytes(6).toString('hex')}`;
  const started = (await lookUpProcess(process.pid))?.started;
  const text = JSON.stringify({ pid: process.pid, started } satisfies Holder);
  await writeFile(mine, text, { mode: 0o600 });
  try {
    // Each turn either ends, or saw another process change the lock.
    while (!(await place(mine, lock))) {
      const held = await read(lock);
      const holder = parse(held);
      if (holder && (await lives(holder))) throw refusal(folder, holder.pid);
      if (held !== undefined && (await takeOver(mine, lock, held))) break;
    }
  } finally {
    await rm(mine, { force: true });
  }
  return async () => {
    if ((await read(lock)) === text) await rm(lock, { force: true });
  };
}

function refusal(folder: string, pid: number): Error {
  return new Error(
    `The data folder ${folder} is in use by process ${pid}, and one process owns a data folder. Stop that one ` +
      'first, name another folder in SLUICE_DATA_DIR, or, to run several processes on one database, give them all ' +
      'a PostgreSQL server in SLUICE_DATABASE_URL.',
  );
}

/** Links the file under the lock's name, which fails where there is one: the name and its content appear at once. */
async function place(mine: string, lock: string): Promise<boolean> {
  try {
    await link(mine, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Puts our lock in the place of a dead holder's. Two that saw the same corpse must not both succeed: only the one
 * that gets the inheritance file goes on, and looks again before it does.
 */
async function takeOver(mine: string, lock: string, corpse: string): Promise<boolean> {
  const inheritance = `${lock}.inherit`;
  if (!(await place(mine, inheritance))) {
    const heir = parse(await read(inheritance));
    if (!heir || !(await lives(heir))) await rm(inheritance, { force: true });
    return false;
  }
  try {
    if ((await read(lock)) !== corpse) return false;
    await rename(mine, lock);
    return true;
  } finally {
    await rm(inheritance, { force: true });
  }
}

async function lives(holder: Holder): Promise<boolean> {
  const facts = await lookUpProcess(holder.pid);
  if (!facts) return false;
  return holder.started === undefined || facts.started === undefined || facts.started === holder.started;
}

async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** An unreadable lock is nobody's: ours appear with their content. */
function parse(text: string | undefined): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (typeof value !== 'object' || value === null || !('pid' in value)) return undefined;
    return Number.isInteger(value.pid) && Number(value.pid) > 0 ? (value as Holder) : undefined;
  } catch {
    return undefined;
  }
}
