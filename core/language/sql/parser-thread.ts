import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import type { Json } from '../../kernel/json.ts';

/** What the parser said: its tree, or why there is none. `trap`: the text was too much for it. */
export type Parsed = { readonly tree: Json } | { readonly refusal: string } | { readonly trap: true };

type Answer =
  | { readonly ready: true }
  | { readonly tree: string }
  | { readonly refusal: string }
  | { readonly trap: string };

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  /** How many answers there were. */
  readonly answers: Int32Array;
}

/** Loading the parser took 150 ms; a machine that needs this long has other troubles. */
const START_LIMIT = 30_000;
const PARSE_LIMIT = 2000;

let running: Thread | undefined;

/**
 * The parser's tree of a statement. Compiling a definition is synchronous and the parser loads only asynchronously, so
 * it runs in a thread that is waited for: started for the first file of SQL, replaced where a text was too much for it.
 */
export function parseSql(text: string): Parsed {
  const thread = (running ??= start());
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's, not a window's
  thread.port.postMessage(text);
  const answer = next(thread, PARSE_LIMIT);
  if (answer && 'tree' in answer) return { tree: JSON.parse(answer.tree) as Json };
  if (answer && 'refusal' in answer) return answer;
  end(thread);
  return { trap: true };
}

function start(): Thread {
  const { port1, port2 } = new MessageChannel();
  const answers = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./parse-worker.js', import.meta.url), {
    // The process may have been started with a loader for TypeScript, which a thread neither needs nor can use.
    execArgv: [],
    workerData: { port: port2, answers },
    transferList: [port2],
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
  // An idle parser keeps no process alive.
  worker.unref();
  port1.unref();
  const thread = { worker, port: port1, answers };
  if (!next(thread, START_LIMIT)) {
    end(thread);
    throw new Error('The SQL parser did not start.');
  }
  return thread;
}

function end({ worker, port }: Thread): void {
  running = undefined;
  port.close();
  void worker.terminate();
}

/** The next answer, waited for with this thread standing still; undefined where there is none in time. */
function next({ port, answers }: Thread, limitMs: number): Answer | undefined {
  const deadline = performance.now() + limitMs;
  while (true) {
    const seen = Atomics.load(answers, 0);
    const received: { readonly message: Answer } | undefined = receiveMessageOnPort(port);
    if (received) return received.message;
    const left = deadline - performance.now();
    if (left <= 0) return undefined;
    Atomics.wait(answers, 0, seen, left);
  }
}
