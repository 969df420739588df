import type { ClientBase } from 'pg';
import type { LogFamily, LogFamilyColumn, LogFamilyStore, LogHome } from '../../core/kernel/stores/logs.ts';
import type { Session } from './transaction.ts';

const READ = `
  SELECT f.tenant_id AS "tenantId", f.name, f.version, f.applied, f.retention_days AS "retentionDays",
    f.created_at AS "createdAt",
    (SELECT json_agg(json_build_object('name', c.name, 'type', c.type, 'version', c.version) ORDER BY c.position)
     FROM log_columns c WHERE c.tenant_id = f.tenant_id AND c.family = f.name) AS columns,
    (SELECT json_agg(json_build_object('shard', s.shard, 'epoch', s.epoch) ORDER BY s.shard)
     FROM (SELECT shard, max(epoch) AS epoch FROM log_slices
           WHERE tenant_id = f.tenant_id AND family = f.name GROUP BY shard) s) AS homes,
    (SELECT json_agg(t.process) FROM log_tails t
     WHERE t.tenant_id = f.tenant_id AND t.family = f.name AND t.until > now()) AS "tailedBy",
    EXISTS (SELECT FROM log_routes r WHERE r.tenant_id = f.tenant_id AND r.enabled
            AND (r.families IS NULL OR f.name = ANY (r.families))) AS forwarded
  FROM log_families f WHERE f.tenant_id = $1`;

const FIND = `${READ} AND lower(f.name) = lower($2)`;
const LIST = `${READ} ORDER BY f.name`;

// By itself: what a waiting statement reads beside the locked row would be as old as the wait.
const LOCK = `SELECT FROM log_families WHERE tenant_id = $1 AND lower(name) = lower($2) FOR UPDATE`;

const INSERT = `
  WITH made AS (
    INSERT INTO log_families (tenant_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING tenant_id, name)
  INSERT INTO log_slices (tenant_id, family, slice, shard)
  SELECT tenant_id, name, slice, $3 FROM made, generate_series(0, 63) slice`;

const RAISE = `UPDATE log_families SET version = version + 1 WHERE tenant_id = $1 AND name = $2 RETURNING version`;

const APPLIED = `
  UPDATE log_families SET applied = greatest(applied, $3) WHERE tenant_id = $1 AND name = $2`;

const OLD = `id_marked_at < now() - interval '2 minutes'`;
const MARK = `
  id_floor = CASE WHEN ${OLD} THEN id_mark ELSE id_floor END,
  id_mark = CASE WHEN ${OLD} THEN next_id ELSE id_mark END,
  id_marked_at = CASE WHEN ${OLD} THEN now() ELSE id_marked_at END`;

// The last id is 2^53 - 1: next_id may come to stand at 2^53.
const TAKE = `
  UPDATE log_families SET next_id = next_id + $3::bigint, ${MARK}
  WHERE tenant_id = $1 AND name = $2 AND next_id <= 9007199254740992 - $3::bigint
  RETURNING next_id - $3::bigint AS first`;

// What is returned is given out again, so that it is not too low to be used any more.
const RETURN = `
  UPDATE log_families SET next_id = $3, id_mark = least(id_mark, $3), id_floor = least(id_floor, $3)
  WHERE tenant_id = $1 AND name = $2 AND next_id = $4`;

// Of processes that were killed: nobody else takes their names away.
const FORGET_TAILS = `DELETE FROM log_tails WHERE tenant_id = $1 AND family = $2 AND until <= now()`;

// Whoever was inserted, and not updated, has no former version.
const TAIL = `
  WITH family AS (UPDATE log_families SET ${MARK} WHERE tenant_id = $1 AND name = $2 RETURNING tenant_id, name, id_floor)
  INSERT INTO log_tails (tenant_id, family, process, until)
  SELECT tenant_id, name, $3, now() + make_interval(secs => $4) FROM family
  ON CONFLICT (tenant_id, family, process) DO UPDATE SET until = EXCLUDED.until
  RETURNING (SELECT id_floor FROM family) AS floor, xmax = 0 AS "isNew"`;

export function logFamilyStore({ models, transaction, client }: Session): LogFamilyStore {
  return {
    async list(tenantId) {
      const { rows } = await client.query<Row>(LIST, [tenantId]);
      return rows.map(show);
    },
    find: (tenantId, name) => find(client, tenantId, name),
    async lock(tenantId, name) {
      await client.query(LOCK, [tenantId, name]);
      return find(client, tenantId, name);
    },
    async insert(tenantId, name, shard) {
      await client.query(INSERT, [tenantId, name, shard]);
    },
    async addColumns({ tenantId, name: family, columns }, added) {
      const { rows } = await client.query<{ version: number }>(RAISE, [tenantId, family]);
      const version = rows[0]!.version;
      await models.LogColumn.bulkCreate(
        added.map(({ name, type }, i) => ({
          tenantId,
          family,
          name,
          type,
          position: columns.length + i,
          version,
        })),
        { transaction },
      );
      return (await find(client, tenantId, family))!;
    },
    async setApplied(tenantId, name, version) {
      await client.query(APPLIED, [tenantId, name, version]);
    },
    async setRetention(tenantId, name, days) {
      await models.LogFamily.update(
        { retentionDays: days ?? null },
        { where: { tenantId, name }, transaction },
      );
    },
    async takeIds(tenantId, name, count) {
      const { rows } = await client.query<{ first: number }>(TAKE, [tenantId, name, count]);
      return rows[0]?.first;
    },
    async returnIds(tenantId, name, from, end) {
      await client.query(RETURN, [tenantId, name, from, end]);
    },
    async tail(tenantId, name, process, seconds) {
      await client.query(FORGET_TAILS, [tenantId, name]);
      const { rows } = await client.query<{ floor: number; isNew: boolean }>(TAIL, [tenantId, name, process, seconds]);
      return rows[0];
    },
  };
}

interface Row {
  readonly tenantId: string;
  readonly name: string;
  readonly version: number;
  readonly applied: number;
  readonly retentionDays: number | null;
  readonly createdAt: Date;
  readonly columns: readonly LogFamilyColumn[] | null;
  readonly homes: readonly LogHome[] | null;
  readonly tailedBy: readonly string[] | null;
  readonly forwarded: boolean;
}

async function find(client: ClientBase, tenantId: string, name: string): Promise<LogFamily | undefined> {
  const { rows } = await client.query<Row>(FIND, [tenantId, name]);
  return rows[0] && show(rows[0]);
}

function show(row: Row): LogFamily {
  return {
    ...row,
    columns: row.columns ?? [],
    homes: row.homes ?? [],
    tailedBy: row.tailedBy ?? [],
    retentionDays: row.retentionDays ?? undefined,
  };
}
