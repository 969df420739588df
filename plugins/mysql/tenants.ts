import type { ShardTenant } from '../../core/sdk.ts';
import { canceller, reader, writer } from './accounts.ts';
import { quote } from './literal.ts';
import { namesOf } from './names.ts';
import { OUTBOX_COLUMNS } from './outbox.ts';
import type { Server } from './server.ts';

/**
 * Makes what is missing of a tenant's database, users, grants and the tables of our own. Its password is set again:
 * after a change of the key it is derived from, opening the tenant is what mends it.
 */
export async function openTenant(server: Server, tenant: ShardTenant): Promise<void> {
  const { database, grantee, readOnly, readWrite } = namesOf(tenant);
  const { collation } = await server.facts();
  const password = `IDENTIFIED BY ${quote(tenant.password)}`;
  const users = [readOnly, readWrite].map((user) => `'${user}'@'%' ${password}`).join(', ');
  const statements = [
    `CREATE DATABASE IF NOT EXISTS \`${database}\` CHARACTER SET utf8mb4 COLLATE ${collation}`,
    `CREATE TABLE IF NOT EXISTS \`${database}\`._fence (family VARCHAR(60) NOT NULL PRIMARY KEY, epoch BIGINT NOT NULL)`,
    `CREATE TABLE IF NOT EXISTS \`${database}\`._keys (\`key\` VARCHAR(512) NOT NULL PRIMARY KEY, ` +
      'body_hash VARCHAR(128) NOT NULL, created_at DATETIME(6) NOT NULL, INDEX (created_at))',
    `CREATE TABLE IF NOT EXISTS \`${database}\`._outbox (${OUTBOX_COLUMNS})`,
    `CREATE USER IF NOT EXISTS ${users}`,
    `ALTER USER ${users}`,
    `GRANT SELECT ON \`${grantee}\`.* TO '${readOnly}'@'%'`,
    // Tables are made and altered by the administrator alone.
    `GRANT SELECT, INSERT, UPDATE, DELETE ON \`${grantee}\`.* TO '${readWrite}'@'%'`,
  ];
  await server.administer(async (session) => {
    for (const sql of statements) await session.run(sql);
  });
}

/** Drops the tenant's database and users. Connections that other processes still have open find nothing left. */
export async function dropTenant(server: Server, tenant: ShardTenant): Promise<void> {
  const { database, readOnly, readWrite } = namesOf(tenant);
  for (const { key } of [reader(tenant), writer(tenant), canceller(tenant)]) server.forget(key);
  await server.administer(async (session) => {
    await session.run(`DROP USER IF EXISTS '${readOnly}'@'%', '${readWrite}'@'%'`);
    await session.run(`DROP DATABASE IF EXISTS \`${database}\``);
  });
}

/** Bytes of each table and its indexes, as the server estimates them. */
export async function storageOf(
  server: Server,
  tenant: ShardTenant,
): Promise<Readonly<Record<string, number>>> {
  const { database } = namesOf(tenant);
  const sizes =
    'SELECT table_name, data_length + index_length FROM information_schema.tables ' +
    `WHERE table_schema = '${database}' AND LEFT(table_name, 1) <> '_'`;
  const { rows } = await server.administer((session) => session.run(sizes));
  return Object.fromEntries(rows.map(([name, bytes]) => [String(name), Number(bytes)]));
}
