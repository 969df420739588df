import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { lookUpProcess } from '../process.ts';

/** What a running server wrote about itself. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** How often a server under way is looked at, in milliseconds. */
const BEAT = 20;

/** Reads `postmaster.pid` (pid, folder, start time, port... a line each; miscadmin.h of PostgreSQL). */
export async function readPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid, , , port] = text.split('\n').map(Number);
  return pid && port ? { pid, port } : undefined;
}

/**
 * The port of the server's last start, which it is to have again: it stands in URLs that were handed out. From
 * `postmaster.opts`, the command line that a server leaves in its folder.
 */
export async function lastPort(cluster: string): Promise<number | undefined> {
  const text = await readFile(join(cluster, 'postmaster.opts'), 'utf8').catch(() => '');
  const port = Number(/"port=(\d+)"/.exec(text)?.[1]);
  return port > 0 ? port : undefined;
}

/**
 * Whether the pid is the server of this cluster. A server is started with its folder on the command line, so a pid
 * that was given to another process since, or a zombie, is told apart.
 */
export async function serves(pid: number, cluster: string): Promise<boolean> {
  const facts = await lookUpProcess(pid);
  if (!facts) return false;
  return (
    facts.command === undefined || (facts.command.includes('postgres') && facts.command.includes(cluster))
  );
}

/**
 * Makes a left-over `postmaster.pid` name a process that cannot exist. PostgreSQL refuses to start while the pid in
 * it lives, whoever that is by now. The file's other lines stay: through them a new server sees whether processes of
 * the dead one still hold its memory, which deleting the file would hide.
 */
export async function disownPidFile(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  // Beyond the largest pid of any system (Linux: 2^22).
  await writeFile(`${file}.dead`, text.replace(/^\d+/, '2147483646'));
  await rename(`${file}.dead`, file);
}

/**
 * Waits until the server takes connections. Recovery after a crash may take it minutes: it says so, and is waited
 * for as long as it lives.
 * @returns false where it ended instead.
 * @throws Error where it lets nobody in.
 */
export async function untilReady(url: string, alive: () => Promise<boolean>): Promise<boolean> {
  const silentUntil = Date.now() + 60_000;
  for (;;) {
    const failure = await tryConnect(url);
    if (!failure) return true;
    if (!(await alive())) return false;
    // 57P03: it starts, recovers or stops.
    const silent = failure.code === 'ECONNREFUSED' && Date.now() < silentUntil;
    if (!silent && failure.code !== '57P03' && failure.code !== 'ECONNRESET') {
      throw new Error(`The embedded PostgreSQL runs, but lets nobody in: ${failure.message}`, {
        cause: failure,
      });
    }
    await pause(BEAT);
  }
}

export async function untilGone(alive: () => Promise<boolean>): Promise<void> {
  while (await alive()) await pause(BEAT);
}

async function tryConnect(url: string): Promise<(Error & { code?: string }) | undefined> {
  const client = new pg.Client({ connectionString: url });
  // A server that goes away in the middle says so here as well.
  client.on('error', () => {});
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    return error as Error;
  } finally {
    await client.end().catch(() => {});
  }
}
