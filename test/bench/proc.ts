import { readdirSync, readFileSync } from 'node:fs';

/** What a process has in memory now, in MiB (Linux: VmRSS of proc_pid_status(5)). */
export function residentMemory(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

/** Clock ticks a second, of which proc_pid_stat(5) counts. It is 100 on every Linux that runs Node. */
const TICKS = 100;

/** Seconds of processor time that a process has used since it started, of the user's and the kernel's. */
export function cpuSeconds(pid: number): number {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** The same of its children, those that it has waited for among them. */
export function cpuSecondsOfChildren(pid: number): number {
  const fields = statOf(pid);
  const waitedFor = (Number(fields[13]) + Number(fields[14])) / TICKS;
  return childrenOf(pid).reduce((sum, child) => sum + cpuSeconds(child), waitedFor);
}

function childrenOf(parent: number): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      return Number(statOf(pid)[1]) === parent;
    } catch {
      return false;
    }
  });
}

/** The fields behind the command's name, which may hold blanks and parentheses. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
