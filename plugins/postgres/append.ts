import { setTimeout as pause } from 'node:timers/promises';
import type { AppendBatch, AppendGuard, AppendOutcome, ShardTenant } from '../../core/sdk.ts';
import { CONNECT_TIMEOUT } from './address.ts';
import { isLocked } from './faults.ts';
import { claimKeys } from './idempotency.ts';
import { asTenant, familyLock, namesOf } from './names.ts';
import { noteBatches } from './outbox.ts';
import { copiesOf } from './rows.ts';
import type { Session } from './session.ts';

const ATTEMPTS = 3;

/** Fence, keys and rows in one transaction as the tenant's writing role. A deadlock undid all of it: it is tried again. */
export async function append(
  session: Session,
  tenant: ShardTenant,
  batches: readonly AppendBatch[],
  guard: AppendGuard,
): Promise<AppendOutcome> {
  for (let attempt = 1; ; attempt++) {
    try {
      const stopped = (await begin(session, tenant, guard)) ?? (await claimKeys(session, guard.keys));
      if (stopped) await session.send('ROLLBACK');
      else {
        await noteBatches(session, batches, guard.noted);
        await writeAndCommit(session, batches);
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
 * Opens the transaction and holds each family's lock until its end, so that nobody raises a fence under the writer. One round
 * trip: small groups of events are many, and what a commit takes is theirs.
 */
async function begin(
  session: Session,
  tenant: ShardTenant,
  { epochs }: AppendGuard,
): Promise<AppendOutcome | undefined> {
  const { schema, readWrite } = namesOf(tenant);
  const families = Object.keys(epochs).sort();
  const locks = families.map((family) => familyLock(schema, family, 'shared'));
  const names = families.map((family) => `'${family}'`).join(', ');
  const read = `SELECT family, epoch FROM _fence WHERE family IN (${names})`;
  // The first never waits for anybody, so it finds a server that hangs.
  const statements = ['BEGIN', asTenant(readWrite, schema), ...(families.length === 0 ? [] : [...locks, read])];
  const { rows } = await session.sendAll(statements, CONNECT_TIMEOUT);
  const fences = new Map(rows.map(([family, epoch]) => [String(family), Number(epoch)]));
  for (const family of families) {
    const [known = 0, fence] = [epochs[family], fences.get(family)];
    // A family that was never here is somewhere else by now, or still to be made.
    if (fence === undefined || known < fence) return { outcome: 'fenced', family };
    if (known > fence) {
      await session.run('UPDATE _fence SET epoch = GREATEST(epoch, $1) WHERE family = $2', [known, family]);
    }
  }
  return undefined;
}

/** The rows, with the commit in the round trip of the last of them. A COPY that fails keeps it from being run. */
async function writeAndCommit(session: Session, batches: readonly AppendBatch[]): Promise<void> {
  const copies = copiesOf(batches);
  for (const { sql, text } of copies.slice(0, -1)) await session.copyIn(sql, text);
  const last = copies.at(-1);
  if (last) await session.copyIn(`${last.sql}; COMMIT`, last.text);
  else await session.send('COMMIT');
}

async function rollBack(session: Session): Promise<void> {
  if (!session.alive) return;
  await session.send('ROLLBACK', CONNECT_TIMEOUT).catch(() => session.destroy());
}
