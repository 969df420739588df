import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

const SOURCES = ['core', 'plugins', 'db'];
const PROJECT = 'core/cli/tsconfig.build.json';

/**
 * Compiles core, plugins and db to dist/ unless dist/ was made of these very sources: dist/.stamp holds a hash of
 * their contents (times differ from clone to clone). The new tree replaces the old one whole, since a plugin that was
 * removed must not live on in dist/.
 * @returns {{ ok: boolean, output: string }} the compiler's messages where it failed
 */
export function compile(root, compiler, note) {
  const dist = path.join(root, 'dist');
  const stamp = path.join(dist, '.stamp');
  const files = SOURCES.flatMap((folder) => walk(root, folder));
  const hash = hashOf(root, [...files.filter(isSource), PROJECT, 'tsconfig.json'], compiler);
  if (read(stamp) === hash) return { ok: true, output: '' };

  note('compiling to dist/');
  const next = path.join(dist, '.next');
  rmSync(next, { recursive: true, force: true });
  const args = [compiler, '-p', path.join(root, PROJECT), '--outDir', next, '--noEmitOnError'];
  const done = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  if (done.error || done.status !== 0) {
    rmSync(next, { recursive: true, force: true });
    return { ok: false, output: done.error ? done.error.message : done.stdout + done.stderr };
  }
  for (const asset of files.filter(isAsset)) {
    mkdirSync(path.dirname(path.join(next, asset)), { recursive: true });
    cpSync(path.join(root, asset), path.join(next, asset));
  }
  rmSync(stamp, { force: true });
  for (const folder of SOURCES) {
    rmSync(path.join(dist, folder), { recursive: true, force: true });
    if (existsSync(path.join(next, folder))) renameSync(path.join(next, folder), path.join(dist, folder));
  }
  rmSync(next, { recursive: true, force: true });
  writeFileSync(stamp, hash);
  return { ok: true, output: '' };
}

const isSource = (file) => file.endsWith('.ts') || isAsset(file);
/** What the compiler passes over but the code reads at run time: pages, schemas, certificates. */
const isAsset = (file) => !/\.(ts|mjs|md)$/.test(file) && !file.endsWith('tsconfig.build.json');

function walk(root, folder) {
  const entries = readdirSync(path.join(root, folder), { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  return entries.flatMap((entry) => {
    const name = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return walk(root, name);
    return entry.isFile() ? [name] : [];
  });
}

function hashOf(root, files, compiler) {
  const hash = createHash('sha256').update(
    readFileSync(path.join(path.dirname(compiler), '../package.json')),
  );
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(path.join(root, file)));
  return hash.digest('hex');
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
