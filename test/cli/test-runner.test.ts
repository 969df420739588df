import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../architecture/sources.ts';

describe('npm test', () => {
  let clone: string;

  before(async () => {
    clone = await mkdtemp(path.join(tmpdir(), 'sluice-runner-'));
    await mkdir(path.join(clone, 'test/support'), { recursive: true });
    await cp(path.join(ROOT, 'core/cli'), path.join(clone, 'core/cli'), { recursive: true });
    await cp(path.join(ROOT, 'test/support/reporter.mjs'), path.join(clone, 'test/support/reporter.mjs'));
    await cp(path.join(ROOT, '.mocharc.json'), path.join(clone, '.mocharc.json'));
    await writeFile(path.join(clone, 'package.json'), '{ "type": "module" }');
    await symlink(path.join(ROOT, 'node_modules'), path.join(clone, 'node_modules'));
  });
  after(() => rm(clone, { recursive: true, force: true }));

  async function run(
    tests: string,
    environment: NodeJS.ProcessEnv = {},
  ): Promise<{ code: number | null; lines: string[] }> {
    await writeFile(path.join(clone, 'test/some.test.ts'), tests);
    const child = spawn(process.execPath, ['core/cli/test.mjs', 'test'], {
      cwd: clone,
      env: { ...process.env, CI: '', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, lines: out.trimEnd().split('\n') };
  }

  it('ends with the counts, and with 0 where all passed', async () => {
    const { code, lines } = await run(`it('works', () => {}); it('works as well', () => {});`);
    expect(lines.at(-1)).to.equal('2 passed, 0 failed');
    expect(code).to.equal(0);
  });

  it('fails where a test fails, and shows why', async () => {
    const { code, lines } = await run(
      `it('works', () => {}); it('breaks', () => { throw new Error('because'); });`,
    );
    expect(lines.at(-1)).to.equal('1 passed, 1 failed');
    expect(lines.join('\n')).to.contain('Error: because');
    expect(code).to.equal(1);
  });

  it('fails where a test file cannot be loaded', async () => {
    const { code, lines } = await run(`import 'nowhere-to-be-found'; it('works', () => {});`);
    expect(lines.at(-1)).to.match(/^0 passed, [1-9]\d* failed$/);
    expect(code).to.equal(1);
  });

  it('fails where no test is executed', async () => {
    const { code, lines } = await run(`describe('nothing', () => {});`);
    expect(lines.slice(-2)).to.deep.equal(['No test was executed.', '0 passed, 1 failed']);
    expect(code).to.equal(1);
  });

  it('names what is skipped, and on CI counts it as failed', async () => {
    const tests = `describe('the moon', () => { it('is reached', () => {}); it.skip('is made of cheese', () => {}); });`;
    const here = await run(tests);
    expect(here.lines.slice(-3)).to.deep.equal([
      'Not run (1):',
      '  - the moon is made of cheese',
      '1 passed, 0 failed',
    ]);
    expect(here.code).to.equal(0);
    const onCi = await run(tests, { CI: 'true' });
    expect(onCi.lines.at(-1)).to.equal('1 passed, 1 failed');
    expect(onCi.code).to.equal(1);
  });
});
