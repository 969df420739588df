import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../architecture/sources.ts';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A clone with a program of two files, the bootstrap itself, and this clone's packages. */
async function makeClone(): Promise<string> {
  const clone = await mkdtemp(path.join(tmpdir(), 'sluice-clone-'));
  await Promise.all(
    ['core/cli/bootstrap', 'plugins/greeter', 'db'].map((folder) =>
      mkdir(path.join(clone, folder), { recursive: true }),
    ),
  );
  const copied = [
    'core/cli/bootstrap',
    'core/cli/bootstrap.mjs',
    'core/cli/bin.mjs',
    'core/cli/tsconfig.build.json',
    'tsconfig.json',
    'package.json',
  ];
  await Promise.all(
    copied.map((file) => cp(path.join(ROOT, file), path.join(clone, file), { recursive: true })),
  );
  await symlink(path.join(ROOT, 'node_modules'), path.join(clone, 'node_modules'));
  await writeFile(path.join(clone, 'core/main.ts'), MAIN);
  await writeFile(path.join(clone, 'plugins/greeter/index.ts'), `export const greeting: string = 'hello';\n`);
  return clone;
}

const MAIN = `import { greeting } from '../plugins/greeter/index.ts';
export const main = async (argv: readonly string[]): Promise<void> => console.log(greeting, process.pid, ...argv.slice(2));
`;

function node(
  clone: string,
  ...args: readonly string[]
): Promise<Ended> & { readonly pid: number | undefined } {
  const child = spawn(process.execPath, args, { cwd: clone, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...text })));
  return Object.assign(ended, { pid: child.pid });
}

describe('the bootstrap', () => {
  let clone: string;
  beforeEach(async () => {
    clone = await makeClone();
  });
  afterEach(() => rm(clone, { recursive: true, force: true }));

  it('compiles a fresh clone, runs it in the very process that was started, and is silent the second time', async () => {
    const first = node(clone, 'core/cli/bin.mjs', 'start', '--port', '1');
    expect((await first).out).to.equal(`hello ${first.pid} start --port 1\n`);
    expect((await first).err).to.equal('sluice: compiling to dist/\n');
    expect((await node(clone, 'core/cli/bin.mjs')).err).to.equal('');
  });

  it('compiles again when a source has changed, and drops what was removed', async () => {
    await node(clone, 'core/cli/bootstrap.mjs', '--compile');
    await writeFile(
      path.join(clone, 'core/main.ts'),
      `export const main = (): void => console.log('new');\n`,
    );
    await rm(path.join(clone, 'plugins/greeter'), { recursive: true });
    expect((await node(clone, 'core/cli/bin.mjs')).out).to.equal('new\n');
    const gone = await readFile(path.join(clone, 'dist/plugins/greeter/index.js')).catch(
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect(gone).to.equal('ENOENT');
  });

  it('keeps the last good dist/ and shows the compiler’s message when the sources are wrong', async () => {
    await node(clone, 'core/cli/bootstrap.mjs', '--compile');
    await writeFile(path.join(clone, 'core/main.ts'), `export const main: string = 1;\n`);
    const { code, err } = await node(clone, 'core/cli/bin.mjs');
    expect(code).to.equal(1);
    expect(err).to.contain('core/main.ts(1,14): error TS2322');
    expect(await readFile(path.join(clone, 'dist/core/main.js'), 'utf8')).to.contain('greeting');
  });

  it('may be started several times at once', async () => {
    const all = await Promise.all([1, 2, 3].map(() => node(clone, 'core/cli/bin.mjs')));
    expect(all.map(({ code }) => code)).to.deep.equal([0, 0, 0]);
    expect(all.filter(({ err }) => err.includes('compiling'))).to.have.lengthOf(1);
  });

  it('leaves dist/ alone where no compiler is installed, and says what to do where there is neither', async () => {
    await node(clone, 'core/cli/bootstrap.mjs', '--compile');
    await rm(path.join(clone, 'node_modules'));
    expect(await node(clone, 'core/cli/bootstrap.mjs', '--compile')).to.deep.equal({
      code: 0,
      out: '',
      err: '',
    });
    await rm(path.join(clone, 'dist'), { recursive: true });
    const { code, err } = await node(clone, 'core/cli/bin.mjs');
    expect(code).to.equal(1);
    expect(err).to.contain('Run "npm ci --include=dev"');
  });
});
