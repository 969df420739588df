import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { lockFolder } from '../../db/lock.ts';
import { rejection } from '../support/rejection.ts';

const MODULE = new URL('../../db/lock.ts', import.meta.url).href;
const TAKER = `
  const { lockFolder } = await import('${MODULE}');
  process.stdin.once('data', async () => {
    const taken = await lockFolder(process.argv[1]).then(() => true, () => false);
    console.log(taken);
  });
  console.log('ready');`;

describe('lockFolder', () => {
  let folder: string;
  let lock: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
    lock = join(folder, 'owner.lock');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('gives a folder to one, and to the next when it is given back', async () => {
    const unlock = await lockFolder(folder);
    expect((await rejection(lockFolder(folder))).message).to.include(`process ${process.pid}`);
    await unlock();
    await (
      await lockFolder(folder)
    )();
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it('takes over from a process that died', async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    await writeFile(lock, JSON.stringify({ pid: dead.pid }));
    await (
      await lockFolder(folder)
    )();
  });

  it('takes over where the pid has been given to a process that started at another time', async () => {
    await writeFile(lock, JSON.stringify({ pid: process.ppid, started: 'long ago' }));
    await (
      await lockFolder(folder)
    )();
  });

  it('takes over a lock that names nobody', async () => {
    for (const text of ['', '{}', '{"pid":"1"}', '{"pid":-1}', 'null']) {
      await writeFile(lock, text);
      await (
        await lockFolder(folder)
      )();
    }
  });

  it('takes over although another died while taking over', async () => {
    await writeFile(lock, JSON.stringify({ pid: process.ppid, started: 'long ago' }));
    await writeFile(`${lock}.inherit`, JSON.stringify({ pid: process.ppid, started: 'long ago' }));
    await (
      await lockFolder(folder)
    )();
  });

  it('leaves alone a lock that is no longer its own', async () => {
    const unlock = await lockFolder(folder);
    await writeFile(lock, '{"pid":1}');
    await unlock();
    expect(await readFile(lock, 'utf8')).to.equal('{"pid":1}');
  });

  it('lets one of several processes take over that see the same dead one', async () => {
    await writeFile(lock, JSON.stringify({ pid: process.ppid, started: 'long ago' }));
    const args = ['--import', 'tsx', '--input-type=module', '-e', TAKER, folder];
    const takers = [1, 2, 3].map(() => spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
    try {
      const answers = takers.map((taker) => lines(taker));
      for (const answer of answers) expect((await answer.next()).value).to.equal('ready');
      for (const taker of takers) taker.stdin.write('go\n');
      const taken = await Promise.all(answers.map(async (answer) => (await answer.next()).value as unknown));
      expect(taken.filter((text) => text === 'true')).to.have.length(1);
      expect(taken.filter((text) => text === 'false')).to.have.length(2);
    } finally {
      for (const taker of takers) taker.kill('SIGKILL');
    }
  });

  function lines(child: ChildProcess): AsyncIterator<string> {
    return createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  }
});
