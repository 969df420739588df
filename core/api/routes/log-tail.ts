import type { Socket } from 'node:net';
import { Type } from 'typebox';
import type { Caller } from '../../domains/keys/caller.ts';
import type { Logs } from '../../domains/logs/logs.ts';
import type { Tail } from '../../domains/logs/tail/tail.ts';
import type { ChangeFeed } from '../../kernel/stores/stores.ts';
import { route, type Route } from '../route.ts';
import { closed } from '../schema.ts';
import { CLOSE, sendTail } from '../tail-socket.ts';
import { streamTail } from '../tail-stream.ts';
import { ownFamily } from './logs.ts';

const SSE = 'text/event-stream; charset=utf-8';

export interface TailDeps {
  readonly logs: Logs;
  readonly changes: ChangeFeed;
  /** Aborts when the server closes. */
  readonly closing: AbortSignal;
}

export function logTailRoutes({ logs, changes, closing }: TailDeps): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1/log-families/{family}/tail',
      tag: 'Logs',
      summary:
        'Events as they are committed, from the first `ready` on, each once: server-sent events, or with `Upgrade: websocket` messages of the same JSON. `{"dropped": n}` stands for events that a slow client had no room for.',
      access: 'tenant',
      scope: 'logs:read',
      query: closed({ q: Type.Optional(Type.String({ description: 'A filter as search takes it.' })) }),
      answers: {
        101: { description: 'The same as WebSocket messages. `Sec-WebSocket-Protocol: bearer.<key>` may carry the key.' },
        200: {
          description: '`event: ready`, then `{id, time, fields}`, an event each, and `event: dropped`.',
          type: 'text/event-stream',
        },
        429: { description: 'Too many tails are open.' },
      },
      webSocket: true,
      owner: ownFamily,
      async handle({ caller, owned, query, request }) {
        const headers = { 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' };
        if (request.method === 'HEAD') return { status: 200, headers, text: '', type: SSE };
        const tail = await logs.tails.open(owned, query.q ?? '');
        closeWith(tail, request.socket, closing);
        const isRevoked = closeOnRevocation(tail, caller, changes);
        const reason = (): number =>
          closing.aborted ? CLOSE.goingAway : isRevoked() ? CLOSE.policyViolation : CLOSE.tryAgainLater;
        return {
          status: 200,
          type: SSE,
          headers,
          stream: (response) => streamTail(response, tail),
          socket: (socket) => sendTail(socket, tail, reason),
        };
      },
    }),
  ];
}

/** Whatever becomes of the answer, the tail ends with its connection, and with the server. */
function closeWith(tail: Tail, socket: Socket, closing: AbortSignal): void {
  const end = (): void => tail.close();
  if (socket.destroyed || closing.aborted) return end();
  socket.once('close', end);
  closing.addEventListener('abort', end);
  tail.onEnd(() => {
    socket.off('close', end);
    closing.removeEventListener('abort', end);
  });
}

/** A change of a key is its revocation. Returns whether that is why the tail has ended. */
function closeOnRevocation(tail: Tail, caller: Caller, changes: ChangeFeed): () => boolean {
  let isRevoked = false;
  const unsubscribe = changes.subscribe((change) => {
    if (change?.noun !== 'key' || caller.kind !== 'tenant' || caller.actor !== `key:${change.id}`) return;
    isRevoked = true;
    tail.close();
  });
  tail.onEnd(unsubscribe);
  return () => isRevoked;
}
