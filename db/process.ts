import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** A living process. */
export interface ProcessFacts {
  /** When it started, in the system's own notation; undefined where the system does not say. Tells reused pids apart. */
  readonly started: string | undefined;
  readonly command: string | undefined;
}

/** What is known of a process; undefined where it is dead. A zombie is dead: it holds nothing but its number. */
export async function lookUpProcess(pid: number): Promise<ProcessFacts | undefined> {
  if (!exists(pid)) return undefined;
  if (process.platform === 'linux') return fromProc(pid);
  if (process.platform === 'win32') return { started: undefined, command: undefined };
  return fromPs(pid);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** proc(5): the command name in /proc/pid/stat may hold blanks and parentheses; fields count from after it. */
async function fromProc(pid: number): Promise<ProcessFacts | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return { started: fields[19], command: command.replaceAll('\0', ' ').trim() };
  } catch {
    // It ended meanwhile, or /proc hides what other users run (hidepid).
    return exists(pid) ? { started: undefined, command: undefined } : undefined;
  }
}

async function fromPs(pid: number): Promise<ProcessFacts | undefined> {
  try {
    const args = ['-o', 'stat=', '-o', 'lstart=', '-o', 'command=', '-p', String(pid)];
    const { stdout } = await promisify(execFile)('ps', args, { env: { ...process.env, LC_ALL: 'C' } });
    // "Ss   Mon Jan  2 15:04:05 2006 /path/to/postgres -D ..."
    const [state = '', ...rest] = stdout.trim().split(/\s+/);
    if (state === '' || state.startsWith('Z')) return undefined;
    return { started: rest.slice(0, 5).join(' '), command: rest.slice(5).join(' ') };
  } catch {
    return undefined;
  }
}
