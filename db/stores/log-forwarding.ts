import type { Pool } from 'pg';
import type { Collected, LogForwarding } from '../../core/kernel/stores/log-routes.ts';

/** Of the one process that forwards at a time; it is the session's, and so ends with its process. */
const LOCK = `SELECT pg_try_advisory_lock(hashtext('sluice'), hashtext('forward')) AS locked`;
const UNLOCK = `SELECT pg_advisory_unlock(hashtext('sluice'), hashtext('forward'))`;

// A tenant is on a shard for certain once it has a table there.
const ROUTED = `
  SELECT t.tenant_id AS "tenantId", t.shard FROM log_tenants t
  WHERE EXISTS (SELECT FROM log_routes r WHERE r.tenant_id = t.tenant_id)
    AND EXISTS (SELECT FROM log_slices s JOIN log_families f ON f.tenant_id = s.tenant_id AND f.name = s.family
                WHERE s.tenant_id = t.tenant_id AND s.shard = t.shard AND f.applied > 0)
  ORDER BY t.shard, t.tenant_id`;

// The routes are locked, so that none is deleted between the look at it and the insert.
const COLLECT = `
  WITH routes AS (SELECT id, families FROM log_routes WHERE tenant_id = $1 AND enabled FOR KEY SHARE)
  INSERT INTO log_pending (tenant_id, route_id, shard, seq, family, first_id, events, bytes)
  SELECT $1, r.id, $2, n.seq, n.family, n.first_id, n.events, n.bytes
  FROM unnest($3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[])
    AS n (seq, family, first_id, events, bytes)
  JOIN routes r ON r.families IS NULL OR n.family = ANY (r.families)
  ON CONFLICT DO NOTHING`;

/** Most rows of a route that are looked at: where a sink was away for long there may be millions. */
const LOOKED_AT = 10_000;

const COLLECTED = `
  SELECT o.*, s.family, s.events, s.bytes, s."ageMs"
  FROM (
    SELECT r.tenant_id AS "tenantId", r.id AS "routeId", r.connection_id AS "connectionId", c.definition,
      (SELECT count(*) FROM (
        SELECT FROM runs u WHERE u.tenant_id = r.tenant_id AND u.connection_id = r.connection_id AND u.kind = 'forward'
          AND u.state IN ('queued', 'running', 'waiting') LIMIT $1) open) AS backlog
    FROM log_routes r JOIN connections c ON c.tenant_id = r.tenant_id AND c.id = r.connection_id
    WHERE r.enabled AND c.state = 'active'
      AND EXISTS (SELECT FROM log_pending p WHERE p.tenant_id = r.tenant_id AND p.route_id = r.id)
  ) o CROSS JOIN LATERAL (
    SELECT family, sum(events)::float8 AS events, sum(bytes)::float8 AS bytes,
      (extract(epoch FROM now() - min(noted_at)) * 1000)::float8 AS "ageMs"
    FROM (SELECT family, events, bytes, noted_at FROM log_pending p
          WHERE p.tenant_id = o."tenantId" AND p.route_id = o."routeId" ORDER BY noted_at LIMIT ${LOOKED_AT}) oldest
    GROUP BY family
  ) s WHERE o.backlog < $1`;

export function logForwarding(engine: Pool): LogForwarding {
  return {
    async alone(work) {
      const client = await engine.connect();
      let broken: Error | undefined;
      try {
        const { rows } = await client.query<{ locked: boolean }>(LOCK);
        if (rows[0]?.locked) await work().finally(() => client.query(UNLOCK));
      } catch (error) {
        // A session that may still hold the lock is closed.
        broken = new Error('The forwarding broke off.', { cause: error });
        throw error;
      } finally {
        client.release(broken);
      }
    },
    async routed() {
      const { rows } = await engine.query<{ tenantId: string; shard: string }>(ROUTED);
      return rows;
    },
    async collect(tenantId, shard, notes) {
      await engine.query(COLLECT, [
        tenantId,
        shard,
        notes.map(({ seq }) => seq),
        notes.map(({ family }) => family),
        notes.map(({ firstId }) => firstId),
        notes.map(({ count }) => count),
        notes.map(({ bytes }) => bytes),
      ]);
    },
    async collected(most) {
      const { rows } = await engine.query<Collected>(COLLECTED, [most]);
      return rows;
    },
  };
}
