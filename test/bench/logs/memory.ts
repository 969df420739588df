import { readFileSync } from 'node:fs';

/** What a process has in memory now, in MiB (Linux: VmRSS of proc_pid_status(5)). */
export function residentMemory(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

/** Looks every 20 ms at what a process has in memory while `work` is done. @returns the most that was seen, in MiB */
export async function peakMemory(pid: number, work: () => Promise<void>): Promise<number> {
  let peak = residentMemory(pid);
  const timer = setInterval(() => {
    peak = Math.max(peak, residentMemory(pid));
  }, 20);
  try {
    await work();
    return Math.max(peak, residentMemory(pid));
  } finally {
    clearInterval(timer);
  }
}
