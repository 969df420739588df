import type { EnvironmentDirectory } from '../../core/kernel/stores/compute.ts';
import type { Database } from '../open.ts';
import { showEnvironment, type EnvironmentColumns } from './environment-store.ts';

// Passing over those that another process takes at the same moment.
const TAKE_UNREAD = `
  UPDATE compute_environments SET read_at = now()
  WHERE (tenant_id, id) IN (
    SELECT tenant_id, id FROM compute_environments
    WHERE attachable AND read_at < now() - $1::float8 * interval '1 millisecond'
    ORDER BY read_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)
  RETURNING tenant_id AS "tenantId", id, name, definition, definition_version AS "definitionVersion",
    definition_hash AS "definitionHash", connection_id AS "connectionId", input, state, outputs, steps, error,
    operation_id AS "operationId", created_at AS "createdAt", updated_at AS "updatedAt", deleted_at AS "deletedAt"`;

const PURGE = `DELETE FROM compute_environments WHERE state = 'DELETED' AND deleted_at < now() - interval '30 days'`;

/** The environments of all tenants, as the engine's role sees them. */
export function environmentDirectory({ engine }: Pick<Database, 'engine'>): EnvironmentDirectory {
  return {
    async takeUnread(idleMs, limit) {
      const { rows } = await engine.query<EnvironmentColumns>(TAKE_UNREAD, [idleMs, limit]);
      return rows.map(showEnvironment);
    },
    async purgeDeleted() {
      const { rowCount } = await engine.query(PURGE);
      return rowCount ?? 0;
    },
  };
}
