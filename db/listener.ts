import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { connectionTo } from './connection.ts';

/** Called with a notification's payload. */
export type Handler = (payload: string) => void;

/** A connection that listens, and comes back when it is cut. */
export interface Listener {
  close(): Promise<void>;
}

/**
 * Listens on the given channels for as long as it is open.
 * @param onState `true` each time the channels are heard (again), `false` when they are not: what was notified in
 *   between is lost, so caches that live by notifications must be dropped
 */
export async function openListener(
  url: string,
  channels: Readonly<Record<string, Handler>>,
  onState: (listening: boolean) => void = () => {},
): Promise<Listener> {
  const closing = new AbortController();
  const { signal } = closing;
  let client: pg.Client | undefined;
  const connect = async (): Promise<void> => {
    const fresh = new pg.Client(connectionTo(url, { statement_timeout: '0' }));
    fresh.on('notification', ({ channel, payload }) => channels[channel]?.(payload ?? ''));
    fresh.on('error', () => {});
    let heard = false;
    fresh.once('end', () => {
      // One that was cut before it listened is its caller's to try again: two loops would each make a connection.
      if (!heard) return;
      onState(false);
      if (!signal.aborted) void reconnect();
    });
    try {
      await fresh.connect();
      for (const channel of Object.keys(channels)) await fresh.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      await fresh.end().catch(() => {});
      throw error;
    }
    if (signal.aborted) return fresh.end();
    heard = true;
    client = fresh;
    onState(true);
  };
  const reconnect = async (): Promise<void> => {
    for (let pause = 100; !signal.aborted; pause = Math.min(2000, pause * 2)) {
      try {
        await sleep(pause, undefined, { signal });
        return await connect();
      } catch {
        // Closed meanwhile, or still away: then tried again, a little later each time.
      }
    }
  };
  await connect();
  return {
    async close() {
      closing.abort();
      await client?.end();
    },
  };
}
