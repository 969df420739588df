import { spawn, type ChildProcess } from 'node:child_process';
import { ROOT } from '../architecture/sources.ts';

/** How a process of a test ended, and all it printed. */
export interface Ended {
  /** Its exit code, or the signal it died of. */
  readonly end: number | string | null;
  readonly out: string;
  readonly err: string;
}

/** A process under way. */
export interface Underway {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves with the match once stdout holds it. @throws Error with what was printed, where it ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

export interface Surroundings {
  /** Default: the project. */
  readonly cwd?: string;
  /** Beside what the tests run in; without settings of the platform's. */
  readonly env?: Readonly<Record<string, string>>;
  /** In a process group of its own, so that a signal can be sent to all of it. */
  readonly group?: boolean;
}

export function begin(command: string, args: readonly string[], { cwd = ROOT, env = {}, group = false }: Surroundings = {}): Underway {
  const child = spawn(command, args, { cwd, env: { ...bare(), ...env }, detached: group, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { out: '', err: '' };
  const looks = new Set<() => void>();
  child.stdout.on('data', (chunk: Buffer) => {
    text.out += chunk.toString();
    for (const look of looks) look();
  });
  child.stderr.on('data', (chunk: Buffer) => (text.err += chunk.toString()));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ end: code ?? signal, ...text }));
  });
  const printed = async (pattern: RegExp): Promise<RegExpExecArray> => {
    const found = new Promise<RegExpExecArray>((resolve) => {
      const look = (): void => {
        const match = pattern.exec(text.out);
        if (match) resolve(match);
      };
      looks.add(look);
      look();
    });
    const early = ended.then(({ end, out, err }) => {
      throw new Error(`${command} ${args.join(' ')} ended (${end}) without printing ${pattern}:\n${out}${err}`);
    });
    return Promise.race([found, early]);
  };
  return { child, ended, printed };
}

/** Runs a command to its end. */
export function command(name: string, args: readonly string[], surroundings?: Surroundings): Promise<Ended> {
  return begin(name, args, surroundings).ended;
}

/** The environment without what would change how the platform starts. */
function bare(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_') && !name.startsWith('npm_'));
  return Object.fromEntries(kept);
}
