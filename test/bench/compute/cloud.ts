import { createServer, type AddressInfo } from 'node:net';
import { onMessages } from '../wire.ts';

/**
 * The cloud that is polled: `GET /environments/{id}/{state}` answers that state. It notes when each environment was asked
 * after. `POST /measured` forgets how long it was between polls so far; `GET /measured` gives it, in ms, and in `open` how
 * long ago each environment was last asked after: one that nobody asks after any more would be missing from the others.
 */
const last = new Map<string, number>();
let intervals: number[] = [];

function answer(start: string): string {
  const [method, path = ''] = start.split(' ');
  const now = performance.now();
  if (path === '/measured') {
    if (method === 'POST') intervals = [];
    const open = method === 'POST' ? [] : [...last.values()].map((at) => rounded(now - at));
    return JSON.stringify({ intervals, open });
  }
  const [, , id = '', state = ''] = path.split('/');
  // What is ready is not asked after again.
  if (state !== 'READY') note(id, now);
  return JSON.stringify({ state });
}

function note(id: string, now: number): void {
  const before = last.get(id);
  if (before !== undefined) intervals.push(rounded(now - before));
  last.set(id, now);
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

const server = createServer((socket) => {
  socket.on('error', () => {});
  onMessages(socket, ({ start }) => {
    const text = answer(start);
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.on('SIGTERM', () => process.exit(0));
