import { aboutBytes, type AppendBatch, type BatchNote } from '../../core/sdk.ts';
import type { Session } from './session.ts';

export const OUTBOX_COLUMNS =
  'seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, family text COLLATE "C" NOT NULL, first_id bigint NOT NULL, events bigint NOT NULL, bytes bigint NOT NULL';

/** Notes batches of these families in the open transaction: they are forwarded if they are written, and only then. */
export async function noteBatches(
  session: Session,
  batches: readonly AppendBatch[],
  families: readonly string[] = [],
): Promise<void> {
  const noted = batches.filter(({ family }) => families.includes(family));
  if (noted.length === 0) return;
  await session.run(
    'INSERT INTO _outbox (family, first_id, events, bytes) SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])',
    [
      noted.map(({ family }) => family),
      noted.map(({ firstId }) => firstId),
      noted.map(({ rows }) => rows.length),
      noted.map(aboutBytes),
    ],
  );
}

export async function readOutbox(session: Session, limit: number): Promise<BatchNote[]> {
  const { rows } = await session.run(
    `SELECT seq::text, family, first_id, events, bytes FROM _outbox ORDER BY seq LIMIT ${BigInt(limit)}`,
    [],
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
  await session.run('DELETE FROM _outbox WHERE seq = ANY($1::bigint[])', [notes.map(({ seq }) => seq)]);
}
