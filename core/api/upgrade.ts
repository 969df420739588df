import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { WebSocketServer, type WebSocket } from 'ws';
import { SluiceError } from '../kernel/errors.ts';
import { uuid7 } from '../kernel/ids.ts';
import { describeError } from './describe-error.ts';
import { handlerOf, type Handle, type HandlerDeps } from './handle.ts';
import type { Metrics } from './metrics.ts';
import { pathPattern } from './path.ts';
import { sendProblem, toSluiceError } from './problem.ts';
import type { Route } from './route.ts';

/** Most bytes of a client's message. Beyond, the connection is closed with 1009. */
const MAX_PAYLOAD = 4096;
const VERSION = '13';
/** A browser cannot set headers of a WebSocket, only offer protocols. */
const BEARER = 'bearer.';

interface Place {
  readonly route: Route;
  readonly pattern: RegExp;
  readonly handle: Handle;
}

export interface UpgradeDeps extends HandlerDeps {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly closing: AbortSignal;
}

/**
 * Serves routes over WebSocket, where they can be: a request to upgrade goes the way of every request, and until that has
 * succeeded its answers are those of HTTP. Other upgrades, which RFC 9110 (7.8) lets a server ignore, are requests as usual.
 */
export function serveUpgrades(server: Server, routes: readonly Route[], deps: UpgradeDeps): void {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_PAYLOAD,
    handleProtocols: protocolOf,
  });
  const places = routes
    .filter(({ webSocket }) => webSocket)
    .map((route) => ({ route, pattern: pathPattern(route.path), handle: handlerOf(route, deps) }));

  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const { upgrade = '' } = request.headers;
    const path = pathOf(request);
    const place = places.find(({ pattern, route }) => pattern.test(path) && route.method === request.method);
    if (!place || upgrade.toLowerCase() !== 'websocket') return ignoreUpgrade(server, request, socket, head);
    // Nobody else listens while the request is looked at.
    socket.on('error', () => socket.destroy());
    void serve(place, request, socket, head);
  });

  async function serve(place: Place, request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    const requestId = uuid7();
    const done = deps.metrics.begin(place.route.method, place.route.path);
    let status = 101;
    socket.once('close', () => done(status));
    try {
      const speak = await open(place, request, requestId);
      if (!socket.destroyed) sockets.handleUpgrade(request, socket, head, (opened) => void speak(opened));
    } catch (thrown) {
      const error = toSluiceError(thrown);
      status = error.status;
      if (status >= 500) {
        deps.logger.error({ requestId, code: error.code, error: describeError(thrown) }, 'A request failed.');
      }
      if (!socket.destroyed) refuse(request, socket, error, requestId);
    }
  }

  async function open(
    { route, pattern, handle }: Place,
    request: IncomingMessage,
    requestId: string,
  ): Promise<(socket: WebSocket) => Promise<void>> {
    if (deps.closing.aborted) throw new SluiceError('UNAVAILABLE', 'The server is closing.', { retryAfter: 1 });
    checkHandshake(request);
    const key = bearerOf(request);
    if (key !== undefined) request.headers.authorization ??= `Bearer ${key}`;
    const params = Object.entries(pattern.exec(pathOf(request))?.groups ?? {}).map(([name, value]) => [
      name,
      decodeURIComponent(value),
    ]);
    const reply = await handle(request, Object.fromEntries(params) as Record<string, string>, requestId);
    if ('socket' in reply && reply.socket) return reply.socket;
    throw new Error(`The route ${route.path} has nothing to say over a WebSocket.`);
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?')[0]!;
}

/** RFC 6455, section 4.2.1. Looked at before anything is opened for it. */
function checkHandshake({ headers }: IncomingMessage): void {
  if (headers['sec-websocket-version'] !== VERSION) {
    const sent = headers['sec-websocket-version'] ?? 'none';
    throw new SluiceError('BAD_REQUEST', `The Sec-WebSocket-Version is ${sent}; ${VERSION} is served.`);
  }
  if (!/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? '')) {
    throw new SluiceError('BAD_REQUEST', 'The Sec-WebSocket-Key is not 16 bytes in Base64.');
  }
  const wrong = offeredBy(headers['sec-websocket-protocol']).find((name) => !/^[!#$%&'*+.^`|~\w-]+$/.test(name));
  if (wrong !== undefined) throw new SluiceError('BAD_REQUEST', 'The Sec-WebSocket-Protocol is not a list of names.');
}

function offeredBy(header: string | undefined): readonly string[] {
  return header === undefined ? [] : header.split(',').map((name) => name.trim());
}

function bearerOf({ headers }: IncomingMessage): string | undefined {
  const offered = offeredBy(headers['sec-websocket-protocol']).find((name) => name.startsWith(BEARER));
  return offered?.slice(BEARER.length);
}

/** A browser wants one of its protocols chosen. The key is repeated only where nothing else is offered. */
function protocolOf(offered: ReadonlySet<string>): string | false {
  const names = [...offered];
  return names.find((name) => !name.startsWith(BEARER)) ?? names[0] ?? false;
}

function refuse(request: IncomingMessage, socket: Socket, error: SluiceError, requestId: string): void {
  const response = new ServerResponse(request);
  response.assignSocket(socket);
  response.setHeader('X-Request-Id', requestId);
  response.setHeader('Connection', 'close');
  if (error.code === 'BAD_REQUEST') response.setHeader('Sec-WebSocket-Version', VERSION);
  response.once('finish', () => socket.destroySoon());
  sendProblem(response, error, requestId);
}

/** Gives a request back to the server, without what asked for the upgrade. */
function ignoreUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const [name = '', value = ''] = request.rawHeaders.slice(i, i + 2);
    if (!['upgrade', 'connection', 'http2-settings'].includes(name.toLowerCase())) lines.push(`${name}: ${value}`);
  }
  const again = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  socket.unshift(Buffer.concat([again, head]));
  server.emit('connection', socket);
}
