import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** A worker as its row shows it. */
export interface ObservedWorker {
  readonly id: string;
  /** Rises for as long as it lives. */
  readonly beat: string;
  readonly host: string;
  readonly pid: number;
}

/** Where a worker runs, as far as one worker can tell whether another's process is still there. */
export function hostIdentity(): string {
  try {
    // Containers may share a host name; they do not share a process namespace.
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** True only where the worker's process is known to be gone: it was on this host, and nothing has its pid. */
export function isGone({ host, pid }: ObservedWorker): boolean {
  if (host !== hostIdentity()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

/** What one look adds to a silence at most, in ms: what nobody saw is not held against a worker. */
const LONGEST_LOOK = 2000;

/**
 * Tells dead workers from living ones. One whose process is gone from this host is dead at once; any other by its beats,
 * which are counters, against this observer's own monotonic clock, so that no jump of a wall clock kills anybody. Silence
 * is time observed: after a pause of the observer (its process was stopped, the database was away) everybody has the time
 * to beat again.
 */
export class WorkerObserver {
  readonly #seen = new Map<string, { readonly beat: string; readonly silentFor: number }>();
  readonly #deadAfter: number;
  #lookedAt: number | undefined;

  /** @param deadAfter ms without a beat */
  constructor(deadAfter = 5000) {
    this.#deadAfter = deadAfter;
  }

  /**
   * @param workers every registered one, as just read
   * @param now a monotonic time in ms
   * @returns the dead, each with the beat it stands at
   */
  judge(workers: readonly ObservedWorker[], now: number): Map<string, string> {
    const passed = Math.min(LONGEST_LOOK, now - (this.#lookedAt ?? now));
    this.#lookedAt = now;
    const dead = new Map<string, string>();
    for (const worker of workers) {
      const { id, beat } = worker;
      const seen = this.#seen.get(id);
      const silentFor = seen?.beat === beat ? seen.silentFor + passed : 0;
      this.#seen.set(id, { beat, silentFor });
      if (silentFor >= this.#deadAfter || isGone(worker)) dead.set(id, beat);
    }
    const ids = new Set(workers.map(({ id }) => id));
    for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id);
    return dead;
  }
}
