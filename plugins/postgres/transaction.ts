import { CONNECT_TIMEOUT } from './address.ts';
import type { Session } from './session.ts';

/**
 * Runs `work` between BEGIN and COMMIT, or ROLLBACK where it throws or `keep` says no.
 * @param begin sent with BEGIN, in its round trip.
 */
export async function transaction<T>(
  session: Session,
  work: () => Promise<T>,
  { begin = 'BEGIN', keep = () => true }: { begin?: string; keep?: (result: T) => boolean } = {},
): Promise<T> {
  try {
    // This never waits for anybody, so it finds a server that hangs.
    await session.send(begin, CONNECT_TIMEOUT);
    const result = await work();
    await session.send(keep(result) ? 'COMMIT' : 'ROLLBACK');
    return result;
  } catch (error) {
    if (session.alive) await session.send('ROLLBACK', CONNECT_TIMEOUT).catch(() => session.destroy());
    throw error;
  }
}
