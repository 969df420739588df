// `npm test`: compiles, checks types, lints, then runs every test. Each of the first three counts as one test. The last
// line printed is "N passed, N failed", and the exit code says the same.
//
//   node core/cli/test.mjs                          all of it
//   node core/cli/test.mjs test/language            only these files or folders, without the three checks
//   node core/cli/test.mjs --soak                   the long form of test/faults and of the proofs (SLUICE_SOAK=1)
//   node core/cli/test.mjs --grep=lease             what mocha takes is handed on
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bootstrap } from './bootstrap.mjs';
import { provideMysqlServer } from './bootstrap/mysql-server.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
// mocha compares its own path with what was started: without links.
const bin = (name) => realpathSync(path.join(root, 'node_modules', name));
const arguments_ = process.argv.slice(2);
const soak = arguments_.includes('--soak');
const options = arguments_.filter((argument) => argument.startsWith('-') && argument !== '--soak');
const chosen = arguments_.filter((argument) => !argument.startsWith('-'));

const CHECKS = [
  { name: 'the sources compile to dist/', run: () => bootstrap('compile') },
  { name: 'types are right (tsc)', run: () => command([bin('typescript/bin/tsc'), '--noEmit']) },
  { name: 'lint is clean (oxlint)', run: () => command([bin('oxlint/bin/oxlint'), '--deny-warnings']) },
];

/** What is run at length by `npm run faults`. */
const SOAKS = ['test/faults', 'test/domains/logs/sql', 'test/domains/datasets/laws.test.ts', 'test/e2e/demo-commerce.soak.ts'];

const total = { passed: 0, failed: 0 };
if (chosen.length === 0 && !soak) {
  for (const check of CHECKS) await runCheck(check);
}
provideMysqlServer((text) => process.stdout.write(`${text}\n`));
await runTests(testFiles());
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed === 0 ? 0 : 1;

async function runCheck({ name, run }) {
  try {
    await run();
    total.passed += 1;
    process.stdout.write(`  ✔ ${name}\n`);
  } catch (error) {
    total.failed += 1;
    process.stdout.write(`  ✘ ${name}\n${error.message}\n`);
  }
}

function testFiles() {
  const places = chosen.length > 0 ? chosen : soak ? SOAKS : ['test'];
  return places.flatMap((place) => {
    const full = path.resolve(root, place);
    if (!existsSync(full)) throw new Error(`There is no test file or folder "${place}".`);
    if (statSync(full).isFile()) return [full];
    const names = readdirSync(full, { recursive: true, encoding: 'utf8' });
    return names
      .filter((name) => name.endsWith('.test.ts'))
      .sort()
      .map((name) => path.join(full, name));
  });
}

async function runTests(files) {
  if (files.length === 0) return fail('No test file was found.');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sluice-test-'));
  const countsFile = path.join(folder, 'counts.json');
  try {
    const exit = await mocha(files, countsFile);
    if (!existsSync(countsFile)) return fail(`The tests did not run to their end (${exit}).`);
    const counts = JSON.parse(readFileSync(countsFile, 'utf8'));
    total.passed += counts.passed;
    total.failed += counts.failed;
    if (counts.passed + counts.failed === 0) fail('No test was executed.');
    else if (counts.failed === 0 && exit !== 'exit code 0')
      fail(`The test run ended with ${exit} although no test failed.`);
    reportSkipped(counts.pending);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Resolves to how mocha ended, in words. */
function mocha(files, countsFile) {
  const servers = ['./test/support/cluster.ts', './test/support/mysql-servers.ts'];
  const args = [
    ...['--import', 'tsx', bin('mocha/lib/cli/cli.js'), '--parallel', '--jobs', '3'],
    ...['--reporter', './test/support/reporter.mjs', '--reporter-option', `counts=${countsFile}`],
    ...servers.filter((file) => existsSync(path.join(root, file))).flatMap((file) => ['--require', file]),
    ...options,
    ...files,
  ];
  const env = { ...process.env, ...(soak ? { SLUICE_SOAK: '1' } : {}) };
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
}

/** Nothing is skipped in silence: skipped tests are named, and on CI they are failures. */
function reportSkipped(titles) {
  if (titles.length === 0) return;
  process.stdout.write(`Not run (${titles.length}):\n${titles.map((title) => `  - ${title}\n`).join('')}`);
  if (process.env.CI === 'true') {
    total.failed += titles.length;
    process.stdout.write('Under CI=true a test that is not run is a failure.\n');
  }
}

function fail(reason) {
  total.failed += 1;
  process.stdout.write(`${reason}\n`);
}

function command(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(output.trimEnd()))));
  });
}
