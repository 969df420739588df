import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import mysql from 'mysql2/promise';

/** A MySQL-protocol server of these tests, on 127.0.0.1. */
export interface MysqlServer {
  /** Of its administrator. It stays the same over a restart. */
  readonly url: string;
  readonly pid: number;
  /** Ends it in good order; `start` brings it back with its data. */
  stop(): Promise<void>;
  /** Ends it as a power cut would end the process (SIGKILL). */
  kill(): Promise<void>;
  /** Starts it again after `stop` or `kill`. */
  start(): Promise<void>;
  /** Stops it and deletes its data. */
  remove(): Promise<void>;
}

interface Options {
  /** Each commit reaches the disk (`innodb_flush_log_at_trx_commit=1`), for tests that kill the server or measure it. */
  readonly durable?: boolean;
  /** More server settings, such as `innodb-buffer-pool-size`. */
  readonly settings?: Readonly<Record<string, string>>;
}

const SHARED = 'SLUICE_TEST_MYSQL';
const PASSWORD = randomBytes(12).toString('hex');

/** Where to look beside the PATH: distributions keep servers out of a user's. */
const PLACES = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/usr/local/mysql/bin', '/opt/homebrew/bin'];

/** Why the suites that need MySQL cannot run here, or undefined where they can. */
export function mysqlMissing(): string | undefined {
  return findServer() ? undefined : 'no mariadbd or mysqld: install mariadb-server, or put one on the PATH';
}

/** Mocha calls these two where this file is required: the processes of one run then share `mysqlServers`. */
export async function mochaGlobalSetup(): Promise<void> {
  if (process.env[SHARED]) return;
  ownFolder = await makeFolder();
  process.env[SHARED] = ownFolder;
}

export async function mochaGlobalTeardown(): Promise<void> {
  if (!ownFolder) return;
  for (const pid of pidsBelow(ownFolder)) await endProcess(pid, 'SIGKILL');
  await rm(ownFolder, { recursive: true, force: true, maxRetries: 5 });
}

let ownFolder: string | undefined;

/**
 * URLs of `count` running servers that all test files share: each uses tenants of its own and stops none of them.
 * Started when first asked for.
 */
export async function mysqlServers(count: number): Promise<readonly string[]> {
  const folder = process.env[SHARED];
  if (!folder)
    return (lone ??= startMysqlServers(Math.max(count, 3))).then((all) => urls(all).slice(0, count));
  const urlsFile = join(folder, 'urls.json');
  const first = await mkdir(join(folder, 'starting')).then(
    () => true,
    () => false,
  );
  if (first) {
    const servers = await launchAll(Math.max(count, 3), {}, folder);
    await writeFile(`${urlsFile}.new`, JSON.stringify(urls(servers)));
    await rename(`${urlsFile}.new`, urlsFile);
  }
  for (let turn = 0; turn < 600 && !existsSync(urlsFile); turn++) await pause(50);
  return (JSON.parse(await readFile(urlsFile, 'utf8')) as string[]).slice(0, count);
}

let lone: Promise<readonly MysqlServer[]> | undefined;
const urls = (servers: readonly MysqlServer[]): string[] => servers.map(({ url }) => url);

/** Private servers, for a test that stops or kills them. Whatever is left of them ends with this process. */
export async function startMysqlServers(
  count: number,
  options: Options = {},
): Promise<readonly MysqlServer[]> {
  const folder = await makeFolder();
  process.once('exit', () => {
    for (const pid of pidsBelow(folder)) killNow(pid);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return launchAll(count, options, folder);
}

async function launchAll(count: number, options: Options, folder: string): Promise<readonly MysqlServer[]> {
  const program = findServer();
  if (!program) throw new Error(`MySQL servers cannot be started: ${mysqlMissing()}.`);
  const template = join(folder, 'template');
  await initialise(program, template);
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const home = join(folder, `server-${index}`);
      await mkdir(home, { mode: 0o700 });
      await giveAway(home);
      await cp(template, join(home, 'data'), { recursive: true });
      await giveAway(join(home, 'data'), true);
      return launch(program, home, options);
    }),
  );
}

interface Program {
  readonly path: string;
  readonly kind: 'mariadb' | 'mysql';
}

function findServer(): Program | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...PLACES];
  const path = ['mariadbd', 'mysqld']
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find(existsSync);
  if (!path) return undefined;
  const version = execFileSync(path, ['--no-defaults', '--version'], { encoding: 'utf8' });
  return { path, kind: version.includes('MariaDB') ? 'mariadb' : 'mysql' };
}

/** Servers refuse to run as root; the user `mysql` comes with their package. */
function account(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const found = ['mysql', 'nobody']
    .map((name) => lines.find((line) => line.startsWith(`${name}:`)))
    .find(Boolean);
  const [, , uid, gid] = (found ?? '').split(':').map(Number);
  if (!uid || gid === undefined)
    throw new Error('There is no user "mysql" or "nobody" to run MySQL servers as.');
  return { uid, gid };
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-mysql-'));
  await chmod(folder, 0o711);
  return folder;
}

async function giveAway(path: string, below = false): Promise<void> {
  const user = account();
  if (!user) return;
  const paths = below ? readdirSync(path, { recursive: true, encoding: 'utf8' }) : [];
  for (const name of ['', ...paths]) await chown(join(path, name), user.uid, user.gid);
}

/** An empty data folder that each server gets a copy of. */
async function initialise({ path, kind }: Program, template: string): Promise<void> {
  const user = account();
  await mkdir(template, { mode: 0o700 });
  await giveAway(template);
  const common = ['--no-defaults', `--datadir=${template}`];
  const owner = user ? [`--user=${ownerName(user.uid)}`] : [];
  if (kind === 'mysql') {
    await run(path, [...common, ...owner, '--initialize-insecure']);
    return;
  }
  const install = findInstaller();
  const small = ['--innodb-log-file-size=8M', '--innodb-flush-method=nosync'];
  await run(install, [
    ...common,
    ...owner,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    ...small,
  ]);
}

function findInstaller(): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...PLACES, '/usr/bin'];
  const names = ['mariadb-install-db', 'mysql_install_db'];
  const path = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
  if (!path) throw new Error('mariadb-install-db was not found on the PATH, though mariadbd was.');
  return path;
}

function ownerName(uid: number): string {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => Number(entry.split(':')[2]) === uid);
  return line?.split(':')[0] ?? String(uid);
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise<number | null>((settle, fail) => {
    child.once('error', fail);
    child.once('close', settle);
  });
  if (code !== 0) throw new Error(`${program} failed (exit ${code}):\n${said.trim()}`);
}

/** Settings that nothing of ours may rely on are odd on purpose: character set, SQL mode and time zone. */
const SETTINGS: Readonly<Record<string, string>> = {
  'bind-address': '127.0.0.1',
  'skip-name-resolve': 'ON',
  'performance-schema': 'OFF',
  'max-connections': '300',
  'innodb-buffer-pool-size': '64M',
  'character-set-server': 'latin1',
  'sql-mode': '',
  'default-time-zone': '+05:30',
};

const DURABLE = { 'innodb-flush-log-at-trx-commit': '1' };
const QUICK = { 'innodb-flush-log-at-trx-commit': '0', 'innodb-doublewrite': '0' };

async function launch(program: Program, home: string, options: Options): Promise<MysqlServer> {
  const init = join(home, 'init.sql');
  await writeFile(init, administrator(program.kind), { mode: 0o644 });
  await mkdir(join(home, 'tmp'));
  await giveAway(home, true);
  const settings = { ...SETTINGS, ...(options.durable ? DURABLE : QUICK), ...options.settings };
  let child: ChildProcess;
  let port = await freePort();
  const url = (): string => `mysql://root:${PASSWORD}@127.0.0.1:${port}`;
  const start = async (): Promise<void> => {
    child = spawnServer(program, home, { ...settings, port: String(port), 'init-file': init });
    await untilReady(url(), child, join(home, 'log'));
  };
  // Another process may take the port first.
  for (let attempt = 1; ; attempt++) {
    const failure = await start().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined) break;
    if (attempt === 3) throw failure;
    port = await freePort();
  }
  const end = (signal: NodeJS.Signals): Promise<void> => endProcess(child.pid ?? 0, signal);
  return {
    url: url(),
    get pid() {
      return child.pid ?? 0;
    },
    start,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async remove() {
      await end('SIGKILL');
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** One statement a line, as an init file wants it. It runs at each start. */
function administrator(kind: Program['kind']): string {
  const others = "'root'@'localhost', 'root'@'127.0.0.1', 'root'@'::1'";
  return [
    `CREATE USER IF NOT EXISTS 'root'@'%' IDENTIFIED BY '${PASSWORD}';`,
    "GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;",
    // The more exact name would win, and has no password.
    `DROP USER IF EXISTS ${kind === 'mariadb' ? others : "'root'@'localhost'"};`,
    '',
  ].join('\n');
}

function spawnServer(
  { path, kind }: Program,
  home: string,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const log = openSync(join(home, 'log'), 'a', 0o644);
  const files = {
    datadir: join(home, 'data'),
    // At its start a server removes from here what looks like a dead one's leftovers: servers must not share it.
    tmpdir: join(home, 'tmp'),
    socket: join(home, 'sock'),
    'pid-file': join(home, 'pid'),
  };
  const flags = Object.entries({ ...files, ...settings }).map(([name, value]) => `--${name}=${value}`);
  // MySQL writes a binary log unless told not to, and listens for its X protocol.
  const quiet = kind === 'mysql' ? ['--disable-log-bin', '--mysqlx=OFF'] : ['--skip-log-bin'];
  try {
    const options = { cwd: '/', detached: true, stdio: ['ignore' as const, log, log], ...account() };
    const child = spawn(path, ['--no-defaults', ...flags, ...quiet], options);
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
}

async function untilReady(url: string, child: ChildProcess, log: string): Promise<void> {
  let last: unknown;
  for (let turn = 0; turn < 1500; turn++) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    try {
      await (await mysql.createConnection({ uri: url, connectTimeout: 1000 })).end();
      return;
    } catch (error) {
      last = error;
    }
    await pause(20);
  }
  throw new Error(`A MySQL server did not start:\n${await readFile(log, 'utf8')}`, { cause: last });
}

async function endProcess(pid: number, signal: NodeJS.Signals): Promise<void> {
  if (pid === 0) return;
  for (let turn = 0; turn < 1500 && isAlive(pid); turn++) {
    if (turn === 0 || turn === 1000) process.kill(pid, turn === 0 ? signal : 'SIGKILL');
    await pause(10);
  }
}

/** A process that ended and was not yet asked for (a zombie) is not alive. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(
      existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : '',
    );
  } catch {
    return false;
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

function pidsBelow(folder: string): readonly number[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map((name) => join(folder, name, 'pid'))
    .filter((file) => existsSync(file))
    .map((file) => Number(readFileSync(file, 'utf8').trim()))
    .filter((pid) => pid > 1 && commandOf(pid).includes(folder));
}

/** A pid file outlives a killed server, and its number may be another process's by now. */
function commandOf(pid: number): string {
  try {
    return existsSync(`/proc/${pid}/cmdline`)
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      : execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
