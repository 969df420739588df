import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The system both programs deliver to: it notes when each message arrived (ms since the epoch) and how often.
 * `GET /seen` gives the notes, `DELETE /seen` forgets them.
 */
const seen = new Map<string, { at: number; times: number }>();

const server = createServer((request, response) => {
  if (request.url === '/seen') {
    if (request.method === 'DELETE') seen.clear();
    return void response.end(JSON.stringify([...seen].map(([id, { at, times }]) => [id, at, times])));
  }
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    const { id } = JSON.parse(body) as { id: string };
    const known = seen.get(id);
    if (known) known.times += 1;
    else seen.set(id, { at: performance.timeOrigin + performance.now(), times: 1 });
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"ok":true}');
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.on('SIGTERM', () => process.exit(0));
