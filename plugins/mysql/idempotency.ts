import type { AppendGuard, AppendOutcome } from '../../core/sdk.ts';
import { errorNumber } from './faults.ts';
import { quote } from './literal.ts';
import type { Session } from './session.ts';

const DUPLICATE = 1062;
const KEPT = 'UTC_TIMESTAMP(6) - INTERVAL 24 HOUR';

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
  const values = sorted.map(({ key, bodyHash }) => `(${quote(key)}, ${quote(bodyHash)}, UTC_TIMESTAMP(6))`);
  const insert = `INSERT INTO _keys (\`key\`, body_hash, created_at) VALUES ${values.join(', ')}`;
  try {
    await session.run(insert);
    return undefined;
  } catch (error) {
    if (errorNumber(error) !== DUPLICATE) throw error;
  }
  const names = sorted.map(({ key }) => quote(key)).join(', ');
  const { rows } = await session.run(
    `SELECT \`key\`, body_hash FROM _keys WHERE \`key\` IN (${names}) AND created_at > ${KEPT} ORDER BY \`key\` LIMIT 1`,
  );
  const [used] = rows;
  if (used) return { outcome: 'repeated', key: String(used[0]), bodyHash: String(used[1]) };
  await session.run(`DELETE FROM _keys WHERE \`key\` IN (${names}) AND created_at <= ${KEPT}`);
  await session.run(insert);
  return undefined;
}

/** Drops keys that nobody may ask for any more, some at a time. */
export async function purgeKeys(session: Session): Promise<void> {
  await session.run(`DELETE FROM _keys WHERE created_at <= ${KEPT} LIMIT 10000`);
}
