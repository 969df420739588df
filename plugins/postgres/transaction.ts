import { CONNECT_TIMEOUT } from './address.ts';
import type { Session } from './session.ts';

/**
 * Runs `work` between BEGIN and COMMIT, or ROLLBACK where it throws.
 * @param begin sent with BEGIN, in its round trip.
 */
export async function transaction<T>(
  session: Session,
  work: () => Promise<T>,
  { begin = 'BEGIN' }: { begin?: string } = {},
): Promise<T> {
  try {
    // This never waits for anybody, so it finds a server that hangs.
    await session.send(begin, CONNECT_TIMEOUT);
    const result = await work();
    await session.send('COMMIT');
    return result;
  } catch (error) {
    if (session.alive) await session.send('ROLLBACK', CONNECT_TIMEOUT).catch(() => session.destroy());
    throw error;
  }
}
