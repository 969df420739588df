import type { Clock } from '../../../kernel/clock.ts';
import type { LogFamily } from '../../../kernel/stores/logs.ts';
import type { UnitOfWork } from '../../../kernel/stores/stores.ts';
import type { FamilyCache } from '../family-cache.ts';

/** In ms: the shortest time between two announcements, and how long it is believed that somebody tails a family. */
const SHORTEST = 20;
const BELIEVED = 60_000;

export interface AnnouncerDeps {
  readonly families: FamilyCache;
  readonly work: UnitOfWork;
  readonly clock: Clock;
}

/** Tells other processes, a few times a second, which families this one has written to. What is not told is found later. */
export class Announcer {
  readonly #deps: AnnouncerDeps;
  /** By tenant and name. */
  #waiting = new Map<string, LogFamily>();
  /** When it was last read who tails a family: nobody tells when a tail has ended. */
  readonly #read = new Map<string, number>();
  #isBusy = false;

  constructor(deps: AnnouncerDeps) {
    this.#deps = deps;
  }

  add(family: LogFamily): void {
    this.#waiting.set(`${family.tenantId} ${family.name}`, family);
    if (this.#isBusy) return;
    this.#isBusy = true;
    setImmediate(() => void this.#tell());
  }

  async #tell(): Promise<void> {
    while (this.#waiting.size > 0) {
      const families = [...this.#waiting.values()];
      this.#waiting = new Map();
      try {
        await this.#announce(families);
        for (const family of families) await this.#believe(family);
      } catch {
        // Those who tail look for themselves, only later.
      }
      await new Promise<void>((resolve) => void this.#deps.clock.after(SHORTEST, resolve));
    }
    this.#isBusy = false;
  }

  async #announce(families: readonly LogFamily[]): Promise<void> {
    const tenants = [...new Set(families.map(({ tenantId }) => tenantId))];
    await this.#deps.work.within(tenants, async (stores) => {
      for (const { tenantId, name } of families) await stores.changed({ noun: 'logEvents', tenantId, id: name });
    });
  }

  async #believe({ tenantId, name }: LogFamily): Promise<void> {
    const { clock, families } = this.#deps;
    const key = `${tenantId} ${name}`;
    const since = this.#read.get(key);
    if (since !== undefined && clock.now() - since < BELIEVED) return;
    if (this.#read.size >= 1000) this.#read.clear();
    this.#read.set(key, clock.now());
    if (since !== undefined) await families.read(tenantId, name);
  }
}
