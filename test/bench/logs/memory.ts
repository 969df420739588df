import { residentMemory } from '../proc.ts';

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
