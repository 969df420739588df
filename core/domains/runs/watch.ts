import { setTimeout as sleep } from 'node:timers/promises';
import type { RunVersion } from '../../kernel/stores/runs.ts';
import type { UnitOfWork } from '../../kernel/stores/stores.ts';

/** How often the versions of the runs that somebody follows are looked at, in ms. */
const LOOK_MS = 250;

/** A follower of a run, until it hears of a version. */
interface Watcher {
  readonly tenantId: string;
  readonly id: string;
  /** Called with what was seen of the run at each look; undefined where it is not there (any more). */
  readonly see: (version: RunVersion | undefined) => void;
}

/**
 * Tells followers of runs when there is something new. One statement looks for all of them, however many there are, and
 * none is sent while nobody follows. What changes runs pays nothing for it: a notification a change would be one a poll
 * of each environment, heard by every process, and PostgreSQL commits those that notify one after the other.
 */
export class RunWatch {
  readonly #work: UnitOfWork;
  readonly #watchers = new Set<Watcher>();
  #looking = false;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  /**
   * Waits until the run's version is higher than `seen`.
   * @param isOver whether nothing is going to follow a state
   * @returns undefined where nothing newer comes: it is over, gone, or the signal aborted
   */
  newer(
    run: { readonly tenantId: string; readonly id: string },
    seen: number,
    isOver: (version: RunVersion) => boolean,
    signal: AbortSignal,
  ): Promise<RunVersion | undefined> {
    return new Promise((resolve) => {
      const done = (version: RunVersion | undefined): void => {
        signal.removeEventListener('abort', aborted);
        this.#watchers.delete(watcher);
        resolve(version);
      };
      const aborted = (): void => done(undefined);
      const watcher: Watcher = {
        ...run,
        see(version) {
          if (!version || version.version > seen || isOver(version)) {
            done(version && version.version > seen ? version : undefined);
          }
        },
      };
      if (signal.aborted) return resolve(undefined);
      signal.addEventListener('abort', aborted);
      this.#watchers.add(watcher);
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    // Those that came in the same turn are looked for at once, the others with the next look.
    await Promise.resolve();
    while (this.#watchers.size > 0) {
      await this.#lookOnce().catch(() => {
        // The database is away: they are told when it is back.
      });
      if (this.#watchers.size > 0) await sleep(LOOK_MS);
    }
    this.#looking = false;
  }

  async #lookOnce(): Promise<void> {
    const watchers = [...this.#watchers];
    const runs = new Map(watchers.map(({ tenantId, id }) => [id, tenantId]));
    const versions = await this.#work.within([...new Set(runs.values())], (stores) =>
      stores.runs.versions([...runs.values()], [...runs.keys()]),
    );
    for (const { id, see } of watchers) see(versions.get(id));
  }
}
