import { createServer, type AddressInfo } from 'node:net';
import { onMessages } from '../wire.ts';

/**
 * The system both programs deliver to: it notes when each message arrived (ms since the epoch) and how often.
 * `GET /seen` gives the notes, `DELETE /seen` forgets them.
 */
const seen = new Map<string, { at: number; times: number }>();

function answer(start: string, body: string): string {
  if (start.startsWith('GET /seen')) return JSON.stringify([...seen].map(([id, { at, times }]) => [id, at, times]));
  if (start.startsWith('DELETE /seen')) {
    seen.clear();
    return '[]';
  }
  const { id } = JSON.parse(body) as { id: string };
  const known = seen.get(id);
  if (known) known.times += 1;
  else seen.set(id, { at: performance.timeOrigin + performance.now(), times: 1 });
  return '{"ok":true}';
}

const server = createServer((socket) => {
  socket.on('error', () => {});
  onMessages(socket, ({ start, body }) => {
    const text = answer(start, body);
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.on('SIGTERM', () => process.exit(0));
