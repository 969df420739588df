import { readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Where a worker runs, as far as one worker can tell whether another's process is still there. */
export function hostIdentity(): string {
  try {
    // Containers may share a host name; they do not share a process namespace.
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/**
 * Tells dead workers from living ones by their beats. It goes by its own monotonic clock and compares counters, so
 * that no jump of a wall clock kills anybody.
 */
export class WorkerObserver {
  readonly #seen = new Map<string, { beat: string; since: number }>();
  readonly #deadAfter: number;

  /** @param deadAfter ms without a beat */
  constructor(deadAfter = 5000) {
    this.#deadAfter = deadAfter;
  }

  /**
   * @param beats every registered worker's counter, as just read
   * @param now a monotonic time in ms
   * @returns those that have stood still for too long, with the beat they stand at
   */
  judge(beats: ReadonlyMap<string, string>, now: number): Map<string, string> {
    const dead = new Map<string, string>();
    for (const [id, beat] of beats) {
      const seen = this.#seen.get(id);
      if (seen?.beat !== beat) this.#seen.set(id, { beat, since: now });
      else if (now - seen.since >= this.#deadAfter) dead.set(id, beat);
    }
    for (const id of this.#seen.keys()) if (!beats.has(id)) this.#seen.delete(id);
    return dead;
  }
}
