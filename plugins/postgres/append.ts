import { setTimeout as pause } from 'node:timers/promises';
import type { AppendBatch, AppendGuard, AppendOutcome, ShardTenant } from '../../core/sdk.ts';
import { isLocked } from './faults.ts';
import { claimKeys } from './idempotency.ts';
import { asTenant, familyLock, namesOf } from './names.ts';
import { noteBatches } from './outbox.ts';
import { copiesOf } from './rows.ts';
import type { Session } from './session.ts';
import { transaction } from './transaction.ts';

const ATTEMPTS = 3;

/** Fence, keys and rows in one transaction as the tenant's writing role. A deadlock undid all of it: it is tried again. */
export async function append(
  session: Session,
  tenant: ShardTenant,
  batches: readonly AppendBatch[],
  guard: AppendGuard,
): Promise<AppendOutcome> {
  const { schema, readWrite } = namesOf(tenant);
  const write = async (): Promise<AppendOutcome> => {
    const stopped = (await checkFence(session, schema, guard)) ?? (await claimKeys(session, guard.keys));
    if (stopped) return stopped;
    await noteBatches(session, batches, guard.noted);
    for (const { sql, text } of copiesOf(batches)) await session.copyIn(sql, text);
    return { outcome: 'appended' };
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction(session, write, {
        begin: `BEGIN; ${asTenant(readWrite, schema)}`,
        keep: ({ outcome }) => outcome === 'appended',
      });
    } catch (error) {
      if (!isLocked(error) || attempt === ATTEMPTS || !session.alive) throw error;
      await pause(Math.random() * 50 * attempt);
    }
  }
}

/** Holds each family's lock until the end of the transaction, so that nobody raises a fence under the writer. */
async function checkFence(
  session: Session,
  schema: string,
  { epochs }: AppendGuard,
): Promise<AppendOutcome | undefined> {
  const families = Object.keys(epochs).sort();
  if (families.length === 0) return undefined;
  const locks = families.map((family) => familyLock(schema, family, 'shared'));
  const names = families.map((family) => `'${family}'`).join(', ');
  const read = `SELECT family, epoch FROM _fence WHERE family IN (${names})`;
  const { rows } = await session.send([...locks, read].join('; '));
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
