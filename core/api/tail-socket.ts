import type { WebSocket } from 'ws';
import type { Tail } from '../domains/logs/tail/tail.ts';

/** In ms: how often the peer is asked whether it lives; who has not answered by the next time is cut off. */
const PING = 30_000;
/** How long a peer has to agree to the end. */
const LAST_WORDS = 1000;

/** Close codes of RFC 6455, section 7.4.1, and of its registry. */
export const CLOSE = { goingAway: 1001, policyViolation: 1008, tryAgainLater: 1013 } as const;

/**
 * A tail as messages of JSON text, until it ends or the peer leaves. What the peer says is not looked at.
 * @param reason why it ended: a close code
 */
export async function sendTail(socket: WebSocket, tail: Tail, reason: () => number): Promise<void> {
  const leave = (): void => tail.close();
  socket.once('close', leave).on('error', leave);
  const stop = keepAlive(socket);
  await send(socket, ['{"ready":true}']);
  while (!tail.ended) {
    const items = await tail.take(PING);
    await send(
      socket,
      items.map(({ text }) => text),
    );
  }
  stop();
  const cut = setTimeout(() => socket.terminate(), LAST_WORDS);
  socket.once('close', () => clearTimeout(cut));
  socket.close(reason());
}

/** Resolves once all of it is with the system, or nobody is there to take it. */
async function send(socket: WebSocket, texts: readonly string[]): Promise<void> {
  if (texts.length === 0 || socket.readyState !== socket.OPEN) return;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      socket.off('close', end);
      resolve();
    };
    socket.once('close', end);
    texts.forEach((text, i) => socket.send(text, i === texts.length - 1 ? end : undefined));
  });
}

/** Peers that went without a word, or take nothing any more, do not answer. */
function keepAlive(socket: WebSocket): () => void {
  let isAlive = true;
  socket.on('pong', () => {
    isAlive = true;
  });
  const timer = setInterval(() => {
    if (!isAlive) return socket.terminate();
    isAlive = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, PING);
  const stop = (): void => clearInterval(timer);
  socket.once('close', stop);
  return stop;
}
