import type { Socket } from 'node:net';
import { listenTcp } from './http-server.ts';

/** A request as it stood on the wire. Header names are lower case. */
export interface WireRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Counted over all connections, from 0. */
  readonly place: number;
}

/** What is written for a request, byte by byte if need be. The connection stays open unless the script ends it. */
export type Script = (socket: Socket, request: WireRequest) => void;

/** A vendor below HTTP: it reads requests, and answers with whatever bytes it is told. */
export interface WireVendor {
  readonly origin: string;
  readonly requests: WireRequest[];
  /** Connections taken so far. */
  connections(): number;
  answer(script: Script): void;
  close(): Promise<void>;
}

export async function startWireVendor(): Promise<WireVendor> {
  const requests: WireRequest[] = [];
  let script: Script = (socket) => void socket.destroy();
  let connections = 0;
  const listening = await listenTcp((socket) => {
    connections++;
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (let taken = take(received); taken; taken = take(received)) {
        received = received.subarray(taken.length);
        const request = { ...taken.request, place: requests.length };
        requests.push(request);
        script(socket, request);
      }
    });
  });
  return {
    origin: listening.origin,
    requests,
    connections: () => connections,
    answer: (next) => {
      script = next;
    },
    close: () => listening.close(),
  };
}

function take(received: Buffer): { request: Omit<WireRequest, 'place'>; length: number } | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [line = '', ...fields] = received.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    fields.map((field) => {
      const colon = field.indexOf(':');
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    }),
  );
  const length = end + 4 + Number(headers['content-length'] ?? 0);
  if (received.length < length) return undefined;
  const [method = '', target = ''] = line.split(' ');
  return { request: { method, target, headers, body: received.subarray(end + 4, length).toString() }, length };
}

/** A whole answer; its Content-Length is right unless `headers` give another. */
export function whole(status: string, headers: Readonly<Record<string, string>>, body: string | Buffer = ''): Script {
  return (socket) => void socket.write(answerOf(status, headers, body));
}

/** The bytes of an answer. */
export function answerOf(status: string, headers: Readonly<Record<string, string>>, body: string | Buffer = ''): Buffer {
  const bytes = Buffer.from(body as string);
  const fields = Object.entries({ 'content-length': String(bytes.length), ...headers });
  const head = `HTTP/1.1 ${status}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
}

/** Writes these bytes, and ends the connection. */
export function bytesThenEnd(bytes: string | Buffer): Script {
  return (socket) => void socket.end(bytes);
}

/** Writes these bytes, and resets the connection. */
export function bytesThenReset(bytes: string | Buffer): Script {
  return (socket) => void socket.write(bytes, () => socket.resetAndDestroy());
}
