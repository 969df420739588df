import mysql from 'mysql2/promise';
import { expect } from 'chai';
import type { LogColumn, LogShard } from '../../core/kernel/logs.ts';
import plugin from '../../plugins/mysql/index.ts';
import { namesOf } from '../../plugins/mysql/names.ts';
import { mysqlMissing, mysqlServers, startMysqlServers } from '../support/mysql-servers.ts';
import { rejection } from '../support/rejection.ts';
import { logStoreContract, newTenant, storeOf, type LogStoreStand } from './log-store.contract.ts';

const missing = mysqlMissing();

async function run(uri: string, login: object, sql: string): Promise<unknown> {
  const connection = await mysql.createConnection({ uri, ...login });
  try {
    return (await connection.query(sql))[0];
  } finally {
    await connection.end();
  }
}

const url = async (): Promise<string> => (await mysqlServers(1))[0]!;

const stand: LogStoreStand = {
  plugin,
  url,
  async privateServer() {
    const [server] = await startMysqlServers(1);
    return {
      ...server!,
      freeze: () => process.kill(server!.pid, 'SIGSTOP'),
      thaw: () => process.kill(server!.pid, 'SIGCONT'),
    };
  },
  parameter: () => '?',
  bools: { true: 1, false: 0 },
  async asUser(tenant, user, sql) {
    const names = namesOf(tenant);
    return run(await url(), { user: names[user], password: tenant.password, database: names.database }, sql);
  },
  async asAdministrator(tenant, sql) {
    return run(await url(), { database: namesOf(tenant).database }, sql);
  },
  forbidden(other) {
    const { database, readWrite } = namesOf(other);
    return [
      'INSERT INTO events (id) VALUES (9)',
      'REPLACE INTO events (id) VALUES (1)',
      'UPDATE events SET n = 0',
      'DELETE FROM events',
      'TRUNCATE TABLE events',
      'DROP TABLE events',
      'ALTER TABLE events ADD COLUMN x INT',
      'CREATE TABLE mine (x INT)',
      'CREATE TEMPORARY TABLE mine (x INT)',
      'CREATE VIEW mine AS SELECT 1',
      'CREATE FUNCTION f() RETURNS INT RETURN 1',
      'CREATE DATABASE mine',
      'CREATE USER mine',
      'LOCK TABLES events WRITE',
      `DROP USER '${readWrite}'@'%'`,
      `GRANT SELECT ON *.* TO '${readWrite}'@'%'`,
      'SET GLOBAL max_connections = 1',
      `SELECT * FROM ${database}.events`,
      `SELECT * FROM ${database}._keys`,
      `INSERT INTO ${database}.events (id) VALUES (9)`,
      'SELECT * FROM mysql.user',
      "SELECT * FROM events INTO OUTFILE '/tmp/sluice-outfile'",
      "SELECT 'x' INTO DUMPFILE '/tmp/sluice-dumpfile'",
      "LOAD DATA INFILE '/etc/passwd' INTO TABLE events (name)",
      "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE events (name)",
      'SHUTDOWN',
    ];
  },
  async connections(tenant) {
    const { readOnly } = namesOf(tenant);
    const sql =
      "SELECT COUNT(*) AS open, COALESCE(SUM(command = 'Query'), 0) AS running FROM information_schema.processlist " +
      `WHERE user = '${readOnly}'`;
    const [row] = (await run(await url(), {}, sql)) as { open: number; running: string }[];
    return { open: Number(row?.open), running: Number(row?.running) };
  },
};

describe(missing ? `mysql, which cannot run here: ${missing}` : 'mysql', () => {
  before(function () {
    if (missing) this.skip();
  });

  if (missing) {
    it('passes the contract of log stores');
    return;
  }

  logStoreContract('mysql', stand);

  describe('MySQL-protocol servers', () => {
    let shard: LogShard;
    before(async () => {
      shard = storeOf(plugin).open(await url(), { name: 'own' });
    });
    after(() => shard.close());

    const NAME: LogColumn[] = [{ name: 'name', type: 'string' }];

    it('keep _time out of what a plain * gives', async () => {
      const tenant = newTenant();
      await shard.openTenant(tenant);
      await shard.ensureTable(tenant, 'events', NAME, 1);
      const { columns } = await shard.query(
        tenant,
        { sql: 'SELECT * FROM events', values: [] },
        { timeoutMs: 5000, maxRows: 1, maxBytes: 100 },
      );
      expect(columns).to.deep.equal(['id', 'name']);
      await shard.dropTenant(tenant);
    });

    it('add columns another way where no instant one is left', async () => {
      const tenant = newTenant();
      await shard.openTenant(tenant);
      await shard.ensureTable(tenant, 'events', NAME, 1);
      await stand.asAdministrator(tenant, 'ALTER TABLE events ROW_FORMAT=COMPRESSED');
      const instant = stand.asAdministrator(tenant, 'ALTER TABLE events ADD COLUMN x INT, ALGORITHM=INSTANT');
      expect(await rejection(instant)).to.have.property('errno', 1845);
      await shard.ensureTable(tenant, 'events', [{ name: 'later', type: 'int' }], 1);
      const columns: LogColumn[] = [{ name: 'later', type: 'int' }];
      const batch = { family: 'events', columns, firstId: 1, rows: [[5]], time: 0 };
      await shard.append(tenant, [batch], { epochs: { events: 1 }, keys: [] });
      await shard.dropTenant(tenant);
    });

    it('take a changed password when the tenant is opened again', async () => {
      const tenant = newTenant();
      await shard.openTenant(tenant);
      const changed = { ...tenant, password: 'changed-Pw-1' };
      await shard.openTenant(changed);
      expect(await stand.asUser(changed, 'readOnly', 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
      await rejection(stand.asUser(tenant, 'readOnly', 'SELECT 1'));
      await shard.dropTenant(changed);
    });

    it('have at most 64 connections of tenants from one shard, whoever came first', async function () {
      this.timeout(60_000);
      const tenants = Array.from({ length: 70 }, newTenant);
      const sql = { sql: 'SELECT id FROM events', values: [] };
      for (const tenant of tenants) {
        await shard.openTenant(tenant);
        await shard.ensureTable(tenant, 'events', NAME, 1);
        await shard.query(tenant, sql, { timeoutMs: 5000, maxRows: 1, maxBytes: 100 });
      }
      const users = tenants.map((tenant) => `'${namesOf(tenant).readOnly}'`).join(', ');
      const count = `SELECT COUNT(*) AS open FROM information_schema.processlist WHERE user IN (${users})`;
      const [row] = (await run(await url(), {}, count)) as { open: number }[];
      expect(row?.open).to.be.within(32, 64);
      // The first one's connection made room for others: it gets a new one.
      await shard.query(tenants[0]!, sql, { timeoutMs: 5000, maxRows: 1, maxBytes: 100 });
      for (const tenant of tenants) await shard.dropTenant(tenant);
    });
  });
});
