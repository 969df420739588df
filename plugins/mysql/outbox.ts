import { aboutBytes, type AppendBatch, type BatchNote } from '../../core/sdk.ts';
import { quote } from './literal.ts';
import type { Session } from './session.ts';

export const OUTBOX_COLUMNS =
  'seq BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, family VARCHAR(60) NOT NULL, first_id BIGINT NOT NULL, events BIGINT NOT NULL, bytes BIGINT NOT NULL';

/** Notes batches of these families in the open transaction: they are forwarded if they are written, and only then. */
export async function noteBatches(
  session: Session,
  batches: readonly AppendBatch[],
  families: readonly string[] = [],
): Promise<void> {
  const noted = batches.filter(({ family }) => families.includes(family));
  if (noted.length === 0) return;
  const rows = noted.map(
    (batch) => `(${quote(batch.family)}, ${batch.firstId}, ${batch.rows.length}, ${aboutBytes(batch)})`,
  );
  await session.run(`INSERT INTO _outbox (family, first_id, events, bytes) VALUES ${rows.join(', ')}`);
}

export async function readOutbox(session: Session, limit: number): Promise<BatchNote[]> {
  const { rows } = await session.run(
    `SELECT seq, family, first_id, events, bytes FROM _outbox ORDER BY seq LIMIT ${BigInt(limit)}`,
  );
  return rows.map(([seq, family, firstId, count, bytes]) => ({
    seq: String(seq),
    family: String(family),
    firstId: Number(firstId),
    count: Number(count),
    bytes: Number(bytes),
  }));
}

export async function clearOutbox(session: Session, notes: readonly BatchNote[]): Promise<void> {
  if (notes.length === 0) return;
  await session.run(`DELETE FROM _outbox WHERE seq IN (${notes.map(({ seq }) => BigInt(seq)).join(', ')})`);
}
