import type { AppendGuard, AppendOutcome } from '../../core/sdk.ts';
import type { Session } from './session.ts';

const KEPT = "now() - interval '24 hours'";

/**
 * Writes the keys into the open transaction. Of two writers with one key the second waits for the first to end.
 * @returns the outcome where a key was used before; the transaction must then be rolled back.
 */
export async function claimKeys(
  session: Session,
  keys: AppendGuard['keys'],
): Promise<AppendOutcome | undefined> {
  if (keys.length === 0) return undefined;
  // Always in one order: two writers that share keys then wait, and do not lock each other out.
  const sorted = [...keys].sort((a, b) => (a.key < b.key ? -1 : 1));
  const values = [sorted.map(({ key }) => key), sorted.map(({ bodyHash }) => bodyHash)];
  // An expired key is taken over; one that counts stays as it is, and is not among the rows changed.
  const { affected } = await session.run(
    'INSERT INTO _keys AS kept SELECT key, hash, now() FROM unnest($1::text[], $2::text[]) AS new(key, hash) ' +
      'ON CONFLICT (key) DO UPDATE SET body_hash = excluded.body_hash, created_at = excluded.created_at ' +
      `WHERE kept.created_at <= ${KEPT}`,
    values,
  );
  if (affected === keys.length) return undefined;
  // Own rows carry this transaction's time, and no other's may: those are told apart by the transaction that wrote them.
  const { rows } = await session.run(
    'SELECT key, body_hash FROM _keys WHERE key = ANY($1) AND xmin <> pg_current_xact_id()::xid ORDER BY key LIMIT 1',
    [values[0]],
  );
  const [key, bodyHash] = rows[0] ?? [];
  return { outcome: 'repeated', key: String(key), bodyHash: String(bodyHash) };
}

/** Drops keys that nobody may ask for any more, some at a time. */
export async function purgeKeys(session: Session, schema: string): Promise<void> {
  await session.send(
    `DELETE FROM "${schema}"._keys WHERE key IN (SELECT key FROM "${schema}"._keys WHERE created_at <= ${KEPT} LIMIT 10000)`,
  );
}
