import type { Clock } from '../../../kernel/clock.ts';
import { SluiceError } from '../../../kernel/errors.ts';
import { uuid7 } from '../../../kernel/ids.ts';
import type { LogFamily } from '../../../kernel/stores/logs.ts';
import type { ChangeFeed, UnitOfWork } from '../../../kernel/stores/stores.ts';
import type { OnAppended } from '../appended.ts';
import type { FamilyCache } from '../family-cache.ts';
import { shardAway } from '../faults.ts';
import type { Shards } from '../shards.ts';
import { Announcer } from './announcer.ts';
import { Tail, type Backlog } from './tail.ts';
import { Watch } from './watch.ts';

/*
 * Live tail: from the moment it is open, a tail gets every event of its family that any process commits and that passes its
 * filter, once. Two ways lead to it.
 *
 * 1. What this process writes is handed over right after the commit, with the rows in hand.
 * 2. What other processes write is read from the shard: all ids that were not seen yet. A read is asked for by the announcement
 *    of a writer, which comes over the change feed, and happens each second anyhow. So an announcement may be lost, late or
 *    never sent, for the listener was cut off or the writer killed between its commit and it: its events come with the next
 *    read, and a shard that is away for a while loses none.
 *
 * The ids that were seen are the whole memory, and make it once. Ids are no order of commits among processes, since each has
 * blocks of its own, so a read looks into all gaps between seen ids, not only above the highest. Gaps do not pile up: a
 * process uses an id for half a minute after it was taken, and the control plane knows below which id all were taken more than
 * two minutes ago (`LogFamilyStore.tail`). Once a read that began after that was asked has succeeded, nothing below is looked
 * for any more. An event is missed only where its write takes a minute and a half from its id to its commit and its writer dies
 * besides.
 *
 * Order: a process hands out ids that rise, and takes an event's id when the event arrives. So of two events of one process, the
 * second sent when the first was answered, the first has the lower id and is visible whenever the second is. A read is one
 * statement, from the lowest gap on, and so keeps that order however much there is to read.
 *
 * What a family costs that nobody tails: a look into the family's cached record after each commit. Processes that tail stand in
 * it (`tailedBy`); only they are told.
 */

export interface TailLimits {
  /** Tails of one tenant, and of all, in this process. */
  readonly tenant: number;
  readonly process: number;
  /** What may wait for one client. */
  readonly backlog: Backlog;
}

export const TAIL_LIMITS: TailLimits = {
  tenant: 100,
  process: 1000,
  backlog: { events: 10_000, characters: 1024 * 1024 },
};

export interface TailsDeps {
  readonly families: FamilyCache;
  readonly shards: Shards;
  readonly work: UnitOfWork;
  readonly changes: ChangeFeed;
  readonly clock: Clock;
  readonly limits: TailLimits;
}

interface Watched {
  readonly watch: Watch;
  readonly started: Promise<void>;
  /** Tails that are open, or wait for the start. */
  users: number;
}

/** The live tails of one process. */
export class Tails {
  readonly #deps: TailsDeps;
  readonly #process = uuid7();
  readonly #announcer: Announcer;
  readonly #watched = new Map<string, Watched>();
  readonly #open = new Map<string, number>();
  readonly #unsubscribe: () => void;
  #count = 0;

  constructor(deps: TailsDeps) {
    this.#deps = deps;
    this.#announcer = new Announcer(deps);
    this.#unsubscribe = deps.changes.subscribe((change) => {
      if (change?.noun === 'logEvents') this.#watched.get(nameOf(change.tenantId, change.id))?.watch.wake();
      else if (!change) for (const { watch } of this.#watched.values()) watch.wake();
    });
  }

  /**
   * Opens a tail: it misses nothing that is committed from when this resolves. Whoever opens it closes it.
   * @param filter as search takes it; an empty one lets all pass
   * @throws SluiceError VALIDATION_FAILED, RATE_LIMITED, UNAVAILABLE
   */
  async open(family: LogFamily, filter: string): Promise<Tail> {
    const { clock, limits } = this.#deps;
    const { tenantId } = family;
    const tail = new Tail(filter, family, { most: limits.backlog, clock });
    this.#admit(tenantId);
    const watched = this.#watch(family);
    tail.onEnd(() => {
      this.#release(tenantId);
      watched.watch.leave(tail);
      this.#drop(family, watched);
    });
    try {
      await watched.started;
      if (watched.watch.isClosed) throw shardAway(family.homes[0]?.shard ?? '');
    } catch (error) {
      tail.close();
      throw error;
    }
    watched.watch.join(tail);
    return tail;
  }

  /** What ingest calls: see `OnAppended`. */
  readonly appended: OnAppended = (tenantId, batches) => {
    for (const batch of batches) {
      if (this.#watched.size > 0) this.#watched.get(nameOf(tenantId, batch.family))?.watch.deliver(batch);
      const family = this.#deps.families.kept(tenantId, batch.family);
      if (family) this.#announce(family);
      else void this.#announceUnknown(tenantId, batch.family);
    }
  };

  /** Open tails, with what waits in them, and how many ranges of ids are remembered. */
  get load(): { readonly tails: readonly Backlog[]; readonly ranges: number } {
    const watches = [...this.#watched.values()].map(({ watch }) => watch);
    return {
      tails: watches.flatMap((watch) => [...watch.tails].map(({ backlog }) => backlog)),
      ranges: watches.reduce((sum, { memory }) => sum + memory, 0),
    };
  }

  /** Ends all tails. */
  close(): void {
    this.#unsubscribe();
    for (const { watch } of this.#watched.values()) watch.close();
  }

  #announce(family: LogFamily): void {
    if (family.tailedBy.some((process) => process !== this.#process)) this.#announcer.add(family);
  }

  /** A family that changed while it was being written to. */
  async #announceUnknown(tenantId: string, name: string): Promise<void> {
    const family = await this.#deps.families.read(tenantId, name).catch(() => undefined);
    if (family) this.#announce(family);
  }

  #watch(family: LogFamily): Watched {
    const name = nameOf(family.tenantId, family.name);
    let watched = this.#watched.get(name);
    if (!watched || watched.watch.isClosed) {
      const watch = new Watch({ ...this.#deps, process: this.#process }, family);
      watched = { watch, started: watch.start(), users: 0 };
      this.#watched.set(name, watched);
    }
    watched.users++;
    return watched;
  }

  #drop({ tenantId, name }: LogFamily, watched: Watched): void {
    if (--watched.users > 0) return;
    watched.watch.close();
    if (this.#watched.get(nameOf(tenantId, name)) === watched) this.#watched.delete(nameOf(tenantId, name));
  }

  #admit(tenantId: string): void {
    const { tenant, process } = this.#deps.limits;
    const open = this.#open.get(tenantId) ?? 0;
    if (open >= tenant || this.#count >= process) {
      const whose = open >= tenant ? `This tenant has ${open} live tails open` : `${this.#count} live tails are open`;
      const detail = `${whose} at this server, which is the most. Close one, or try again later.`;
      throw new SluiceError('RATE_LIMITED', detail, { retryAfter: 5 });
    }
    this.#open.set(tenantId, open + 1);
    this.#count++;
  }

  #release(tenantId: string): void {
    this.#count--;
    const open = (this.#open.get(tenantId) ?? 1) - 1;
    if (open === 0) this.#open.delete(tenantId);
    else this.#open.set(tenantId, open);
  }
}

function nameOf(tenantId: string, family: string): string {
  return `${tenantId} ${family}`;
}
