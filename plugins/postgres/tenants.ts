import type { ShardTenant } from '../../core/sdk.ts';
import { sqlState } from './faults.ts';
import { namesOf } from './names.ts';
import { OUTBOX_COLUMNS } from './outbox.ts';
import type { Server } from './server.ts';
import { transaction } from './transaction.ts';

const ATTEMPTS = 10;

/**
 * Roles are the cluster's while locks are a database's: shards of one cluster that open one tenant at the same time
 * meet as duplicates (42710, 23505) or as changes to one row (XX000 "tuple concurrently updated").
 */
const MET = new Set(['42710', '23505', 'XX000', '40P01', '55P03']);

/** Makes what is missing of a tenant's roles, schema, grants and the tables of our own. */
export async function openTenant(server: Server, tenant: ShardTenant): Promise<void> {
  const { schema, readOnly, readWrite } = namesOf(tenant);
  const statements = [
    `SELECT pg_advisory_xact_lock(hashtextextended('${schema}', 0))`,
    // Anybody may make temporary tables, in read-only transactions as well, unless that is taken away.
    "DO $$ BEGIN IF has_database_privilege('public', current_database(), 'TEMP') THEN " +
      "EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END IF; END $$",
    ...[readOnly, readWrite].map(
      (role) =>
        `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') THEN ` +
        `CREATE ROLE "${role}" NOLOGIN NOINHERIT; GRANT "${role}" TO CURRENT_USER; END IF; END $$`,
    ),
    `CREATE SCHEMA IF NOT EXISTS "${schema}"`,
    `CREATE TABLE IF NOT EXISTS "${schema}"._fence (family text COLLATE "C" PRIMARY KEY, epoch bigint NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS "${schema}"._keys (key text COLLATE "C" PRIMARY KEY, ` +
      'body_hash text NOT NULL, created_at timestamptz NOT NULL)',
    `CREATE INDEX IF NOT EXISTS _keys_created_at ON "${schema}"._keys (created_at)`,
    `CREATE TABLE IF NOT EXISTS "${schema}"._outbox (${OUTBOX_COLUMNS})`,
    `GRANT USAGE ON SCHEMA "${schema}" TO "${readOnly}", "${readWrite}"`,
    // Tables are made and altered by the administrator alone; the reader gets them one by one.
    `GRANT SELECT, UPDATE ON "${schema}"._fence TO "${readWrite}"`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON "${schema}"._keys, "${schema}"._outbox TO "${readWrite}"`,
  ];
  for (let attempt = 1; ; attempt++) {
    try {
      await server.administer((session) => transaction(session, () => session.send(statements.join('; '))));
      return;
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      if (attempt === ATTEMPTS || !MET.has(sqlState(cause) ?? '')) throw error;
    }
  }
}

/** Drops the tenant's schema, and its roles unless another shard of the cluster has them in use. */
export async function dropTenant(server: Server, tenant: ShardTenant): Promise<void> {
  const { schema, readOnly, readWrite } = namesOf(tenant);
  await server.administer(async (session) => {
    await session.send(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
    for (const role of [readOnly, readWrite]) {
      await session.send(`DROP ROLE IF EXISTS "${role}"`).catch((error: unknown) => {
        // 2BP01: other objects depend on it.
        if (sqlState(error) !== '2BP01') throw error;
      });
    }
  });
}

/** Bytes of each table with its indexes and long values. */
export async function storageOf(
  server: Server,
  tenant: ShardTenant,
): Promise<Readonly<Record<string, number>>> {
  const { schema } = namesOf(tenant);
  const { rows } = await server.administer((session) =>
    session.send(
      'SELECT relname, pg_total_relation_size(c.oid)::text FROM pg_class c ' +
        `WHERE relnamespace = to_regnamespace('${schema}') AND relkind = 'r' AND NOT starts_with(relname, '_')`,
    ),
  );
  return Object.fromEntries(rows.map(([name, bytes]) => [String(name), Number(bytes)]));
}
