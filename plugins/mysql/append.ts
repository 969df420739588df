import { setTimeout as pause } from 'node:timers/promises';
import type { AppendBatch, AppendGuard, AppendOutcome } from '../../core/sdk.ts';
import { isLocked } from './faults.ts';
import { claimKeys } from './idempotency.ts';
import { quote } from './literal.ts';
import { insertsOf } from './rows.ts';
import { CONNECT_TIMEOUT, type Session } from './session.ts';

const ATTEMPTS = 3;

/** Fence, keys and rows in one transaction. A deadlock undid all of it, so it is tried again. */
export async function append(
  session: Session,
  maxPacket: number,
  batches: readonly AppendBatch[],
  guard: AppendGuard,
): Promise<AppendOutcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      // This never waits for anybody, so it finds a server that hangs.
      await session.run('START TRANSACTION', CONNECT_TIMEOUT);
      const outcome = await write(session, maxPacket, batches, guard);
      await session.run(outcome.outcome === 'appended' ? 'COMMIT' : 'ROLLBACK');
      return outcome;
    } catch (error) {
      await rollBack(session);
      if (!isLocked(error) || attempt === ATTEMPTS || !session.alive) throw error;
      await pause(Math.random() * 50 * attempt);
    }
  }
}

async function write(
  session: Session,
  maxPacket: number,
  batches: readonly AppendBatch[],
  guard: AppendGuard,
): Promise<AppendOutcome> {
  const stopped = (await checkFence(session, guard)) ?? (await claimKeys(session, guard.keys));
  if (stopped) return stopped;
  for (const { sql, values } of insertsOf(batches, maxPacket)) {
    await (values ? session.execute(sql, values) : session.run(sql));
  }
  return { outcome: 'appended' };
}

/** Holds each family's fence until the end of the transaction, so that nobody raises it under the writer. */
async function checkFence(session: Session, { epochs }: AppendGuard): Promise<AppendOutcome | undefined> {
  const families = Object.keys(epochs).sort();
  if (families.length === 0) return undefined;
  const names = families.map(quote).join(', ');
  const { rows } = await session.run(
    `SELECT family, epoch FROM _fence WHERE family IN (${names}) ORDER BY family LOCK IN SHARE MODE`,
  );
  const fences = new Map(rows.map(([family, epoch]) => [String(family), Number(epoch)]));
  for (const family of families) {
    const [known = 0, fence] = [epochs[family], fences.get(family)];
    // A family that was never here is somewhere else by now, or still to be made.
    if (fence === undefined || known < fence) return { outcome: 'fenced', family };
    if (known > fence) {
      await session.run(
        `UPDATE _fence SET epoch = GREATEST(epoch, ${known}) WHERE family = ${quote(family)}`,
      );
    }
  }
  return undefined;
}

async function rollBack(session: Session): Promise<void> {
  if (!session.alive) return;
  await session.run('ROLLBACK', CONNECT_TIMEOUT).catch(() => session.destroy());
}
