import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { chooseAccount, type Account, type User } from './embedded/account.ts';
import { findBinaries, type Binaries } from './embedded/binaries.ts';
import { disownPidFile, lastPort, readPostmaster, serves, untilGone, untilReady } from './embedded/postmaster.ts';
import { lockFolder } from './lock.ts';

/** A PostgreSQL server of our own, listening on 127.0.0.1. */
export interface Embedded {
  /** Of the database `sluice`, as its superuser. The port is the last start's, unless somebody took it since. */
  readonly url: string;
  /** True where the server was found running: the process that started it was killed. */
  readonly adopted: boolean;
  /** Process id of the server. */
  readonly pid: number;
  /** Stops the server, cutting connections that are left, and gives the folder back. */
  stop(): Promise<void>;
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '128MB',
  fsync: 'on',
  synchronous_commit: 'on',
  log_min_messages: 'warning',
  log_timezone: 'UTC',
  timezone: 'UTC',
};

const ROLE = 'sluice';

/** All that a start needs to know. */
interface Site {
  readonly binaries: Binaries;
  readonly account: Account;
  readonly cluster: string;
  readonly log: string;
  readonly password: string;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * Starts the PostgreSQL of a data folder, making what is not there: `postgres/` (the cluster), `postgres.password`,
 * `postgres.log`, `owner.lock`. The server outlives this process if that is killed, and the next start adopts it.
 * @param options.settings more server settings, for tests.
 * @throws Error saying what to do where the folder is in use, or the server cannot be run here.
 */
export async function startEmbedded(options: {
  dataDir: string;
  settings?: Readonly<Record<string, string>>;
}): Promise<Embedded> {
  const folder = await makeFolder(resolve(options.dataDir));
  const unlock = await lockFolder(folder);
  try {
    const site = await prepare(folder, { ...SETTINGS, ...options.settings });
    const running = (await adopt(site)) ?? (await start(site));
    const url = urlOf(site, running.port, ROLE);
    await makeDatabase(urlOf(site, running.port, 'postgres'));
    return {
      url,
      adopted: running.child === undefined,
      pid: running.pid,
      async stop() {
        await stop(site, running);
        await unlock();
      },
    };
  } catch (error) {
    await unlock();
    throw error;
  }
}

interface Running {
  readonly pid: number;
  readonly port: number;
  /** Undefined where the server is another process's child. */
  readonly child: ChildProcess | undefined;
}

/** As root, folders we make must let the server's user pass, whatever the umask. */
async function makeFolder(folder: string): Promise<string> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first !== undefined && process.getuid?.() === 0) {
    for (let made = folder; made.length >= first.length; made = dirname(made)) await chmod(made, 0o711);
  }
  return realpath(folder);
}

async function prepare(folder: string, settings: Site['settings']): Promise<Site> {
  const cluster = join(folder, 'postgres');
  const binaries = await findBinaries();
  const owner: User | undefined = await stat(cluster).catch(() => undefined);
  const account = await chooseAccount(binaries, folder, owner);
  const password = await readPassword(join(folder, 'postgres.password'), owner !== undefined);
  const site = { binaries, account, cluster, log: join(folder, 'postgres.log'), password, settings };
  if (!owner) await initialise(site);
  return site;
}

async function readPassword(file: string, needed: boolean): Promise<string> {
  const known = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    if (!needed) return undefined;
    throw new Error(`The file ${file} is missing; without it nobody can log in to the cluster beside it.`);
  });
  if (known !== undefined) return known.trim();
  const password = randomBytes(24).toString('base64url');
  await writeFile(file, `${password}\n`, { mode: 0o600, flag: 'wx', flush: true });
  return password;
}

/** Makes the cluster beside its place and moves it there when whole: a crash leaves nothing half made. */
async function initialise({ binaries, account, cluster, password }: Site): Promise<void> {
  const draft = `${cluster}.new`;
  const passwordFile = `${draft}.password`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account.user) {
    await chown(draft, account.user.uid, account.user.gid);
    await chown(passwordFile, account.user.uid, account.user.gid);
  }
  try {
    // Text sorts by code point: the same on every system, whatever its libraries.
    const locale = ['--locale-provider=builtin', '--locale=C', '--builtin-locale=C.UTF-8', '--encoding=UTF8'];
    const login = ['-U', ROLE, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    await run(account, binaries.initdb, ['-D', draft, ...locale, ...login, '--no-instructions']);
    await rename(draft, cluster);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(draft, { recursive: true, force: true });
  }
}

/** Takes over a server that a killed process left behind. */
async function adopt(site: Site): Promise<Running | undefined> {
  const found = await readPostmaster(site.cluster);
  if (!found) return undefined;
  const alive = (): Promise<boolean> => serves(found.pid, site.cluster);
  if ((await alive()) && (await untilReady(urlOf(site, found.port, 'postgres'), alive))) {
    return { ...found, child: undefined };
  }
  await disownPidFile(site.cluster);
  return undefined;
}

async function start(site: Site): Promise<Running> {
  const deadline = Date.now() + 30_000;
  let wanted = await lastPort(site.cluster);
  for (;;) {
    const port = await freePort(wanted);
    wanted = undefined;
    const from = (await stat(site.log).catch(() => undefined))?.size ?? 0;
    const child = launch(site, port);
    const ended = new Promise<Error | undefined>((settle) => {
      child.once('error', settle);
      child.once('exit', () => settle(undefined));
    });
    let alive = true;
    void ended.then(() => (alive = false));
    if (await untilReady(urlOf(site, port, 'postgres'), async () => alive)) {
      return { pid: child.pid ?? 0, port, child };
    }
    const cause = await ended;
    const said = (await readFile(site.log, 'utf8').catch(() => '')).slice(from).trim();
    // Another process took the port since; or the last one's children are still on their way out.
    const passing = /could not bind|pre-existing shared memory/.test(said) && Date.now() < deadline;
    if (!passing)
      throw new Error(`The embedded PostgreSQL did not start (log: ${site.log}):\n${said}`, { cause });
    await pause(100);
  }
}

/** In a session of its own: a Ctrl-C at the terminal is for us, who stop the server when all else has ended. */
function launch({ account, binaries, cluster, log, settings }: Site, port: number): ChildProcess {
  const flags = Object.entries({ ...settings, port: String(port) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const output = openSync(log, 'a', 0o600);
  try {
    const stdio = ['ignore' as const, output, output];
    const child = account.spawn(binaries.postgres, ['-D', cluster, ...flags], { detached: true, stdio });
    child.unref();
    return child;
  } finally {
    closeSync(output);
  }
}

async function stop({ account, binaries, cluster }: Site, { pid, child }: Running): Promise<void> {
  const alive = async (): Promise<boolean> =>
    child ? child.exitCode === null && child.signalCode === null : serves(pid, cluster);
  if (!(await alive())) return;
  await run(account, binaries.pgCtl, [
    'stop',
    '-D',
    cluster,
    '--mode=fast',
    '--wait',
    '--timeout=120',
    '--silent',
  ]);
  await untilGone(alive);
}

/** Runs a program to its end. */
async function run(account: Account, program: string, args: readonly string[]): Promise<void> {
  const child = account.spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise<number | null>((settle, fail) => {
    child.once('error', fail);
    child.once('close', settle);
  });
  if (code !== 0) throw new Error(`${program} failed (exit ${code}):\n${said.trim()}`);
}

async function makeDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [ROLE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${ROLE}`);
  } finally {
    await client.end();
  }
}

function urlOf({ password }: Site, port: number, database: string): string {
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/${database}`;
}

/** @param wanted this one, if it is free */
async function freePort(wanted = 0): Promise<number> {
  const server = createServer();
  const listening = await new Promise<boolean>((settle) => {
    server.once('error', () => settle(false));
    server.listen(wanted, '127.0.0.1', () => settle(true));
  });
  if (!listening) return freePort();
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
