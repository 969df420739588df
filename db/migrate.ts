import pg from 'pg';
import { Umzug } from 'umzug';
import type { Migration } from './migrations/migration.ts';
import { migrations as allMigrations } from './migrations/index.ts';
import { connectionTo } from './connection.ts';

/** Key of the advisory lock under which a database is migrated: "sluice" in ASCII. */
const LOCK = '0x736c75696365';

/**
 * Brings a database up to date and returns the names of the migrations it ran. Each runs in one transaction with
 * its record, so a crash leaves whole migrations only. Processes that start together take turns, and the later ones
 * find nothing to do. The login must own the schema and may create roles (or find them made).
 * @throws Error where the database is newer than this program.
 */
export async function migrate(
  url: string,
  migrations: readonly Migration[] = allMigrations,
): Promise<readonly string[]> {
  const client = new pg.Client(connectionTo(url, { statement_timeout: '0' }));
  await client.connect();
  try {
    // Released with the session, also when this process is killed.
    await client.query(`SELECT pg_advisory_lock(${LOCK})`);
    await client.query(`
      CREATE TABLE IF NOT EXISTS schema_migrations (
        name text PRIMARY KEY,
        applied_at timestamptz NOT NULL DEFAULT now()
      )`);
    const applied = await appliedTo(client);
    refuseNewer(applied, migrations);
    const ran = await runnerOf(client, migrations).up();
    return ran.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

function runnerOf(client: pg.Client, migrations: readonly Migration[]): Umzug<pg.Client> {
  return new Umzug({
    context: client,
    logger: undefined,
    migrations: migrations.map(({ name, up }) => ({ name, up: () => apply(client, name, up) })),
    storage: {
      executed: () => appliedTo(client),
      // Recorded by `apply`, in the migration's own transaction.
      logMigration: async () => {},
      unlogMigration: () => Promise.reject(new Error('Migrations go forward only.')),
    },
  });
}

async function apply(client: pg.Client, name: string, sql: string): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query('INSERT INTO schema_migrations (name) VALUES ($1)', [name]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  }
}

async function appliedTo(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>('SELECT name FROM schema_migrations ORDER BY name');
  return rows.map(({ name }) => name);
}

function refuseNewer(applied: readonly string[], migrations: readonly Migration[]): void {
  const unknown = applied.filter((name) => !migrations.some((migration) => migration.name === name));
  if (unknown.length === 0) return;
  throw new Error(
    `The database holds migrations this version of Sluice does not know (${unknown.join(', ')}). ` +
      'It was migrated by a newer version: start that one, or restore a backup made before it.',
  );
}
