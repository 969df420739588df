import pg from 'pg';
import { StepFault } from '../../core/kernel/errors.ts';
import type { DatabaseLimits } from '../../core/kernel/host.ts';
import { administer } from './administer.ts';
import { closeToEnvironments } from './fence.ts';
import { LOCK } from './names.ts';

/** Makes what is missing of the role and the database, and sets the limits anew. */
export async function createDatabase(url: string, name: string, limits: DatabaseLimits): Promise<void> {
  await administer(url, async (client) => {
    await client.query(LOCK, [name]);
    await ensureRole(client, name, limits);
    await ensureDatabase(client, name, limits);
    await closeToEnvironments(client);
  });
  const home = new URL(url);
  home.pathname = `/${name}`;
  await administer(home.href, (client) =>
    client.query(`GRANT USAGE, CREATE ON SCHEMA public TO ${pg.escapeIdentifier(name)}`),
  );
}

const ROLE = `SELECT rolsuper OR rolreplication OR rolbypassrls AS mighty FROM pg_roles WHERE rolname = $1`;

async function ensureRole(client: pg.Client, name: string, limits: DatabaseLimits): Promise<void> {
  const role = pg.escapeIdentifier(name);
  const { rows } = await client.query<{ mighty: boolean }>(ROLE, [name]);
  if (rows[0]?.mighty) throw taken(`The role ${name} is there already, with rights beyond an environment's.`);
  // Without a password nobody logs in under scram-sha-256.
  if (rows.length === 0) await client.query(`CREATE ROLE ${role} NOLOGIN`);
  const attributes = `LOGIN NOINHERIT NOCREATEDB NOCREATEROLE CONNECTION LIMIT ${BigInt(limits.connections)}`;
  await client.query(`ALTER ROLE ${role} ${attributes}`);
  // In kB, rounded up: -1 would be no limit, and 0 none at all.
  const kilobytes = BigInt(Math.ceil(limits.tempFileBytes / 1024));
  await client.query(`ALTER ROLE ${role} SET temp_file_limit = '${kilobytes}kB'`);
  await client.query(`ALTER ROLE ${role} SET statement_timeout = '${BigInt(limits.statementTimeoutMs)}ms'`);
}

const DATABASE = `
  SELECT pg_has_role(datdba, 'USAGE') AS ours, datconnlimit = -2 AS broken FROM pg_database WHERE datname = $1`;

/**
 * The database is the platform's own: its owner could raise its limit and let others in. It lets nobody in until PUBLIC
 * is kept out.
 */
async function ensureDatabase(client: pg.Client, name: string, limits: DatabaseLimits): Promise<void> {
  const database = pg.escapeIdentifier(name);
  const { rows } = await client.query<{ ours: boolean; broken: boolean }>(DATABASE, [name]);
  if (rows[0] && !rows[0].ours) throw taken(`The database ${name} is there already, and belongs to another role.`);
  // A server that was cut while it dropped a database leaves what can only be dropped.
  if (rows[0]?.broken) await client.query(`DROP DATABASE ${database}`);
  if (!rows[0] || rows[0].broken) {
    await client.query(`CREATE DATABASE ${database} TEMPLATE template0 ALLOW_CONNECTIONS false`);
  }
  await client.query(
    `REVOKE ALL ON DATABASE ${database} FROM PUBLIC; ` +
      `GRANT CONNECT, CREATE, TEMPORARY ON DATABASE ${database} TO ${database}; ` +
      `ALTER DATABASE ${database} ALLOW_CONNECTIONS true CONNECTION LIMIT ${BigInt(limits.connections)}`,
  );
}

function taken(message: string): StepFault {
  return new StepFault('config', message, { code: 'ALREADY_EXISTS' });
}
