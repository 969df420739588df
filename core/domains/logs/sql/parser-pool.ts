import { Worker } from 'node:worker_threads';
import { SluiceError } from '../../../kernel/errors.ts';
import type { Json } from '../../../kernel/json.ts';
import { tooComplex } from './fault.ts';

export interface ParserPoolOptions {
  /** Threads at most; one parses one query at a time. */
  readonly workers?: number;
  /** Ms that one query may take to parse. */
  readonly timeoutMs?: number;
}

/** What the parser said: its tree, or why there is none. */
export type Parsed = { readonly tree: Json } | { readonly refusal: string };

type Answer = { readonly ready: true } | { readonly tree: string } | { readonly refusal: string } | { readonly trap: string };

interface Job {
  readonly text: string;
  readonly settle: (parsed: Parsed) => void;
  readonly fail: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  ready: boolean;
  job: Job | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Loading the parser took 60 ms; a machine that needs this long has other troubles. */
const START_LIMIT = 30_000;
const MOST_WAITING = 200;

/**
 * The threads that run the parser. One that traps or takes too long is ended and replaced: its query is answered
 * `query_too_complex`, and the next one finds a fresh parser.
 */
export class ParserPool {
  readonly #workers: number;
  readonly #timeoutMs: number;
  readonly #threads = new Set<Thread>();
  readonly #waiting: Job[] = [];
  #closed = false;

  constructor({ workers = 2, timeoutMs = 1000 }: ParserPoolOptions = {}) {
    this.#workers = workers;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws SqlFault query_too_complex; SluiceError UNAVAILABLE where too many wait already */
  parse(text: string): Promise<Parsed> {
    if (this.#closed) return Promise.reject(new SluiceError('UNAVAILABLE', 'The SQL parser is closed.', { retryAfter: 1 }));
    if (this.#waiting.length >= MOST_WAITING) {
      const message = `${MOST_WAITING} queries wait to be parsed. Try again in a second.`;
      return Promise.reject(new SluiceError('UNAVAILABLE', message, { retryAfter: 1 }));
    }
    return new Promise((settle, fail) => {
      this.#waiting.push({ text, settle, fail });
      this.#assign();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const gone = new SluiceError('UNAVAILABLE', 'The SQL parser is closing.', { retryAfter: 1 });
    for (const job of this.#waiting.splice(0)) job.fail(gone);
    for (const thread of this.#threads) thread.job?.fail(gone);
    await Promise.all([...this.#threads].map((thread) => this.#end(thread)));
  }

  #assign(): void {
    while (this.#waiting.length > 0) {
      const thread = [...this.#threads].find(({ ready, job }) => ready && !job);
      if (!thread) break;
      const job = this.#waiting.shift()!;
      thread.job = job;
      thread.worker.ref();
      thread.timer = setTimeout(() => this.#giveUp(thread), this.#timeoutMs);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's, not a window's
      thread.worker.postMessage(job.text);
    }
    const starting = [...this.#threads].filter(({ ready }) => !ready).length;
    const wanted = Math.min(this.#waiting.length - starting, this.#workers - this.#threads.size);
    for (let i = 0; i < wanted && !this.#closed; i++) this.#start();
  }

  #start(): void {
    const worker = new Worker(new URL('./parse-worker.js', import.meta.url), {
      // The process may have been started with a loader for TypeScript, which a thread neither needs nor can use.
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    });
    const thread: Thread = { worker, ready: false, job: undefined, timer: undefined };
    this.#threads.add(thread);
    thread.timer = setTimeout(() => this.#lose(thread, new Error('The SQL parser did not start.')), START_LIMIT);
    worker.on('message', (answer: Answer) => this.#hear(thread, answer));
    const ended = (error: Error): void => (thread.ready ? this.#giveUp(thread) : this.#lose(thread, error));
    worker.on('error', ended);
    worker.on('exit', () => ended(new Error('The SQL parser ended.')));
  }

  #hear(thread: Thread, answer: Answer): void {
    if (!this.#threads.has(thread)) return;
    if ('trap' in answer) {
      this.#giveUp(thread);
      return;
    }
    clearTimeout(thread.timer);
    const job = thread.job;
    thread.ready = true;
    thread.job = undefined;
    if ('tree' in answer) job?.settle({ tree: JSON.parse(answer.tree) as Json });
    else if ('refusal' in answer) job?.settle(answer);
    // An idle parser keeps no process alive.
    thread.worker.unref();
    this.#assign();
  }

  /** The thread's query was too much for it. */
  #giveUp(thread: Thread): void {
    this.#drop(thread, tooComplex('the query is too complex to be read: make it shorter, or nest it less'));
  }

  /** The thread never came up: whoever waits would wait in vain. */
  #lose(thread: Thread, error: Error): void {
    if (!this.#threads.has(thread)) return;
    for (const job of this.#waiting.splice(0)) job.fail(error);
    this.#drop(thread, error);
  }

  #drop(thread: Thread, error: Error): void {
    if (!this.#threads.has(thread)) return;
    void this.#end(thread);
    thread.job?.fail(error);
    if (!this.#closed) this.#assign();
  }

  async #end(thread: Thread): Promise<void> {
    this.#threads.delete(thread);
    clearTimeout(thread.timer);
    await thread.worker.terminate();
  }
}
