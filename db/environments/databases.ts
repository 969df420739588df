import pg from 'pg';
import type { DatabaseFacts, HostDatabases } from '../../core/kernel/host.ts';
import { administer } from './administer.ts';
import { createDatabase } from './create.ts';
import { closeToEnvironments, remedy, unclosable } from './fence.ts';
import { LOCK, nameOf } from './names.ts';
import { scramVerifier } from './scram.ts';

/** Databases of environments on the server of `url`, made and dropped with its login. */
export function environmentDatabases(url: string): HostDatabases {
  return {
    refusal: () => administer(url, refusalOf),
    create: async (environment, limits) => createDatabase(url, nameOf(environment), limits),
    setPassword: async (environment, password) => {
      const role = pg.escapeIdentifier(nameOf(environment));
      const verifier = pg.escapeLiteral(scramVerifier(password));
      await administer(url, (client) => client.query(`ALTER ROLE ${role} PASSWORD ${verifier}`));
    },
    drop: async (environment) => dropDatabase(url, nameOf(environment)),
    look: async (environment) => look(url, nameOf(environment)),
    urlOf(environment) {
      const { hostname, port, searchParams } = new URL(url);
      const name = nameOf(environment);
      const own = new URL(`postgres://${name}@${hostname}:${port || 5432}/${name}`);
      const sslmode = searchParams.get('sslmode');
      if (sslmode !== null) own.searchParams.set('sslmode', sslmode);
      return own.href;
    },
  };
}

interface Rights {
  readonly login: string;
  readonly superuser: boolean;
  readonly databases: boolean;
  readonly roles: boolean;
  readonly limits: boolean;
}

const RIGHTS = `
  SELECT rolname AS login, rolsuper AS superuser, rolcreatedb AS databases, rolcreaterole AS roles,
    has_parameter_privilege('temp_file_limit', 'SET') AS limits
  FROM pg_roles WHERE rolname = current_user`;

/** A superuser can do all of it. Another login needs each right, and every gate it cannot close closed already. */
async function refusalOf(client: pg.ClientBase): Promise<string | undefined> {
  const { login, ...may } = (await client.query<Rights>(RIGHTS)).rows[0]!;
  if (may.superuser) return undefined;
  const role = pg.escapeIdentifier(login);
  if (!may.databases || !may.roles) {
    return `The platform's login "${login}" cannot create databases and roles. As an administrator: ALTER ROLE ${role} CREATEDB CREATEROLE;`;
  }
  if (!may.limits) {
    return `The platform's login "${login}" cannot set a role's temp_file_limit. As an administrator: GRANT SET ON PARAMETER temp_file_limit TO ${role};`;
  }
  const open = await unclosable(client);
  if (open.length === 0) return undefined;
  return `Everybody may connect to ${open.join(', ')}, and the platform's login "${login}" cannot change that. As an administrator: ${remedy(open)}`;
}

/** Nobody gets in any more, those inside are cut, and then both go. */
async function dropDatabase(url: string, name: string): Promise<void> {
  const both = pg.escapeIdentifier(name);
  await administer(url, async (client) => {
    await client.query(LOCK, [name]);
    const { rows } = await client.query<{ member: boolean }>(
      `SELECT pg_has_role(oid, 'USAGE') AS member FROM pg_roles WHERE rolname = $1`,
      [name],
    );
    if (rows[0]) await client.query(`ALTER ROLE ${both} NOLOGIN`);
    // Whoever is no superuser may cut the sessions of roles it is a member of, and it made this one.
    if (rows[0] && !rows[0].member) await client.query(`GRANT ${both} TO CURRENT_USER WITH INHERIT TRUE`);
    await client.query(`DROP DATABASE IF EXISTS ${both} WITH (FORCE)`);
    await client.query(`DROP ROLE IF EXISTS ${both}`);
  });
}

const FACTS = `
  SELECT (SELECT rolcanlogin FROM pg_roles WHERE rolname = $1) AS role,
    (SELECT datallowconn AND has_database_privilege(r.oid, d.oid, 'CONNECT') FROM pg_database d
     LEFT JOIN pg_roles r ON r.rolname = d.datname WHERE datname = $1) AS database,
    EXISTS (SELECT FROM pg_database WHERE datname = $1) AS present,
    (SELECT pg_database_size(oid) FROM pg_database WHERE datname = $1 AND datconnlimit <> -2) AS bytes`;

interface Found {
  readonly role: boolean | null;
  readonly database: boolean | null;
  readonly present: boolean;
  readonly bytes: number | null;
}

/** Databases that came since are closed to it as well. */
async function look(url: string, name: string): Promise<DatabaseFacts> {
  return administer(url, async (client) => {
    await closeToEnvironments(client);
    const { role, database, present, bytes } = (await client.query<Found>(FACTS, [name])).rows[0]!;
    return {
      role: role === null ? 'missing' : stateOf(role),
      database: present ? stateOf(database === true) : 'missing',
      bytes: bytes ?? 0,
    };
  });
}

function stateOf(open: boolean): 'open' | 'closed' {
  return open ? 'open' : 'closed';
}
