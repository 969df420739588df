// @ts-check
// Runs the SQL parser in a thread of its own, for whoever waits for its answer without an event loop. The parser is
// WebAssembly: it takes a while to load, input that exhausts its stack leaves it in an unknown state, and some input
// takes it minutes. The thread that started this one ends it then.
// JavaScript, since a worker thread is started without the loader that reads TypeScript.
import { workerData } from 'node:worker_threads';
import { init, Parser } from '@guanmingchiu/sqlparser-ts';

/** @type {{ port: import('node:worker_threads').MessagePort, answers: Int32Array }} */
const { port, answers } = workerData;

/** What the parser and its tokenizer say themselves; all else that they throw is a trap. */
const SAID = /^sql parser error: (?!recursion limit)| at Line: \d+, Column: \d+$/;

/** @param {object} message */
function answer(message) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's, not a window's
  port.postMessage(message);
  Atomics.add(answers, 0, 1);
  Atomics.notify(answers, 0);
}

await init();
port.on('message', (/** @type {string} */ text) => {
  try {
    // A variant that holds nothing is a key with undefined: it must not go.
    answer({ tree: JSON.stringify(Parser.parse(text, 'duckdb'), (_, value) => value ?? null) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    answer(SAID.test(message) ? { refusal: message } : { trap: message });
  }
});
answer({ ready: true });
