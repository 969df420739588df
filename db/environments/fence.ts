import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { StepFault } from '../../core/kernel/errors.ts';
import { stateOf } from './administer.ts';
import { ENVIRONMENT_NAMES } from './names.ts';

/** PostgreSQL lets everybody into a new database: the right to connect is PUBLIC's until it is taken away. */
const OPEN = `
  SELECT datname AS name, pg_has_role(datdba, 'USAGE') AS ours FROM pg_database
  WHERE datallowconn AND EXISTS (
    SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba)))
    WHERE grantee = 0 AND privilege_type = 'CONNECT')
  ORDER BY datname`;

/** Those who could log in before an environment was made here can still. */
const LOGINS = `
  SELECT rolname AS name FROM pg_roles
  WHERE rolcanlogin AND NOT rolsuper AND rolname !~ '${ENVIRONMENT_NAMES}' ORDER BY rolname`;

const ATTEMPTS = 5;
/** Dropped meanwhile; two who change the same row of the catalogue; a gate that is not ours to close. */
const PASSED_OVER = ['3D000', 'XX000', '42501'];

/** Databases whose gate stands open and that the login of `client` cannot close. */
export async function unclosable(client: pg.ClientBase): Promise<readonly string[]> {
  return (await openTo(client)).filter(({ ours }) => !ours).map(({ name }) => name);
}

/**
 * Takes the right to connect from PUBLIC in every database of the server, so that an environment's role can go nowhere
 * but home. Login roles that are there get it in their own name. Called again for databases that came since.
 */
export async function closeToEnvironments(client: pg.ClientBase): Promise<void> {
  let open = await openTo(client);
  for (let attempt = 1; open.length > 0; attempt++) {
    const { rows: logins } = await client.query<{ name: string }>(LOGINS);
    for (const { name } of open) await close(client, name, logins.map((login) => login.name));
    const still = new Set((await openTo(client)).map(({ name }) => name));
    open = open.filter(({ name }) => still.has(name));
    if (open.length > 0 && attempt === ATTEMPTS) throw stillOpen(open.map(({ name }) => name));
    if (open.length > 0) await pause(50 * attempt);
  }
}

async function openTo(client: pg.ClientBase): Promise<{ readonly name: string; readonly ours: boolean }[]> {
  return (await client.query<{ name: string; ours: boolean }>(OPEN)).rows;
}

async function close(client: pg.ClientBase, database: string, logins: readonly string[]): Promise<void> {
  const on = `ON DATABASE ${pg.escapeIdentifier(database)}`;
  const keep = logins.map((login) => pg.escapeIdentifier(login)).join(', ');
  const statements = [...(keep ? [`GRANT CONNECT ${on} TO ${keep}`] : []), `REVOKE CONNECT ${on} FROM PUBLIC`];
  try {
    // One message is one transaction.
    await client.query(statements.join('; '));
  } catch (error) {
    if (!PASSED_OVER.includes(stateOf(error) ?? '')) throw error;
  }
}

function stillOpen(names: readonly string[]): StepFault {
  const message = `Everybody may connect to ${names.join(', ')}, and the platform's login cannot change that. As an administrator: ${remedy(names)}`;
  return new StepFault('config', message, { code: 'ACCESS_DENIED' });
}

export function remedy(databases: readonly string[]): string {
  return `REVOKE CONNECT ON DATABASE ${databases.map((name) => pg.escapeIdentifier(name)).join(', ')} FROM PUBLIC;`;
}
