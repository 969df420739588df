import type { Clock } from '../../../kernel/clock.ts';
import { notFound } from '../../../kernel/errors.ts';
import type { AppendBatch } from '../../../kernel/logs.ts';
import type { LogFamily } from '../../../kernel/stores/logs.ts';
import type { UnitOfWork } from '../../../kernel/stores/stores.ts';
import type { FamilyCache } from '../family-cache.ts';
import { faultOf } from '../faults.ts';
import type { Shards } from '../shards.ts';
import { IdSet } from './id-set.ts';
import { Reader } from './reader.ts';
import type { Tail } from './tail.ts';
import { TailedEvent } from './tailed-event.ts';

/** In ms: how often a family is read where nothing is announced, and the shortest time between two reads. */
const EVERY = 1000;
const SHORTEST = 40;
/** How long the process stays on record as one that tails the family, in s, and how often it says so again, in ms. */
const ON_RECORD = 60;
const AGAIN = 20_000;
/** For how long a family may be out of reach before its tails are ended, in ms. */
const PATIENCE = 60_000;

export interface WatchDeps {
  readonly families: FamilyCache;
  readonly shards: Shards;
  readonly work: UnitOfWork;
  readonly clock: Clock;
  /** The name of this process among those that tail. */
  readonly process: string;
}

/** One family, for all in this process who tail it: finds its new events, each once. See tails.ts for how. */
export class Watch {
  readonly #deps: WatchDeps;
  readonly #reader: Reader;
  readonly #closing = new AbortController();
  readonly #tails = new Set<Tail>();
  readonly #seen = new IdSet();
  #family: LogFamily;
  /** No id below comes to be used any more; all that are used were seen. */
  #floor = 1;
  #started = false;
  #wake: () => void = () => {};
  #isWoken = false;
  #again = 0;

  constructor(deps: WatchDeps, family: LogFamily) {
    this.#deps = deps;
    this.#family = family;
    this.#reader = new Reader(deps, family, this.#closing.signal);
  }

  get tails(): ReadonlySet<Tail> {
    return this.#tails;
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Ranges of ids that are remembered as seen. */
  get memory(): number {
    return this.#seen.ranges.length;
  }

  /** From when this resolves, nothing that is committed is missed. @throws SluiceError UNAVAILABLE, NOT_FOUND */
  async start(): Promise<void> {
    this.#floor = await this.#register();
    for (const range of await this.#reader.present(this.#floor)) this.#seen.add(range);
    this.#started = true;
    void this.#run();
  }

  join(tail: Tail): void {
    this.#tails.add(tail);
  }

  leave(tail: Tail): void {
    this.#tails.delete(tail);
  }

  /** Events that this process has written, right after their commit. */
  deliver({ columns, firstId, rows, time }: AppendBatch): void {
    // Those that come before the start are not owed to anybody, and later ones of this process must not overtake them.
    if (this.#started && this.#tails.size > 0) {
      const { tenantId, name } = this.#family;
      const family = this.#deps.families.kept(tenantId, name) ?? this.#family;
      const stored = `${new Date(time).toISOString().slice(0, -1).replace('T', ' ')}000`;
      rows.forEach((values, i) => {
        const event = new TailedEvent(firstId + i, stored, columns, values);
        if (!this.#seen.has(event.id)) this.#offer(event, family);
      });
    }
    this.#seen.add({ first: firstId, end: firstId + rows.length });
  }

  /** Says that there may be new events. */
  wake(): void {
    this.#isWoken = true;
    this.#wake();
  }

  close(): void {
    this.#closing.abort();
    for (const tail of this.#tails) tail.close();
    this.#wake();
  }

  async #run(): Promise<void> {
    let reached = this.#deps.clock.now();
    while (!this.#closing.signal.aborted) {
      await this.#pause();
      try {
        await this.#sweep();
        reached = this.#deps.clock.now();
      } catch (error) {
        // Whatever came meanwhile is found by the next read. Who would wait in vain is told, by the end of the stream.
        const fault = faultOf(error);
        const isHopeless = fault === 'refused' || fault === 'denied';
        if (isHopeless || this.#deps.clock.now() - reached > PATIENCE) this.close();
      }
    }
  }

  /** Reads what was not seen, from the lowest id on, until there is no more. */
  async #sweep(): Promise<void> {
    this.#isWoken = false;
    // What is on record before a read holds for all that the read does not find.
    const floor = this.#deps.clock.now() >= this.#again ? await this.#register() : this.#floor;
    for (let full = true; full && !this.#closing.signal.aborted; ) {
      const page = await this.#reader.read(this.#seen.missingFrom(this.#floor));
      this.#family = page.family;
      for (const event of page.events) {
        if (this.#seen.has(event.id)) continue;
        this.#seen.add({ first: event.id, end: event.id + 1 });
        this.#offer(event, page.family);
      }
      full = page.full;
    }
    this.#floor = floor;
    this.#seen.forgetBelow(floor);
  }

  #offer(event: TailedEvent, family: LogFamily): void {
    for (const tail of this.#tails) tail.offer(event, family);
  }

  async #register(): Promise<number> {
    const { work, clock, process } = this.#deps;
    const { tenantId, name } = this.#family;
    const tailed = await work.within([tenantId], async (stores) => {
      const found = await stores.logFamilies.tail(tenantId, name, process, ON_RECORD);
      if (found?.isNew) await stores.changed({ noun: 'logFamily', tenantId, id: name });
      return found;
    });
    if (!tailed) throw notFound('log family');
    this.#again = clock.now() + AGAIN;
    return tailed.floor;
  }

  /** Until it is woken, or time. */
  async #pause(): Promise<void> {
    await this.#wait(SHORTEST, false);
    if (!this.#isWoken) await this.#wait(EVERY - SHORTEST, true);
  }

  #wait(ms: number, isWakeable: boolean): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        resolve();
      };
      const cancel = this.#deps.clock.after(ms, end);
      if (this.#closing.signal.aborted || (isWakeable && this.#isWoken)) return end();
      this.#wake = () => {
        if (isWakeable || this.#closing.signal.aborted) end();
      };
    });
  }
}
