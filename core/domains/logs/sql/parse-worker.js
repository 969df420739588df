// @ts-check
// Runs the SQL parser in a thread of its own. The parser is WebAssembly: input that exhausts its stack leaves it in an
// unknown state, and some input takes it minutes. The thread that started this one ends it then.
// JavaScript, since a worker thread is started without the loader that reads TypeScript.
import { parentPort } from 'node:worker_threads';
import { init, Parser } from '@guanmingchiu/sqlparser-ts';

const port = parentPort;
if (!port) throw new Error('This file runs as a worker thread.');

/** What the parser says itself; all else that it throws is a trap. */
const SAID = /^sql parser error: (?!recursion limit)/;

await init();
port.on('message', (/** @type {string} */ text) => {
  try {
    port.postMessage({ tree: JSON.stringify(Parser.parse(text, 'mysql')) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    port.postMessage(SAID.test(message) ? { refusal: message } : { trap: message });
  }
});
port.postMessage({ ready: true });
