import { LogStoreError } from '../../core/sdk.ts';
import type { Login, Session } from './session.ts';

/** A user of the server and how many connections it may have. */
export interface Account extends Login {
  /** Connections that are counted together; the user's name unless some are set apart. */
  readonly key: string;
  readonly limit: number;
  readonly purpose: 'administer' | 'read' | 'write' | 'cancel';
}

/** How long to wait for a free connection. */
export interface Patience {
  readonly ms: number;
  readonly signal?: AbortSignal | undefined;
}

type Connect = (account: Account) => Promise<Session>;

interface Pool {
  open: number;
  /** Least recently used first. */
  idle: { session: Session; since: number }[];
}

interface Waiter {
  readonly account: Account;
  readonly serve: (session: Promise<Session>) => void;
  readonly refuse: (error: Error) => void;
}

const IDLE_MS = 30_000;

/**
 * The connections to one server: a few for each user, closed when idle, and a cap over all of them. At the cap the
 * connection that has been idle longest makes room, whosever it is.
 */
export class Connections {
  readonly #connect: Connect;
  readonly #cap: number;
  readonly #pools = new Map<string, Pool>();
  readonly #waiting = new Set<Waiter>();
  #open = 0;
  #closed = false;
  #sweeper: NodeJS.Timeout | undefined;

  constructor(cap: number, connect: Connect) {
    this.#cap = cap;
    this.#connect = connect;
  }

  /** Lends a connection for the time of `work`; one that was lost meanwhile is not kept. */
  async use<T>(account: Account, patience: Patience, work: (session: Session) => Promise<T>): Promise<T> {
    const session = await (this.#take(account) ?? this.#wait(account, patience));
    try {
      return await work(session);
    } finally {
      this.#giveBack(account.key, session);
    }
  }

  /** Closes what a user has open and idle. */
  forget(key: string): void {
    const pool = this.#pools.get(key);
    for (const { session } of pool?.idle.splice(0) ?? []) this.#drop(key, session);
  }

  /** Idle connections are closed now, others when their work is done. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#sweeper);
    for (const waiter of this.#waiting) waiter.refuse(closedError());
    this.#waiting.clear();
    for (const key of [...this.#pools.keys()]) this.forget(key);
  }

  /** A connection at once, or undefined where one has to be waited for. */
  #take(account: Account): Promise<Session> | undefined {
    if (this.#closed) return Promise.reject(closedError());
    const pool = this.#poolOf(account.key);
    for (let kept = pool.idle.pop(); kept; kept = pool.idle.pop()) {
      if (kept.session.alive) return Promise.resolve(kept.session);
      this.#drop(account.key, kept.session);
    }
    if (pool.open >= account.limit) return undefined;
    // A query is cancelled so that others may run: that must not wait for them.
    if (this.#open >= this.#cap && account.purpose !== 'cancel' && !this.#makeRoom()) return undefined;
    return this.#openFor(account, this.#poolOf(account.key));
  }

  async #openFor(account: Account, pool: Pool): Promise<Session> {
    pool.open += 1;
    this.#open += 1;
    try {
      return await this.#connect(account);
    } catch (error) {
      this.#uncount(account.key);
      throw error;
    }
  }

  #wait(account: Account, { ms, signal }: Patience): Promise<Session> {
    return new Promise((settle, fail) => {
      const leave = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#waiting.delete(waiter);
      };
      const refuse = (error: Error): void => {
        leave();
        fail(error);
      };
      const waiter: Waiter = {
        account,
        refuse,
        serve(session) {
          leave();
          settle(session);
        },
      };
      const late = `All ${account.limit} connections of the tenant were busy for ${ms} ms.`;
      const fault = account.purpose === 'read' ? 'timeout' : 'unavailable';
      const timer = setTimeout(() => refuse(new LogStoreError(fault, late)), ms);
      const abort = (): void =>
        refuse(new LogStoreError('cancelled', 'The query was cancelled before it ran.'));
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort);
      this.#waiting.add(waiter);
    });
  }

  #giveBack(key: string, session: Session): void {
    if (session.alive && !this.#closed) {
      this.#poolOf(key).idle.push({ session, since: Date.now() });
      this.#sweeper ??= setInterval(() => this.#sweep(), 5000).unref();
    } else {
      this.#drop(key, session);
    }
    this.#serveWaiting();
  }

  #serveWaiting(): void {
    for (const waiter of [...this.#waiting]) {
      const session = this.#take(waiter.account);
      if (session) waiter.serve(session);
    }
  }

  #drop(key: string, session: Session): void {
    session.end();
    this.#uncount(key);
  }

  #uncount(key: string): void {
    const pool = this.#poolOf(key);
    pool.open -= 1;
    this.#open -= 1;
    if (pool.open === 0) this.#pools.delete(key);
    if (!this.#closed && this.#waiting.size > 0) queueMicrotask(() => this.#serveWaiting());
  }

  /** Closes the connection that has been idle longest. */
  #makeRoom(): boolean {
    let oldest: { key: string; pool: Pool; since: number } | undefined;
    for (const [key, pool] of this.#pools) {
      const since = pool.idle[0]?.since;
      if (since !== undefined && (!oldest || since < oldest.since)) oldest = { key, pool, since };
    }
    const leaving = oldest?.pool.idle.shift();
    if (!oldest || !leaving) return false;
    this.#drop(oldest.key, leaving.session);
    return true;
  }

  #sweep(): void {
    const before = Date.now() - IDLE_MS;
    for (const [key, pool] of [...this.#pools]) {
      while (pool.idle[0] && (pool.idle[0].since < before || !pool.idle[0].session.alive)) {
        const leaving = pool.idle.shift();
        if (leaving) this.#drop(key, leaving.session);
      }
    }
  }

  #poolOf(key: string): Pool {
    let pool = this.#pools.get(key);
    if (!pool) this.#pools.set(key, (pool = { open: 0, idle: [] }));
    return pool;
  }
}

function closedError(): LogStoreError {
  return new LogStoreError('unavailable', 'The shard was closed.');
}
