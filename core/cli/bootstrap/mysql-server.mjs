// The MySQL suites start servers of their own from the `mariadbd` or `mysqld` of this machine. Where there is none and the
// user may install packages, Debian's MariaDB is installed; where not, the suites say that they did not run, and why.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const PLACES = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/usr/local/mysql/bin', '/opt/homebrew/bin'];

/** Installs a MySQL server where none is found and root and apt-get are at hand. Never fails: the suites tell. */
export function provideMysqlServer(say) {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), ...PLACES];
  const found = ['mariadbd', 'mysqld'].some((name) => folders.some((folder) => existsSync(path.join(folder, name))));
  if (found || process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) return;
  say('installing mariadb-server, for the suites that need MySQL servers');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (...args) => spawnSync('apt-get', args, { env, stdio: 'ignore', timeout: 300_000 }).status === 0;
  if (!run('install', '-y', '--no-install-recommends', 'mariadb-server')) {
    run('update');
    run('install', '-y', '--no-install-recommends', 'mariadb-server');
  }
}
