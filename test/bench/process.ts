import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program of a bench, in a process of its own, and the address it serves at. */
export interface Program {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

const ADDRESS = /http:\/\/127\.0\.0\.1:\d+/;

/**
 * Starts a program that prints the address it serves at, on a line of its own, once it is ready.
 * @param ready what one prints that serves nothing: its address is then no address
 * @throws Error with what it said, where it ends before that
 */
export async function startProgram(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  ready: RegExp = ADDRESS,
): Promise<Program> {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line);
      const address = ready.exec(line)?.[0];
      if (address) resolve(address);
    });
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}:\n${said.join('\n')}`)));
  });
  return { url, pid: child.pid!, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await once(child, 'exit');
  clearTimeout(force);
}
