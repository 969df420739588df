import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { migrations } from '../../db/migrations/index.ts';
import { migrate, openDatabase, type Database } from '../../db/open.ts';
import { clusterUrl } from './cluster.ts';

export interface TestDatabase {
  readonly url: string;
  readonly db: Database;
  /** Closes `db` and drops the database, whoever is still connected. */
  readonly drop: () => Promise<void>;
}

/** A migrated database of a suite's own, cloned from a template that is made once. */
export async function testDatabase(): Promise<TestDatabase> {
  const template = await makeTemplate();
  const database = await createDatabase(template);
  // What migrations have granted on the database itself is not cloned with it.
  const name = new URL(database.url).pathname.slice(1);
  await asAdmin((client) => client.query(`GRANT CREATE ON DATABASE ${name} TO sluice_engine`));
  const db = await openDatabase({ url: database.url });
  return {
    url: database.url,
    db,
    async drop() {
      await db.close();
      await database.drop();
    },
  };
}

/** An empty database, or a clone of the named one. */
export async function createDatabase(
  template = 'template0',
): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `sluice_${randomBytes(6).toString('hex')}`;
  await asAdmin((client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY wal_log`));
  return {
    url: await urlOf(name),
    drop: () => asAdmin((client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)),
  };
}

/** Test processes start together: one makes the template, the others wait for its lock. */
async function makeTemplate(): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(migrations)).digest('hex').slice(0, 12);
  const name = `sluice_template_${hash}`;
  await asAdmin(async (client) => {
    await client.query('SELECT pg_advisory_lock(1)');
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount) return;
    const draft = `${name}_draft`;
    await client.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${draft}`);
    await migrate(await urlOf(draft));
    await client.query(`ALTER DATABASE ${draft} RENAME TO ${name}`);
  });
  return name;
}

async function asAdmin(work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: await urlOf('postgres') });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function urlOf(database: string): Promise<string> {
  const url = new URL(await clusterUrl());
  url.pathname = `/${database}`;
  return url.href;
}
