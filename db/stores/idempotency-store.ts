import type { IdempotencyStore, RecordedAnswer } from '../../core/kernel/stores/idempotency.ts';
import type { Session } from './transaction.ts';

export interface KeyRow {
  readonly body_hash: Buffer;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>> | null;
  readonly answer: string;
}

const LOCK = `SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS free`;

// The answer as text: it is given again byte by byte.
const FIND = `
  SELECT body_hash, status, headers, answer::text AS answer FROM idempotency_keys
  WHERE tenant_id = $1 AND route = $2 AND key = $3 AND created_at > now() - interval '24 hours'`;

const RECORD = `
  INSERT INTO idempotency_keys AS k (tenant_id, route, key, body_hash, status, headers, answer)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (tenant_id, route, key) DO UPDATE
    SET body_hash = EXCLUDED.body_hash, status = EXCLUDED.status, headers = EXCLUDED.headers,
        answer = EXCLUDED.answer, created_at = now()`;

/**
 * Keys live and die with the transaction of what they guard: a request that failed or was cut leaves its key free, and
 * the one that was answered has its answer on record.
 */
export function idempotencyStore({ client, unawaited }: Session): IdempotencyStore {
  return {
    async claim(tenantId, { route, key }) {
      // Sent together, and done in this order: what is found was committed before the lock was asked for, or after.
      const [lock, { rows }] = await Promise.all([
        client.query<{ free: boolean }>(LOCK, [JSON.stringify([tenantId, route, key])]),
        client.query<KeyRow>(FIND, [tenantId, route, key]),
      ]);
      // What is on record is given to all who repeat the request at once: only one of them has the lock.
      if (rows[0]) return recorded(rows[0]);
      return lock.rows[0]?.free ? 'free' : 'busy';
    },
    async record(tenantId, { route, key, bodyHash }, { status, headers, body }) {
      const values = [tenantId, route, key, bodyHash, status, headers ? JSON.stringify(headers) : null, body];
      unawaited(client.query(RECORD, values));
    },
  };
}

export function recorded(row: KeyRow): RecordedAnswer & { bodyHash: Buffer } {
  return {
    bodyHash: row.body_hash,
    status: row.status,
    ...(row.headers !== null && { headers: row.headers }),
    body: row.answer,
  };
}
