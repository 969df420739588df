import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TestReply } from '../../language/definition-test.ts';
import { mismatches, type ArrivedRequest } from './matching.ts';
import { ExchangeScript } from './script.ts';

/** A server on loopback that answers one test's requests as its exchanges say, in their order. */
export interface ExchangeServer {
  readonly url: string;
  /** Begins a test. */
  play(script: ExchangeScript): void;
  close(): Promise<void>;
}

export async function startExchangeServer(): Promise<ExchangeServer> {
  let script = new ExchangeScript([], { timeout: () => {}, failure: () => {} });
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await arrived(incoming);
    const next = script.take(request, ({ expect = {} }) => mismatches(expect, request));
    if (next) return reply(next.reply ?? {}, incoming, response, () => script.timeout());
    incoming.socket.destroy();
  };
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    play(next) {
      script = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function arrived(incoming: IncomingMessage): Promise<ArrivedRequest> {
  const body = (await buffer(incoming)).toString('utf8');
  return { method: incoming.method ?? '', target: incoming.url ?? '', headers: incoming.headers, body };
}

function reply(reply: TestReply, incoming: IncomingMessage, response: ServerResponse, timeout: () => void): void {
  if (reply.fault === 'timeout') return timeout();
  if (reply.fault === 'reset') return void incoming.socket.destroy();
  const body = reply.json === undefined ? (reply.text ?? '') : JSON.stringify(reply.json);
  const type = reply.json === undefined ? {} : { 'content-type': 'application/json' };
  const headers = Object.entries(reply.headers ?? {}).map(([name, value]) => [name.toLowerCase(), typeof value === 'string' ? value : JSON.stringify(value)]);
  const all = { ...type, ...(Object.fromEntries(headers) as Record<string, string>) };
  if (reply.fault === 'afterHeaders') {
    response.writeHead(reply.status ?? 200, { ...all, 'content-length': String(Buffer.byteLength(body) + 1000) });
    response.write(body, () => incoming.socket.destroy());
    return;
  }
  response.writeHead(reply.status ?? 200, all);
  response.end(body);
}
