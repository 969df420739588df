import { setTimeout as pause } from 'node:timers/promises';
import type { AppendBatch, AppendGuard, AppendOutcome } from '../../core/sdk.ts';
import { isLocked } from './faults.ts';
import { claimKeys } from './idempotency.ts';
import { quote } from './literal.ts';
import { noteBatches } from './outbox.ts';
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
      const stopped = (await begin(session, guard)) ?? (await claimKeys(session, guard.keys));
      if (stopped) await session.run('ROLLBACK');
      else {
        await noteBatches(session, batches, guard.noted);
        await writeAndCommit(session, maxPacket, batches);
      }
      return stopped ?? { outcome: 'appended' };
    } catch (error) {
      await rollBack(session);
      if (!isLocked(error) || attempt === ATTEMPTS || !session.alive) throw error;
      await pause(Math.random() * 50 * attempt);
    }
  }
}

/**
 * Opens the transaction and holds each family's fence until its end, so that nobody raises it under the writer. One round trip:
 * small groups of events are many, and what a commit takes is theirs.
 */
async function begin(session: Session, { epochs }: AppendGuard): Promise<AppendOutcome | undefined> {
  const families = Object.keys(epochs).sort();
  const names = families.map(quote).join(', ');
  const fence = `SELECT family, epoch FROM _fence WHERE family IN (${names}) ORDER BY family LOCK IN SHARE MODE`;
  // The first never waits for anybody, so it finds a server that hangs.
  const statements = families.length === 0 ? ['START TRANSACTION'] : ['START TRANSACTION', fence];
  const { rows } = await session.runAll(statements, CONNECT_TIMEOUT);
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

/** The rows, with the commit in the round trip of the last of them where that is text. */
async function writeAndCommit(
  session: Session,
  maxPacket: number,
  batches: readonly AppendBatch[],
): Promise<void> {
  const inserts = insertsOf(batches, maxPacket);
  for (let next = inserts.next(); !next.done; ) {
    const { sql, packet } = next.value;
    next = inserts.next();
    if (packet) await session.execute(sql, packet);
    else if (next.done) return void (await session.runAll([sql, 'COMMIT']));
    else await session.run(sql);
  }
  await session.run('COMMIT');
}

async function rollBack(session: Session): Promise<void> {
  if (!session.alive) return;
  await session.run('ROLLBACK', CONNECT_TIMEOUT).catch(() => session.destroy());
}
