import type { ClientBase } from 'pg';
import type { Quotas, UsageDay, UsageStore } from '../../core/kernel/stores/usage.ts';

// In the order of the tenants, so that two that add cannot wait for each other.
const ADD = `
  INSERT INTO usage_days AS u (tenant_id, day, events, bytes, queries, storage)
  SELECT * FROM unnest($1::uuid[], $2::date[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
    AS d (tenant_id, day, events, bytes, queries, storage)
  ORDER BY tenant_id, day
  ON CONFLICT (tenant_id, day) DO UPDATE
    SET events = u.events + EXCLUDED.events, bytes = u.bytes + EXCLUDED.bytes, queries = u.queries + EXCLUDED.queries,
        storage = CASE WHEN EXCLUDED.storage = 0 THEN u.storage ELSE EXCLUDED.storage END`;

const LIST = `
  SELECT tenant_id AS "tenantId", day, events, bytes, queries, storage FROM usage_days
  WHERE tenant_id = $1 AND day BETWEEN $2::date AND $3::date ORDER BY day`;

const QUOTAS = `SELECT events, bytes, queries FROM usage_quotas WHERE tenant_id = $1`;

const SET_QUOTAS = `
  INSERT INTO usage_quotas (tenant_id, events, bytes, queries) VALUES ($1, $2, $3, $4)
  ON CONFLICT (tenant_id) DO UPDATE
    SET events = EXCLUDED.events, bytes = EXCLUDED.bytes, queries = EXCLUDED.queries`;

export function usageStore(client: ClientBase): UsageStore {
  return {
    async add(days) {
      const column = <K extends keyof UsageDay>(key: K): UsageDay[K][] => days.map((day) => day[key]);
      await client.query(ADD, [
        column('tenantId'),
        column('day'),
        column('events'),
        column('bytes'),
        column('queries'),
        column('storage'),
      ]);
    },
    async list(tenantId, from, to) {
      const { rows } = await client.query<UsageDay>(LIST, [tenantId, from, to]);
      return rows;
    },
    async quotas(tenantId) {
      const { rows } = await client.query<{ [K in keyof Quotas]: number | null }>(QUOTAS, [tenantId]);
      const { events, bytes, queries } = rows[0] ?? {};
      return {
        ...(typeof events === 'number' && { events }),
        ...(typeof bytes === 'number' && { bytes }),
        ...(typeof queries === 'number' && { queries }),
      };
    },
    async setQuotas(tenantId, { events, bytes, queries }) {
      await client.query(SET_QUOTAS, [tenantId, events ?? null, bytes ?? null, queries ?? null]);
    },
  };
}
