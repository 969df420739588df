import { readdirSync } from 'node:fs';
import pg from 'pg';
import type { FamilyShape } from '../../../../core/domains/logs/sql/catalog.ts';
import plugin from '../../../../plugins/postgres/index.ts';
import { namesOf } from '../../../../plugins/postgres/names.ts';
import { createDatabase } from '../../../support/database.ts';
import { askEverywhere, CANARIES, CANARY_NUMBER, CANARY_TEXT, CANARY_TIME, openParties, type Guarded, type Snapshot } from './guarded.ts';
import { ROWS } from './sample.ts';

const USER_TABLES = "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)' ORDER BY 1";

/** What a database holds beside rows. Roles and settings of the cluster are other tests' too, and are left out. */
const OBJECTS = `SELECT 'class ' || relname || relkind::text || coalesce(relacl::text, '') FROM pg_class WHERE relnamespace <> 'pg_toast'::regnamespace
  UNION ALL SELECT 'function ' || proname FROM pg_proc UNION ALL SELECT 'schema ' || nspname || coalesce(nspacl::text, '') FROM pg_namespace
  UNION ALL SELECT 'large object ' || oid FROM pg_largeobject_metadata UNION ALL SELECT 'extension ' || extname FROM pg_extension
  UNION ALL SELECT 'setting ' || setconfig::text FROM pg_db_role_setting WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
  UNION ALL SELECT 'lock ' || locktype FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  ORDER BY 1`;

const SESSION = `SELECT name, setting FROM pg_settings WHERE name NOT LIKE 'plpgsql.%'
  UNION ALL SELECT 'user', current_user::text UNION ALL SELECT 'login', session_user::text UNION ALL SELECT 'prepared', count(*)::text FROM pg_prepared_statements
  UNION ALL SELECT 'cursors', count(*)::text FROM pg_cursors WHERE name <> '' ORDER BY 1`;

/** A database of its own in the cluster of the tests. */
export async function guardedPostgres(families: readonly FamilyShape[]): Promise<Guarded> {
  const database = await createDatabase();
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  const { shard, tenant, other } = await openParties(plugin, database.url, families);
  const home = shard.homeOf(tenant);
  await admin.query(`CREATE SCHEMA vault; CREATE TABLE vault.secrets (secret text); INSERT INTO vault.secrets VALUES ('${CANARY_TEXT}')`);
  for (const { name, columns } of families) {
    const names = ['_time', 'id', ...columns.map((column) => `"${column.name}"`)];
    for (const row of ROWS[name] ?? []) {
      const places = names.map((_, index) => `$${index + 1}`).join(', ');
      await admin.query(`INSERT INTO ${home}.${name} (${names.join(', ')}) VALUES (${places})`, [CANARY_TIME, ...row]);
    }
    await admin.query(`INSERT INTO ${shard.homeOf(other)}.${name} (_time, id, a, s) VALUES ('${CANARY_TIME}', 1, ${CANARY_NUMBER}, '${CANARY_TEXT}')`);
  }
  await admin.query(`INSERT INTO ${home}.hidden (_time, id, a, s) VALUES ('${CANARY_TIME}', 1, ${CANARY_NUMBER}, '${CANARY_TEXT}')`);
  await admin.query(`INSERT INTO ${home}._keys VALUES ('${CANARY_TEXT}', '${CANARY_TEXT}', now())`);
  const list = async (sql: string): Promise<readonly string[]> =>
    (await admin.query<string[]>({ text: sql, rowMode: 'array' })).rows.map((row) => row.join(' '));
  const [version = '', folder = ''] = (await list("SELECT version() UNION ALL SELECT current_setting('data_directory')")).map(String);

  const tables = async (): Promise<Snapshot> => {
    const sums: Record<string, string> = {};
    for (const name of await list(USER_TABLES)) {
      sums[name] = (await list(`SELECT md5(coalesce(string_agg(r::text, ',' ORDER BY r::text), '')) FROM ${name} r`))[0]!;
    }
    return sums;
  };
  let closed = false;
  return {
    dialect: 'postgres',
    quote: '"',
    home,
    shard,
    tenant,
    canaries: [...CANARIES, version, folder, namesOf(tenant).readOnly],
    async snapshot() {
      const sessions = await askEverywhere({ shard, tenant }, SESSION);
      return {
        ...(await tables()),
        objects: (await list(OBJECTS)).join('\n'),
        sessions: [...new Set(sessions.map(({ rows }) => rows.map((row) => JSON.stringify(row)).join('\n')))].join('\n'),
        files: readdirSync(folder).filter((name) => !name.startsWith('postmaster')).sort().join('\n'),
      };
    },
    async readTables() {
      // A connection's figures are there for others at the latest when it has ended.
      const before = await scans(list);
      await shard.close();
      closed = true;
      const others = 'SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()';
      for (let turn = 0; turn < 500 && String(await list(others)) !== '0'; turn++) await new Promise((next) => setTimeout(next, 10));
      const after = await scans(list);
      return [...after].filter(([name, count]) => count !== before.get(name)).map(([name]) => name);
    },
    async close() {
      if (!closed) await shard.close();
      await admin.end();
      await database.drop();
    },
  };
}

async function scans(list: (sql: string) => Promise<readonly string[]>): Promise<ReadonlyMap<string, string>> {
  const rows = await list("SELECT schemaname || '.' || relname, seq_scan + coalesce(idx_scan, 0) FROM pg_stat_user_tables");
  return new Map(rows.map((row) => row.split(' ') as [string, string]));
}
