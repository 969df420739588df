import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';

/** PEM of the certificate that `listenTls` serves: for api.vendor.test, localhost and 127.0.0.1. */
export const TEST_CA = readFileSync(new URL('tls/cert.pem', import.meta.url), 'utf8');
const TEST_KEY = readFileSync(new URL('tls/key.pem', import.meta.url), 'utf8');

/** A server under test, on a free port of 127.0.0.1. */
export interface Listening {
  readonly origin: string;
  readonly port: number;
  readonly close: () => Promise<void>;
}

export function listenHttp(handler: RequestListener): Promise<Listening> {
  return listening(createServer(handler), 'http');
}

export function listenTls(handler: RequestListener): Promise<Listening> {
  return listening(createHttpsServer({ cert: TEST_CA, key: TEST_KEY }, handler), 'https');
}

/** For answers no HTTP server would give: half a body, no body, a reset. */
export function listenTcp(handler: (socket: Socket) => void): Promise<Listening> {
  return listening(createTcpServer(handler), 'http');
}

/** The whole body of a request, as text. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function listening(server: Server | TcpServer, scheme: string): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${scheme}://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        sockets.forEach((socket) => socket.destroy());
      }),
  };
}
