import type { Clock } from '../../kernel/clock.ts';
import { SluiceError } from '../../kernel/errors.ts';
import type { UnitOfWork } from '../../kernel/stores/stores.ts';
import type { Quotas, UsageDay } from '../../kernel/stores/usage.ts';

/** What one request used. */
export interface Used {
  readonly events?: number;
  readonly bytes?: number;
  readonly queries?: number;
}

/** Use is written this often, in ms; a process that is killed forgets what it counted since. */
const EVERY = 1000;
/** What other processes counted is read this often, in ms. */
const FRESH = 5000;
const DAY = 86_400_000;

const KINDS = ['events', 'bytes', 'queries'] as const;

/** A tenant's day so far: what is on record, and what this process counted since that was read. */
interface Today {
  readonly day: string;
  readonly until: number;
  readonly quotas: Quotas;
  readonly used: Record<(typeof KINDS)[number], number>;
}

type Counts = { -readonly [K in keyof UsageDay]: UsageDay[K] };

/** Counts what tenants use, by day (UTC), and keeps them to their quotas. */
export class Meter {
  readonly #work: UnitOfWork;
  readonly #clock: Clock;
  #pending = new Map<string, Counts>();
  readonly #today = new Map<string, Today>();
  #stop: (() => void) | undefined;
  /** The day of the last question, since the same is asked several times a request. */
  #date = { number: -1, text: '' };

  constructor({ work, clock }: { readonly work: UnitOfWork; readonly clock: Clock }) {
    this.#work = work;
    this.#clock = clock;
  }

  record(tenantId: string, used: Used): void {
    const counts = this.#counts(tenantId);
    const today = this.#today.get(tenantId);
    for (const kind of KINDS) {
      counts[kind] += used[kind] ?? 0;
      if (today?.day === counts.day) today.used[kind] += used[kind] ?? 0;
    }
  }

  /** Notes how many bytes a tenant keeps. */
  recordStorage(tenantId: string, bytes: number): void {
    this.#counts(tenantId).storage = bytes;
  }

  /** At once where the day's use is known. @throws SluiceError RATE_LIMITED where this much more would pass a quota */
  allow(tenantId: string, more: Used): Promise<void> | undefined {
    const known = this.#today.get(tenantId);
    const fresh = known && known.until > this.#clock.now() && known.day === this.#day();
    if (!fresh) return this.#read(tenantId).then((today) => this.#check(today, more));
    this.#check(known, more);
    return undefined;
  }

  #check({ quotas, used }: Today, more: Used): void {
    for (const kind of KINDS) {
      const quota = quotas[kind];
      if (quota === undefined || !more[kind] || used[kind] + more[kind] <= quota) continue;
      throw new SluiceError(
        'RATE_LIMITED',
        `The quota of ${quota} ${kind} a day would be passed: ${used[kind]} are used. It begins anew at 00:00 UTC.`,
        { retryAfter: this.#untilMidnight() },
      );
    }
  }

  /** Forgets a tenant's quotas, which have changed. */
  forget(tenantId: string): void {
    this.#today.delete(tenantId);
  }

  /** Writes what was counted. Where that fails it is kept for the next time. */
  async flush(): Promise<void> {
    this.#stop?.();
    this.#stop = undefined;
    const days = [...this.#pending.values()];
    if (days.length === 0) return;
    this.#pending = new Map();
    try {
      const tenants = [...new Set(days.map(({ tenantId }) => tenantId))];
      await this.#work.within(tenants, (stores) => stores.usage.add(days));
    } catch (error) {
      for (const day of days) this.#merge(day);
      this.#schedule();
      throw error;
    }
  }

  /** Counts no more: what comes after this is kept until `flush`. */
  async close(): Promise<void> {
    await this.flush();
  }

  #counts(tenantId: string): Counts {
    const day = this.#day();
    const name = `${tenantId} ${day}`;
    let counts = this.#pending.get(name);
    if (!counts) {
      counts = { tenantId, day, events: 0, bytes: 0, queries: 0, storage: 0 };
      this.#pending.set(name, counts);
      this.#schedule();
    }
    return counts;
  }

  #merge(day: UsageDay): void {
    const name = `${day.tenantId} ${day.day}`;
    const since = this.#pending.get(name);
    this.#pending.set(name, {
      ...day,
      events: day.events + (since?.events ?? 0),
      bytes: day.bytes + (since?.bytes ?? 0),
      queries: day.queries + (since?.queries ?? 0),
      storage: since?.storage || day.storage,
    });
  }

  #schedule(): void {
    this.#stop ??= this.#clock.after(EVERY, () => {
      this.#stop = undefined;
      // A failure has scheduled the next try.
      this.flush().catch(() => {});
    });
  }

  async #read(tenantId: string): Promise<Today> {
    await this.flush();
    const day = this.#day();
    const [quotas, days] = await this.#work.within([tenantId], async (stores) => [
      await stores.usage.quotas(tenantId),
      await stores.usage.list(tenantId, day, day),
    ]);
    const { events = 0, bytes = 0, queries = 0 } = days[0] ?? {};
    const pending = this.#pending.get(`${tenantId} ${day}`);
    const used = {
      events: events + (pending?.events ?? 0),
      bytes: bytes + (pending?.bytes ?? 0),
      queries: queries + (pending?.queries ?? 0),
    };
    const today = { day, until: this.#clock.now() + FRESH, quotas, used };
    if (this.#today.size >= 10_000) this.#today.clear();
    this.#today.set(tenantId, today);
    return today;
  }

  #day(): string {
    const number = Math.floor(this.#clock.now() / DAY);
    if (this.#date.number !== number) {
      this.#date = { number, text: new Date(number * DAY).toISOString().slice(0, 10) };
    }
    return this.#date.text;
  }

  #untilMidnight(): number {
    return Math.ceil((DAY - (this.#clock.now() % DAY)) / 1000);
  }
}
