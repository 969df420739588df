import type { Clock } from '../../../kernel/clock.ts';
import type { LogFamily } from '../../../kernel/stores/logs.ts';
import type { LogFilter } from '../filter/filter.ts';
import { matches } from '../filter/matches.ts';
import { parseFilter } from '../filter/parse.ts';
import type { TailedEvent } from './tailed-event.ts';

/** What one client may have waiting: events, and characters of them. */
export interface Backlog {
  readonly events: number;
  readonly characters: number;
}

/** JSON text: an event, or `{"dropped": n}` where that many did not fit. */
export interface TailItem {
  readonly kind: 'event' | 'dropped';
  readonly text: string;
}

/** Characters that are handed out at a time. */
const CHUNK = 64 * 1024;

/**
 * What one client is sent: a bounded queue behind a filter. Events that come while it is full are counted in their place, so
 * that a client that reads slowly costs no more than others.
 */
export class Tail {
  readonly #text: string;
  readonly #most: Backlog;
  readonly #clock: Clock;
  #onEnd: (() => void)[] = [];
  #filter: LogFilter;
  /** Of the family's schema that the filter was read against. */
  #version: number;
  #queue: (string | { dropped: number })[] = [];
  #events = 0;
  #characters = 0;
  #ended = false;
  #wake: () => void = () => {};

  /** @throws SluiceError VALIDATION_FAILED where the filter is none */
  constructor(
    text: string,
    family: LogFamily,
    on: { readonly most: Backlog; readonly clock: Clock },
  ) {
    this.#text = text;
    this.#filter = parseFilter(text, family.columns);
    this.#version = family.version;
    this.#most = on.most;
    this.#clock = on.clock;
  }

  /** What waits for the client. */
  get backlog(): Backlog {
    return { events: this.#events, characters: this.#characters };
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Queues an event, where it passes the filter, for the family as it is now. */
  offer(event: TailedEvent, family: LogFamily): void {
    if (this.#ended) return;
    if (family.version > this.#version) {
      this.#filter = parseFilter(this.#text, family.columns);
      this.#version = family.version;
    }
    if (!matches(this.#filter, event.stored)) return;
    if (this.#events >= this.#most.events || this.#characters >= this.#most.characters) return this.#drop();
    this.#queue.push(event.json);
    this.#events++;
    this.#characters += event.json.length;
    this.#wake();
  }

  /** What came since, oldest first: some of it, where it is much. Waits so many ms for the first, and then has nothing. */
  async take(patience: number): Promise<readonly TailItem[]> {
    if (this.#queue.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after(patience, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
      this.#wake = () => {};
    }
    const items: TailItem[] = [];
    let count = 0;
    for (let characters = 0; count < this.#queue.length && characters < CHUNK; count++) {
      const item = this.#itemOf(this.#queue[count]!);
      characters += item.text.length;
      items.push(item);
    }
    this.#queue.splice(0, count);
    return items;
  }

  /** Forgets what waits. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue = [];
    this.#events = this.#characters = 0;
    this.#wake();
    for (const callback of this.#onEnd.splice(0)) callback();
  }

  /** Calls back once it has ended; at once where it has. */
  onEnd(callback: () => void): void {
    if (this.#ended) callback();
    else this.#onEnd.push(callback);
  }

  #itemOf(queued: string | { readonly dropped: number }): TailItem {
    if (typeof queued !== 'string') return { kind: 'dropped', text: JSON.stringify(queued) };
    this.#events--;
    this.#characters -= queued.length;
    return { kind: 'event', text: queued };
  }

  #drop(): void {
    const last = this.#queue.at(-1);
    if (typeof last === 'object') last.dropped++;
    else this.#queue.push({ dropped: 1 });
  }
}
