import { readdirSync } from 'node:fs';
import mysql from 'mysql2/promise';
import type { FamilyShape } from '../../../../core/domains/logs/sql/catalog.ts';
import plugin from '../../../../plugins/mysql/index.ts';
import { namesOf } from '../../../../plugins/mysql/names.ts';
import { startMysqlServers } from '../../../support/mysql-servers.ts';
import { askEverywhere, CANARIES, CANARY_NUMBER, CANARY_TEXT, CANARY_TIME, openParties, type Guarded, type Snapshot } from './guarded.ts';
import { ROWS } from './sample.ts';

/** Statements that the platform itself sends, or this test. */
const OUR_COMMANDS = /^Com_(?:select|begin|commit|rollback|set_option|checksum|flush|show_\w+|change_db|admin_commands|kill)$/;
/** What changes with time, or with a statement of any kind. */
const VOLATILE = /^(?:timestamp|pseudo_thread_id|last_insert_id|insert_id|identity|rand_seed\d|warning_count|error_count|last_gtid|in_transaction|max_statement_time|tx_read_only|transaction_read_only|gtid\w*|innodb_buffer_pool\w*)$/i;
/** Statistics that the server gathers in the background. */
const GATHERED = new Set(['mysql.innodb_index_stats', 'mysql.innodb_table_stats', 'mysql.transaction_registry', 'mysql.general_log', 'mysql.slow_log']);

/** A server of its own: what is compared is the whole of it. */
export async function guardedMysql(families: readonly FamilyShape[]): Promise<Guarded> {
  const [server] = await startMysqlServers(1);
  const admin = await mysql.createConnection({ uri: server!.url, charset: 'UTF8MB4_BIN', rowsAsArray: true, supportBigNumbers: true });
  const rowsOf = async (sql: string): Promise<readonly (readonly string[])[]> =>
    ((await admin.query<mysql.RowDataPacket[][]>(sql))[0] as readonly (readonly unknown[])[]).map((row) => row.map(String));
  const { shard, tenant, other } = await openParties(plugin, server!.url, families);
  const home = shard.homeOf(tenant);
  await admin.query(`SET time_zone = '+00:00'`);
  await admin.query("CREATE DATABASE vault");
  await admin.query('CREATE TABLE vault.secrets (secret TEXT)');
  await admin.query(`INSERT INTO vault.secrets VALUES ('${CANARY_TEXT}')`);
  for (const { name, columns } of families) {
    const names = ['_time', 'id', ...columns.map((column) => `\`${column.name}\``)].join(', ');
    const rows = (ROWS[name] ?? []).map((row) => [CANARY_TIME, ...row]);
    if (rows.length > 0) await admin.query(`INSERT INTO ${home}.${name} (${names}) VALUES ?`, [rows]);
    await admin.query(`INSERT INTO ${shard.homeOf(other)}.${name} (id, a, s) VALUES (1, ${CANARY_NUMBER}, '${CANARY_TEXT}')`);
  }
  await admin.query(`INSERT INTO ${home}.hidden (id, a, s) VALUES (1, ${CANARY_NUMBER}, '${CANARY_TEXT}')`);
  await admin.query(`INSERT INTO ${home}._keys VALUES ('${CANARY_TEXT}', '${CANARY_TEXT}', NOW(6))`);
  const [[version, dataFolder] = []] = await rowsOf('SELECT VERSION(), @@datadir');
  await admin.query('FLUSH TABLE_STATISTICS');
  await admin.query('SET GLOBAL userstat = 1');

  const checksums = async (): Promise<Snapshot> => {
    const tables = await rowsOf("SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('information_schema', 'performance_schema')");
    const names = tables.map(([schema, name]) => `${schema}.${name}`).filter((name) => !GATHERED.has(name));
    // What this reads is not to be counted among what queries read.
    await admin.query('SET GLOBAL userstat = 0');
    const sums = await rowsOf(`CHECKSUM TABLE ${names.map((name) => name.replace(/^(.*)\.(.*)$/, '`$1`.`$2`')).join(', ')}`);
    await admin.query('SET GLOBAL userstat = 1');
    return Object.fromEntries(sums);
  };
  const settings = (rows: readonly (readonly unknown[])[]): string =>
    rows.map(String).filter((row) => !VOLATILE.test(row.split(',')[0]!)).join('\n');
  let closed = false;
  return {
    dialect: 'mysql',
    quote: '`',
    home,
    shard,
    tenant,
    canaries: [...CANARIES, version!, dataFolder!, namesOf(tenant).readOnly],
    async snapshot() {
      const sessions = await askEverywhere({ shard, tenant }, 'SHOW SESSION VARIABLES');
      const commands = await rowsOf("SHOW GLOBAL STATUS LIKE 'Com\\_%'");
      return {
        ...(await checksums()),
        objects: String(await rowsOf("SELECT 'schema', schema_name FROM information_schema.schemata UNION SELECT table_type, CONCAT(table_schema, '.', table_name) FROM information_schema.tables WHERE table_schema NOT IN ('information_schema', 'performance_schema')")),
        settings: settings(await rowsOf('SHOW GLOBAL VARIABLES')),
        commands: commands.filter(([name, count]) => !OUR_COMMANDS.test(name!) && count !== '0').map(String).join('\n'),
        sessions: [...new Set(sessions.map(({ rows }) => settings(rows)))].join('\n'),
        files: readdirSync(dataFolder!, { recursive: true, encoding: 'utf8' }).filter((name) => !/#|ib_logfile|undo|aria_log|tc\.log/.test(name)).sort().join('\n'),
      };
    },
    async readTables() {
      // The server adds up what a connection read when it ends.
      await shard.close();
      closed = true;
      const readers = "SELECT COUNT(*) FROM information_schema.processlist WHERE user LIKE 't\\_%'";
      for (let turn = 0; turn < 500 && String(await rowsOf(readers)) !== '0'; turn++) await new Promise((next) => setTimeout(next, 10));
      return (await rowsOf("SELECT table_schema, table_name FROM information_schema.table_statistics WHERE rows_read > 0")).map(([schema, name]) => `${schema}.${name}`);
    },
    async close() {
      if (!closed) await shard.close();
      await admin.end();
      await server!.remove();
    },
  };
}
