import type { LogDirectory, ShardLoad } from '../../core/kernel/stores/logs.ts';
import type { Database } from '../open.ts';
import { logForwarding } from './log-forwarding.ts';

const LOAD = `
  SELECT s.name,
    (SELECT count(DISTINCT (tenant_id, family)) FROM log_slices l WHERE l.shard = s.name) AS families,
    (SELECT coalesce(sum(bytes), 0)::bigint FROM log_tenants t WHERE t.shard = s.name) AS bytes
  FROM log_shards s`;

const TENANTS = `SELECT tenant_id AS "tenantId", shard FROM log_tenants ORDER BY tenant_id, shard`;

const RETAINED = `
  SELECT tenant_id AS "tenantId", name FROM log_families WHERE applied > 0 AND ($1 OR retention_days IS NOT NULL)
  ORDER BY tenant_id, name`;

// Kept with the other keys, and forgotten with them.
const ROUTE = 'logs';
const CLAIM = `
  INSERT INTO idempotency_keys AS k (tenant_id, route, key, body_hash, status, answer)
  VALUES ($1, '${ROUTE}', $2, decode($3, 'hex'), 200, '{}')
  ON CONFLICT (tenant_id, route, key) DO UPDATE
    SET body_hash = CASE WHEN k.created_at <= now() - interval '24 hours' THEN EXCLUDED.body_hash ELSE k.body_hash END,
        created_at = CASE WHEN k.created_at <= now() - interval '24 hours' THEN now() ELSE k.created_at END
  RETURNING encode(body_hash, 'hex') AS hash`;

export function logDirectory({ engine }: Pick<Database, 'engine'>): LogDirectory {
  return {
    forwarding: logForwarding(engine),
    async load() {
      const { rows } = await engine.query<ShardLoad & { name: string }>(LOAD);
      return new Map(rows.map(({ name, families, bytes }) => [name, { families, bytes }]));
    },
    async tenants() {
      const { rows } = await engine.query<{ tenantId: string; shard: string }>(TENANTS);
      return rows;
    },
    async retained(all) {
      const { rows } = await engine.query<{ tenantId: string; name: string }>(RETAINED, [all]);
      return rows;
    },
    async claimKey(tenantId, key, bodyHash) {
      const { rows } = await engine.query<{ hash: string }>(CLAIM, [tenantId, key, bodyHash]);
      return rows[0]!.hash;
    },
  };
}
