import type { ClientBase } from 'pg';
import type { CommitOutcome, NewResponse, ResponseLog } from '../../core/kernel/stores/forms.ts';
import type { Database } from '../open.ts';
import { recorded, type KeyRow } from './idempotency-store.ts';
import { insertRuns } from './runs/insert.ts';

// Keys are taken in their order, so that two batches cannot wait for each other. One older than 24 hours is as good
// as none.
const CLAIM = `
  INSERT INTO idempotency_keys AS k (tenant_id, route, key, body_hash, status, headers, answer)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::int[], $6::text[]::json[], $7::text[]::json[])
    AS c (tenant_id, route, key, body_hash, status, headers, answer)
  ORDER BY tenant_id, route, key
  ON CONFLICT (tenant_id, route, key) DO UPDATE
    SET body_hash = EXCLUDED.body_hash, status = EXCLUDED.status, headers = EXCLUDED.headers,
        answer = EXCLUDED.answer, created_at = now()
    WHERE k.created_at <= now() - interval '24 hours'
  RETURNING tenant_id, route, key`;

const BEFORE = `
  SELECT k.tenant_id, k.route, k.key, body_hash, status, headers, answer::text AS answer
  FROM idempotency_keys k
  JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS c (tenant_id, route, key) USING (tenant_id, route, key)`;

const INSERT = `
  INSERT INTO form_responses (tenant_id, id, form_id, answers, created_at)
  SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]::jsonb[], $5::timestamptz[])`;

interface Named {
  readonly tenant_id: string;
  readonly route: string;
  readonly key: string;
}

export function responseLog(db: Database): ResponseLog {
  return {
    commit(responses) {
      const tenants = [...new Set(responses.map((response) => response.tenantId))];
      return db.inTenants(tenants, (client) => commit(client, responses));
    },
  };
}

async function commit(client: ClientBase, responses: readonly NewResponse[]): Promise<CommitOutcome[]> {
  const before = await claimKeys(client, responses);
  const fresh = responses.filter((response) => !before.has(response));
  if (fresh.length > 0) {
    await client.query({
      name: 'responses-insert',
      text: INSERT,
      values: [
        fresh.map((r) => r.tenantId),
        fresh.map((r) => r.id),
        fresh.map((r) => r.formId),
        fresh.map((r) => JSON.stringify(r.answers)),
        fresh.map((r) => r.createdAt),
      ],
    });
    await insertRuns(
      client,
      fresh.flatMap((response) => response.runs),
    );
  }
  return responses.map((response) => {
    const row = before.get(response);
    return row ? { written: false, before: recorded(row) } : { written: true };
  });
}

/**
 * Takes the keys of those that have one. Two of a batch never share a key: the caller sees to it.
 * @returns the responses whose key was taken before, with what was answered then
 */
async function claimKeys(
  client: ClientBase,
  responses: readonly NewResponse[],
): Promise<Map<NewResponse, KeyRow>> {
  const keyed = new Map<string, NewResponse>();
  for (const response of responses) {
    const claim = response.idempotency;
    if (claim)
      keyed.set(nameOf({ tenant_id: response.tenantId, route: claim.route, key: claim.key }), response);
  }
  if (keyed.size === 0) return new Map();
  const all = [...keyed.values()];
  const { rows } = await client.query<Named>(CLAIM, [
    all.map((r) => r.tenantId),
    all.map((r) => r.idempotency!.route),
    all.map((r) => r.idempotency!.key),
    all.map((r) => r.idempotency!.bodyHash),
    all.map((r) => r.idempotency!.status),
    all.map(({ idempotency }) => (idempotency!.headers ? JSON.stringify(idempotency!.headers) : null)),
    all.map((r) => r.idempotency!.body),
  ]);
  for (const row of rows) keyed.delete(nameOf(row));
  if (keyed.size === 0) return new Map();
  const taken = [...keyed.values()];
  const found = await client.query<KeyRow & Named>(BEFORE, [
    taken.map((r) => r.tenantId),
    taken.map((r) => r.idempotency!.route),
    taken.map((r) => r.idempotency!.key),
  ]);
  return new Map(found.rows.map((row) => [keyed.get(nameOf(row))!, row]));
}

const nameOf = ({ tenant_id, route, key }: Named): string => JSON.stringify([tenant_id, route, key]);
