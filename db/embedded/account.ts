import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { access, chmod, constants, readFile, realpath, stat } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import type { Binaries } from './binaries.ts';

/** A user of the system. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Whom the server's programs run as. */
export interface Account {
  /** Undefined: as ourselves. */
  readonly user: User | undefined;
  spawn(program: string, args: readonly string[], options: SpawnOptions): ChildProcess;
}

/** Users that own nothing else, in the order of preference. */
const NAMES = ['postgres', 'nobody', 'daemon'];

/** Keep what the environment says about other servers (PGDATA, PGOPTIONS, PGPORT...) from this one. */
const ENVIRONMENT = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' };

/**
 * PostgreSQL refuses to run as root. There it runs as a user without privileges, who has to reach its programs and
 * the folder of its cluster.
 * @param folder exists, and is ours.
 * @param owner who owns the cluster already.
 * @throws Error naming the folder that is in the way, or the missing user.
 */
export async function chooseAccount(binaries: Binaries, folder: string, owner?: User): Promise<Account> {
  if (process.getuid?.() !== 0) return accountOf(undefined, []);
  const user = owner && owner.uid !== 0 ? owner : await unprivilegedUser();
  await letPass(folder);
  for (const program of [binaries.postgres, binaries.initdb, binaries.pgCtl]) await makeExecutable(program);
  await openWay(binaries.postgres, user);
  const wanted = [folder, binaries.postgres, join(binaries.home, 'native/share/postgresql/postgres.bki')];
  const barriers = await Promise.all(wanted.map((path) => barrierTo(path, user)));
  const barrier = barriers.find((found) => found !== undefined);
  if (barrier === undefined) return accountOf(user, []);
  const setpriv = await find('setpriv');
  if (setpriv) return accountOf(user, capable(setpriv, user));
  throw new Error(
    `The embedded PostgreSQL cannot run as root, and ${barrier} is closed to the user it would run as (uid ` +
      `${user.uid}). Open it ("chmod o+x ${barrier}"), install setpriv (util-linux), move the folder, or give a ` +
      'PostgreSQL server in SLUICE_DATABASE_URL.',
  );
}

function accountOf(user: User | undefined, prefix: readonly string[]): Account {
  return {
    user,
    spawn(program, args, options) {
      const [first = program, ...rest] = [...prefix, program, ...args];
      // setpriv, where it is used, changes the user itself: it has capabilities to hand over first.
      const as = user && prefix.length === 0 ? { uid: user.uid, gid: user.gid } : {};
      return spawn(first, rest, { cwd: '/', env: ENVIRONMENT, ...as, ...options });
    },
  };
}

/** CAP_DAC_READ_SEARCH (capabilities(7)): passes closed folders and reads, but does not write. */
function capable(setpriv: string, user: User): string[] {
  return [
    setpriv,
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--clear-groups',
    '--inh-caps=+dac_read_search',
    '--ambient-caps=+dac_read_search',
    '--',
  ];
}

async function unprivilegedUser(): Promise<User> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of NAMES) {
    const entry = lines.find(([user]) => user === name);
    // macOS writes nobody's ids as -2.
    if (entry && Number(entry[2]) !== 0) return { uid: Number(entry[2]) >>> 0, gid: Number(entry[3]) >>> 0 };
  }
  throw new Error(
    `The embedded PostgreSQL cannot run as root, and the system has none of the users ${NAMES.join(', ')} to run ` +
      'it as. Add one, start as another user, or give a PostgreSQL server in SLUICE_DATABASE_URL.',
  );
}

async function letPass(folder: string): Promise<void> {
  const { mode } = await stat(folder);
  if ((mode & 0o001) === 0) await chmod(folder, mode | 0o011);
}

/**
 * Lets the user pass the folders of ours on the way to a program (not list them): initdb asks with access(2), which no
 * capability answers, whether it may start the server.
 */
async function openWay(program: string, user: User): Promise<void> {
  for (let barrier = await barrierTo(program, user); barrier !== undefined; ) {
    const { mode, uid } = await stat(barrier);
    if (uid !== 0 || (mode & constants.S_IFMT) !== constants.S_IFDIR) return;
    await chmod(barrier, mode | 0o001);
    const next = await barrierTo(program, user);
    if (next === barrier) return;
    barrier = next;
  }
}

/** Under a strict umask npm leaves programs that only their owner may start, which no capability to read mends. */
async function makeExecutable(program: string): Promise<void> {
  const { mode, uid } = await stat(program);
  if ((mode & 0o001) === 0 && uid === 0) await chmod(program, 0o755);
}

/** The first folder on the way to `path`, or the path itself, that the user may not pass or read. */
export async function barrierTo(path: string, user: User): Promise<string | undefined> {
  const whole = await realpath(path);
  const way = [whole];
  while (way[0] !== undefined && dirname(way[0]) !== way[0]) way.unshift(dirname(way[0]));
  for (const place of way) {
    const { mode, uid, gid } = await stat(place);
    const shift = uid === user.uid ? 6 : gid === user.gid ? 3 : 0;
    const needed = (mode & constants.S_IFMT) === constants.S_IFDIR ? 0o1 : 0o4;
    if (((mode >> shift) & needed) === 0) return place;
  }
  return undefined;
}

async function find(program: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, program);
    const usable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (folder !== '' && usable) return file;
  }
  return undefined;
}
