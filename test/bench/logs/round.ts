import { createServer, type AddressInfo } from 'node:net';
import type { Program } from '../process.ts';
import { onMessages } from '../wire.ts';

/**
 * The other half of `askRound`: a program that does rounds of work when asked over a socket, and prints where. For loops that
 * serve nothing themselves.
 * @param work does so many units of work
 */
export function serveRounds(work: (count: number) => Promise<void>): void {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    onMessages(socket, ({ start }) => {
      const began = performance.now();
      const count = Number(/count=(\d+)/.exec(start)?.[1]);
      const answer = (text: string): void => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
      };
      work(count).then(
        () => answer(String(performance.now() - began)),
        (error: unknown) => answer(`failed: ${String(error)}`),
      );
    });
  });
  server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  process.on('SIGTERM', () => process.exit(0));
}

/** Has a program do a round. @returns ms it took by the program's own clock */
export async function askRound(program: Program, count: number): Promise<number> {
  const text = await (await fetch(`${program.url}/round?count=${count}`, { method: 'POST' })).text();
  const ms = Number(text);
  if (!(ms > 0)) throw new Error(`A round ${text}`);
  return ms;
}
