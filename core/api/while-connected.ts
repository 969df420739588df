import type { IncomingMessage } from 'node:http';

/** Gives work a signal that aborts when the caller hangs up. */
export async function whileConnected<T>(
  { socket }: IncomingMessage,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal, forget } = hangUp({ socket });
  try {
    return await work(signal);
  } finally {
    forget();
  }
}

/** A signal that aborts when the caller hangs up, for work that goes on while the answer is sent. */
export function hangUp({ socket }: Pick<IncomingMessage, 'socket'>): {
  readonly signal: AbortSignal;
  /** The connection may serve other requests after this one. */
  readonly forget: () => void;
} {
  const gone = new AbortController();
  const abort = (): void => gone.abort();
  socket.once('close', abort);
  if (socket.destroyed) abort();
  return { signal: gone.signal, forget: () => void socket.off('close', abort) };
}
