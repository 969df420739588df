import { randomUUID } from 'node:crypto';
import { mkdir, readdir, realpath, rm } from 'node:fs/promises';
import path from 'node:path';

/** Folders for one piece of work each, named by the process they belong to. */
export class Scratch {
  readonly #folder: string;
  #ready: Promise<string> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async use<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const parent = await (this.#ready ??= this.#prepare());
    const folder = path.join(parent, `${process.pid}-${randomUUID()}`);
    await mkdir(folder);
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  async #prepare(): Promise<string> {
    await mkdir(this.#folder, { recursive: true });
    const parent = await realpath(this.#folder);
    for (const name of await readdir(parent)) {
      const pid = /^(\d+)-[0-9a-f-]{36}$/.exec(name)?.[1];
      if (pid !== undefined && !isAlive(Number(pid))) {
        await rm(path.join(parent, name), { recursive: true, force: true });
      }
    }
    return parent;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is somebody else's.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
