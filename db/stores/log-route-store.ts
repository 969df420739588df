import type { LogRoute, LogRouteStore, PendingEvents } from '../../core/kernel/stores/log-routes.ts';
import type { LogRoute as LogRouteRow } from '../models/log-route.ts';
import { cut, pageOptions } from './page.ts';
import { orConflict, type Session } from './transaction.ts';

// In the order in which they were collected, as far as that is known: order among batches promises nothing.
const TAKE = `
  WITH taken AS (
    DELETE FROM log_pending WHERE (tenant_id, route_id, shard, seq) IN (
      SELECT tenant_id, route_id, shard, seq FROM log_pending
      WHERE tenant_id = $1 AND route_id = $2 AND family = $3 ORDER BY noted_at, shard, seq LIMIT $4
      FOR UPDATE SKIP LOCKED)
    RETURNING shard, seq, family, first_id, events, bytes, noted_at)
  SELECT shard, seq::text, family, first_id AS "firstId", events AS count, bytes FROM taken
  ORDER BY noted_at, shard, taken.seq`;

export function logRouteStore({ models, transaction, client }: Session): LogRouteStore {
  return {
    async insert({ families, ...route }) {
      await models.LogRoute.create({ ...route, families: families ?? null }, { transaction, silent: true });
    },
    async find(tenantId, id) {
      const row = await models.LogRoute.findOne({ where: { tenantId, id }, transaction });
      return row === null ? undefined : showRoute(row);
    },
    async list(tenantId, page) {
      const rows = await models.LogRoute.findAll({ ...pageOptions({ tenantId }, page), transaction });
      return cut(rows, page, showRoute);
    },
    async update({ tenantId, id, families, enabled }) {
      const row = await models.LogRoute.findOne({ where: { tenantId, id }, transaction, rejectOnEmpty: true });
      row.set({ families: families ?? null, enabled });
      return orConflict('log route', async () => showRoute(await row.save({ transaction })));
    },
    async delete(tenantId, id) {
      await models.LogRoute.destroy({ where: { tenantId, id }, transaction });
    },
    async byConnection(tenantId, connectionId, limit) {
      const where = { tenantId, connectionId };
      const rows = await models.LogRoute.findAll({ where, attributes: ['id'], order: ['id'], limit, transaction });
      return rows.map(({ id }) => id);
    },
    async takePending(tenantId, routeId, family, limit) {
      const { rows } = await client.query<PendingEvents>(TAKE, [tenantId, routeId, family, limit]);
      return rows;
    },
  };
}

function showRoute(row: LogRouteRow): LogRoute {
  const { tenantId, id, connectionId, families, enabled, createdAt, updatedAt } = row;
  const version = Number(row.version);
  return { tenantId, id, connectionId, families: families ?? undefined, enabled, version, createdAt, updatedAt };
}
