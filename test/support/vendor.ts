import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { bodyOf, listenHttp } from './http-server.ts';

export interface VendorRequest {
  readonly method: string;
  /** Path and query as on the wire. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the vendor does with a request. */
export type Behaviour = (request: VendorRequest, response: ServerResponse, place: number) => void;

/** A system outside, at the socket: it keeps every request it saw, and answers as told. */
export interface Vendor {
  readonly origin: string;
  readonly requests: VendorRequest[];
  /** Replaces how it answers. */
  answer(behaviour: Behaviour): void;
  /** Resolves once that many requests have arrived. */
  arrived(count: number): Promise<void>;
  close(): Promise<void>;
}

export const ok: Behaviour = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end('{"ok":true}');
};

/** Gives the answers in turn; the last one stays. */
export function inTurn(...behaviours: readonly Behaviour[]): Behaviour {
  let next = 0;
  return (request, response, place) => {
    const behaviour = behaviours[Math.min(next++, behaviours.length - 1)]!;
    behaviour(request, response, place);
  };
}

export function status(code: number, headers: Record<string, string> = {}, body = '{}'): Behaviour {
  return (_request, response) => {
    response.writeHead(code, { 'content-type': 'application/json', ...headers });
    response.end(body);
  };
}

/** Takes the request in whole, and cuts the connection instead of answering. */
export const cut: Behaviour = (_request, response) => void response.socket?.destroy();

/** Never answers. */
export const silent: Behaviour = () => {};

export async function startVendor(): Promise<Vendor> {
  const requests: VendorRequest[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  let behaviour: Behaviour = ok;
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(incoming);
    const { method = '', url = '', headers } = incoming;
    const request = { method, target: url, headers, body };
    requests.push(request);
    waiting.filter(({ count }) => requests.length >= count).forEach(({ resolve }) => resolve());
    behaviour(request, response, requests.length);
  };
  const { origin, close } = await listenHttp((incoming, response) => {
    handle(incoming, response).catch(() => incoming.socket.destroy());
  });
  return {
    origin,
    requests,
    answer: (next) => {
      behaviour = next;
    },
    arrived: (count) =>
      requests.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push({ count, resolve })),
    close,
  };
}
