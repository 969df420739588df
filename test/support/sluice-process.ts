import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../core/cli/bin.mjs', import.meta.url));
export const ROOT_KEY = 'root-key-of-the-tests-0123456789';

/** The real program, in a process of its own. */
export interface SluiceProcess {
  readonly url: string;
  readonly pid: number;
  /** All it has printed so far, both streams. */
  output(): string;
  /** Sends a signal and waits for the end; gives the exit code, or the signal it died of. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string>;
  call(method: string, path: string, body?: unknown, key?: string, headers?: Readonly<Record<string, string>>): Promise<Called>;
}

export interface Called {
  readonly status: number;
  readonly headers: Headers;
  // A test looks into whatever was answered; a wrong path fails it.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

/**
 * Starts `sluice start` on a free port.
 * @throws Error with what it printed, where it ends instead
 */
export async function startSluice(env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<SluiceProcess> {
  const child = spawn(process.execPath, [BIN, 'start', '--port', '0', ...args], {
    env: { ...process.env, SLUICE_ROOT_KEY: ROOT_KEY, SLUICE_LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      said.push(chunk.toString());
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(said.join(''))?.[0];
      if (address) resolve(address);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', (code) => reject(new StartRefused(code, said.join(''))));
  });
  await ready(url);
  return {
    url,
    pid: child.pid!,
    output: () => said.join(''),
    end: (signal) => end(child, signal),
    call: (method, path, body, key = ROOT_KEY, headers = {}) =>
      call(`${url}${path}`, method, body, { ...(key && { authorization: `Bearer ${key}` }), ...headers }),
  };
}

/** A worker without an API, in a process of its own. */
export interface WorkerProcess {
  readonly pid: number;
  /** All it has printed so far, both streams. */
  output(): string;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string>;
}

/**
 * Starts `sluice start --role worker`, and waits until it works.
 * @throws Error with what it printed, where it ends instead
 */
export async function startWorker(env: Readonly<Record<string, string>>): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [BIN, 'start', '--role', 'worker'], {
    env: { ...process.env, SLUICE_LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await printed(child, /role worker/);
  return { pid: child.pid!, output: () => said, end: (signal) => end(child, signal) };
}

/** `sluice sandbox`, in a process of its own. */
export interface SandboxProcess {
  readonly url: string;
  /** For SLUICE_ENDPOINTS: each vendor's origin to the sandbox. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Permanent credentials of its AWS account. */
  readonly aws: { readonly accessKeyId: string; readonly secretAccessKey: string };
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string>;
}

/**
 * Starts `sluice sandbox` on a free port, and reads from what it prints how it is used.
 * @throws Error with what it printed, where it ends instead
 */
export async function startSandboxProcess(args: readonly string[] = []): Promise<SandboxProcess> {
  const child = spawn(process.execPath, [BIN, 'sandbox', '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [, url = '', endpoints = '', aws = ''] = await printed(
    child,
    /serves (http:\S+):[^]*SLUICE_ENDPOINTS='([^']+)'[^]*\n {2}AWS +(\{.*\})\n/,
  );
  return {
    url,
    endpoints: JSON.parse(endpoints) as SandboxProcess['endpoints'],
    aws: JSON.parse(aws) as SandboxProcess['aws'],
    end: (signal) => end(child, signal),
  };
}

/** What a process has printed, on both streams, once it matches. */
function printed(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  let said = '';
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      const match = pattern.exec(said);
      if (match) resolve(match);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => reject(new StartRefused(code, said)));
  });
}

/** `sluice start` ended by itself. */
export class StartRefused extends Error {
  readonly exitCode: number | null;
  constructor(exitCode: number | null, output: string) {
    super(output);
    this.exitCode = exitCode;
  }
}

async function ready(url: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const response = await fetch(`${url}/readyz`).catch(() => undefined);
    if (response?.status === 200) return;
    if (tries === 300) throw new Error(`${url}/readyz never answered 200; last: ${response?.status}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode ?? child.signalCode!;
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  child.kill(signal);
  const [code, died] = await exited;
  return code ?? died!;
}

async function call(url: string, method: string, body: unknown, headers: Readonly<Record<string, string>>): Promise<Called> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    redirect: 'manual',
  });
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, headers: response.headers, body: /json/.test(type) ? JSON.parse(text) : text };
}

/** Repeats until it holds: for what happens in another process. Fails after half a minute. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`It did not come about: ${what}.`);
}
