import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { TestExchange, TestReply } from '../../language/definition-test.ts';
import { mismatches, type ArrivedRequest } from './matching.ts';

/** A server on loopback that answers one test's requests as its exchanges say, in their order. */
export interface ExchangeServer {
  readonly url: string;
  /** Begins a test. `onTimeout` is called where a reply is to come too late; `onFailure` at the first surprise. */
  expect(exchanges: readonly TestExchange[], on: { timeout: () => void; failure: () => void }): void;
  /** What went wrong since, unused exchanges included. */
  failures(): string[];
  close(): Promise<void>;
}

export async function startExchangeServer(): Promise<ExchangeServer> {
  let left: TestExchange[] = [];
  let used = 0;
  let failures: string[] = [];
  let on = { timeout: () => {}, failure: () => {} };
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await arrived(incoming);
    const next = left.shift();
    used += 1;
    const wrong = next ? mismatches(next.expect ?? {}, request) : ['no further request was expected'];
    if (next && wrong.length === 0) return reply(next.reply ?? {}, incoming, response, on.timeout);
    failures.push(describe(used, request, wrong));
    on.failure();
    incoming.socket.destroy();
  };
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    expect(exchanges, handlers) {
      left = exchanges.flatMap((exchange) => Array.from({ length: exchange.times ?? 1 }, () => exchange));
      used = 0;
      failures = [];
      on = handlers;
    },
    failures() {
      const unused = left.length > 0 && failures.length === 0;
      return unused ? [`${left.length} of ${used + left.length} exchanges were not used, the first of them exchange ${used + 1}: ${JSON.stringify(left[0]?.expect ?? {})}`] : failures;
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

function describe(place: number, request: ArrivedRequest, wrong: readonly string[]): string {
  const list = wrong.map((text) => `\n    ${text}`).join('');
  return `request ${place}, ${request.method} ${request.headers.host ?? ''}${request.target}, is not the one expected:${list}`;
}
