import { connect, createServer } from 'node:net';
import type { PortState } from '../../kernel/host.ts';

const HOST = '127.0.0.1';
const PATIENCE_MS = 2000;

/** Listens on the port for a moment; where that cannot be, asks whether somebody answers there. */
export async function probePort(port: number): Promise<PortState> {
  if (await canListen(port)) return 'free';
  return (await isAnswered(port)) ? 'answered' : 'silent';
}

function canListen(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', () => settle(false));
    server.listen({ port, host: HOST, exclusive: true }, () => server.close(() => settle(true)));
  });
}

function isAnswered(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect({ port, host: HOST, timeout: PATIENCE_MS });
    const end = (answered: boolean) => (): void => {
      socket.destroy();
      settle(answered);
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });
}
