import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, lstat, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import pg from 'pg';
import { startEmbedded, type Embedded } from '../../db/embedded.ts';
import { findBinaries, restoreLinks } from '../../db/embedded/binaries.ts';
import { serves, untilGone } from '../../db/embedded/postmaster.ts';
import { lookUpProcess } from '../../db/process.ts';
import { rejection } from '../support/rejection.ts';

const ROOT = process.getuid?.() === 0;
const OWNER = fileURLToPath(new URL('../support/embedded-owner.ts', import.meta.url));

describe('startEmbedded', () => {
  let parent: string;
  let dataDir: string;
  let running: Embedded[];
  let owners: ChildProcess[];
  /** Pids of servers whose owner may be gone. */
  let servers: number[];

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'sluice-test-'));
    dataDir = join(parent, 'data');
    running = [];
    owners = [];
    servers = [];
  });
  afterEach(async () => {
    for (const owner of owners) await killHard(owner);
    await Promise.all(running.map((server) => server.stop()));
    for (const pid of servers) await endServer(pid);
    await rm(parent, { recursive: true, force: true });
  });

  it('makes a server that asks for its password, kept for the owner only', async () => {
    const { url } = await start();
    expect(await query(url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
    const wrong = new URL(url);
    wrong.password = 'guessed';
    expect((await rejection(query(wrong.href, 'SELECT 1'))).code).to.equal('28P01');
    expect((await stat(join(dataDir, 'postgres.password'))).mode & 0o777).to.equal(0o600);
    expect((await stat(join(dataDir, 'postgres'))).mode & 0o777).to.equal(0o700);
  });

  it('commits durably and stores text as UTF-8', async () => {
    const { url } = await start();
    for (const [name, value] of Object.entries({
      fsync: 'on',
      synchronous_commit: 'on',
      server_encoding: 'UTF8',
    })) {
      expect(await query(url, `SHOW ${name}`)).to.deep.equal([{ [name]: value }]);
    }
  });

  it('finds everything again after stop and start', async () => {
    const first = await start();
    await query(first.url, "CREATE TABLE kept AS SELECT 'Grüße 🧀' AS text");
    await stop(first);
    expect(await lookUpProcess(first.pid)).to.equal(undefined);
    const second = await start();
    expect(second.adopted).to.equal(false);
    expect(await query(second.url, 'SELECT text FROM kept')).to.deep.equal([{ text: 'Grüße 🧀' }]);
  });

  it('keeps its port over stop and start, and takes another where somebody else has it by then', async () => {
    const first = await start();
    await first.stop();
    const second = await start();
    expect(second.url).to.equal(first.url);
    await second.stop();
    const port = Number(new URL(first.url).port);
    const other = createServer();
    await new Promise<void>((listening) => other.listen(port, '127.0.0.1', listening));
    const third = await start();
    expect(new URL(third.url).port).to.not.equal(String(port));
    expect(await query(third.url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
    await new Promise((closed) => other.close(closed));
  });

  it('adopts the server of a process killed with its whole process group, and can stop it', async () => {
    const owner = await own();
    await query(owner.url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await killHard(owner.process);
    const adopted = await start();
    expect({ adopted: adopted.adopted, pid: adopted.pid, url: adopted.url }).to.deep.equal({
      adopted: true,
      pid: owner.pid,
      url: owner.url,
    });
    expect(await query(adopted.url, 'SELECT one FROM kept')).to.deep.equal([{ one: 1 }]);
    await stop(adopted);
    expect(await lookUpProcess(owner.pid)).to.equal(undefined);
  });

  it('recovers what was committed when process and server are killed', async () => {
    const owner = await own();
    await query(owner.url, 'CREATE TABLE kept AS SELECT 1 AS one');
    await killHard(owner.process);
    process.kill(owner.pid, 'SIGKILL');
    const again = await start();
    expect(again.adopted).to.equal(false);
    expect(await query(again.url, 'SELECT one FROM kept')).to.deep.equal([{ one: 1 }]);
  });

  it('starts where the pid that the server left behind is another process of its user by now', async () => {
    await leaveBehind((user) => {
      const stranger = spawn('sleep', ['60'], { stdio: 'ignore', ...user });
      owners.push(stranger);
      return Promise.resolve(stranger.pid!);
    });
    expect((await start()).adopted).to.equal(false);
  });

  it('starts where the pid that the server left behind is a zombie', async () => {
    await leaveBehind(async (user) => {
      // The shell becomes a program that never asks how its child ended.
      const args = ['-c', 'sleep 0.2 & echo $!; exec sleep 60'];
      const parent = spawn('sh', args, { stdio: ['ignore', 'pipe', 'ignore'], ...user });
      owners.push(parent);
      const zombie = Number(await firstLine(parent));
      while (await lookUpProcess(zombie)) await setImmediate();
      expect(process.kill(zombie, 0)).to.equal(true);
      return zombie;
    });
    expect((await start()).adopted).to.equal(false);
  });

  it('refuses a folder in use, naming the process and the remedy, and leaves its server alone', async () => {
    const owner = await own();
    const error = await rejection(startEmbedded({ dataDir }));
    expect(error.message).to.include(`process ${owner.process.pid}`).and.include('SLUICE_DATABASE_URL');
    expect(error.message).to.include(dataDir);
    expect(await query(owner.url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
  });

  it('starts again after a crash in the middle of making the cluster', async () => {
    await mkdir(join(dataDir, 'postgres.new/base'), { recursive: true });
    await writeFile(join(dataDir, 'postgres.new/PG_VERSION'), '18\n');
    await writeFile(join(dataDir, 'postgres.new.password'), 'half');
    const { url } = await start();
    expect(await query(url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
  });

  it('says what the server said where it does not start, and gives the folder back', async () => {
    const error = await rejection(startEmbedded({ dataDir, settings: { shared_buffers: 'plenty' } }));
    expect(error.message).to.include('plenty').and.include(join(dataDir, 'postgres.log'));
    expect((await start()).adopted).to.equal(false);
  });

  it('does not make a new password for an old cluster', async () => {
    await stop(await start());
    await rm(join(dataDir, 'postgres.password'));
    for (const _ of [1, 2]) {
      expect((await rejection(startEmbedded({ dataDir }))).message).to.include(
        'postgres.password is missing',
      );
    }
  });

  it('runs below a folder closed to others, without opening it', async () => {
    expect((await stat(parent)).mode & 0o777).to.equal(0o700);
    const { url } = await start();
    expect(await query(url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
    expect((await stat(parent)).mode & 0o777).to.equal(0o700);
  });

  it('runs in a folder made under a strict umask', async () => {
    const before = process.umask(0o077);
    try {
      dataDir = join(parent, 'a/b/data');
      const { url } = await start();
      expect(await query(url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
    } finally {
      process.umask(before);
    }
  });

  if (ROOT) {
    it('names the closed folder where root cannot pass it on to the server', async () => {
      const path = process.env['PATH'];
      process.env['PATH'] = '';
      try {
        const error = await rejection(startEmbedded({ dataDir }));
        expect(error.message).to.include(`"chmod o+x ${parent}"`).and.include('SLUICE_DATABASE_URL');
        await chmod(parent, 0o711);
        await start();
      } finally {
        process.env['PATH'] = path;
      }
    });

    it('runs the server as a user without privileges', async () => {
      const { pid } = await start();
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      expect(status).to.match(/^Uid:\t(?!0\b)/m);
      expect((await stat(join(dataDir, 'postgres'))).uid).to.not.equal(0);
    });
  }

  async function start(): Promise<Embedded> {
    const server = await startEmbedded({ dataDir });
    running.push(server);
    return server;
  }

  async function endServer(pid: number): Promise<void> {
    const alive = (): Promise<boolean> => serves(pid, dataDir);
    if (await alive()) process.kill(pid, 'SIGQUIT');
    await untilGone(alive);
  }

  async function stop(server: Embedded): Promise<void> {
    running = running.filter((other) => other !== server);
    await server.stop();
  }

  /** Starts the server in a process of its own, leader of its group. */
  async function own(): Promise<{ process: ChildProcess; url: string; pid: number }> {
    const args = ['--import', 'tsx', OWNER, dataDir];
    const owner = spawn(process.execPath, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    owners.push(owner);
    const line = JSON.parse(await firstLine(owner)) as { url: string; pid: number; error?: string };
    expect(line.error).to.equal(undefined);
    servers.push(line.pid);
    return { process: owner, ...line };
  }

  /** A server killed in the middle, whose pid file names a process that the user it ran as may signal. */
  async function leaveBehind(make: (user: { uid: number; gid: number }) => Promise<number>): Promise<void> {
    const owner = await own();
    const file = join(dataDir, 'postgres/postmaster.pid');
    const text = await readFile(file, 'utf8');
    await killHard(owner.process);
    process.kill(owner.pid, 'SIGKILL');
    const { uid, gid } = await stat(file);
    await writeFile(file, text.replace(/^\d+/, String(await make({ uid, gid }))));
  }
});

describe('restoreLinks', () => {
  it('makes the library links that an install without scripts leaves out', async () => {
    const { home } = await findBinaries();
    const copy = await mkdtemp(join(tmpdir(), 'sluice-test-'));
    try {
      const links = JSON.parse(await readFile(join(home, 'native/pg-symlinks.json'), 'utf8')) as {
        target: string;
      }[];
      await cp(home, copy, {
        recursive: true,
        filter: async (path) => !(await lstat(path)).isSymbolicLink(),
      });
      expect(await version(copy)).to.not.equal(0);
      await restoreLinks(copy);
      expect(await version(copy)).to.equal(0);
      expect((await lstat(join(copy, links[0]!.target))).isSymbolicLink()).to.equal(true);
      await restoreLinks(copy);
    } finally {
      await rm(copy, { recursive: true });
    }
  });

  async function version(home: string): Promise<number> {
    const child = spawn(join(home, 'native/bin/postgres'), ['--version'], { stdio: 'ignore' });
    const [code] = (await once(child, 'exit')) as [number];
    return code;
  }
});

async function killHard(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  try {
    process.kill(-child.pid!, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
  await gone;
}

async function firstLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return line;
  throw new Error('It ended without a word.');
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}
