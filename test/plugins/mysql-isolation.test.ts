import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect } from 'chai';
import mysql from 'mysql2/promise';
import type { ShardTenant } from '../../core/kernel/logs.ts';
import { namesOf } from '../../plugins/mysql/names.ts';
import { testApi, type TestApi } from '../api/test-api.ts';
import { command } from '../support/shell.ts';
import { mysqlMissing, mysqlServers } from '../support/mysql-servers.ts';
import { rejection } from '../support/rejection.ts';

type User = 'readOnly' | 'readWrite';
const USERS: readonly User[] = ['readOnly', 'readWrite'];

/** Numbers of the servers' error references; MySQL and MariaDB check rights in another order here and there. */
const DENIED = {
  table: [1142],
  database: [1044],
  files: [1045, 1227],
  privilege: [1227],
  kill: [1095],
  /** A right is asked of the table by one server, of the database or of the whole server by the other. */
  any: [1044, 1045, 1142, 1227, 1410],
};

describe('A client that logs in to a MySQL server as a tenant’s own users', () => {
  let api: TestApi;
  let server: string;
  let mine: ShardTenant;
  let other: ShardTenant;
  let lookalike: string;

  before(async function () {
    // The store's own suite says that MySQL is missing.
    if (mysqlMissing() !== undefined) return this.skip();
    [server = ''] = await mysqlServers(1);
    api = await testApi({ logShards: { eu1: server } });
    const stranger = await api.newTenant('Stranger');
    const events = { family: 'events', schema: { name: 'string' }, logs: [{ name: 'x' }] };
    for (const key of [api.key, stranger.apiKey]) {
      expect((await api.call('PUT', '/api/log', events, { key })).status).to.equal(200);
    }
    mine = await api.logs.shards.tenant(api.tenantId, 'eu1');
    other = await api.logs.shards.tenant(stranger.id, 'eu1');
    // In a GRANT an underscore that is not escaped stands for any character.
    lookalike = namesOf(mine).database.replace('_', 'x');
    await asAdministrator(`CREATE DATABASE ${lookalike}`);
    await asAdministrator(`CREATE TABLE ${lookalike}.events (id INT)`);
  });
  after(async () => {
    if (!api) return;
    const shard = await api.logs.shards.open('eu1');
    for (const tenant of [mine, other]) await shard.dropTenant(tenant);
    await asAdministrator(`DROP DATABASE ${lookalike}`);
    await api.close();
  });

  const loginOf = (tenant: ShardTenant, user: User): object => ({
    user: namesOf(tenant)[user],
    password: tenant.password,
    database: namesOf(tenant).database,
  });
  const asAdministrator = (sql: string): Promise<unknown> => run(server, {}, sql);
  const as = (user: User, sql: string): Promise<unknown> => run(server, loginOf(mine, user), sql);

  async function expectRefused(
    users: readonly User[],
    numbers: readonly number[],
    statements: readonly string[],
  ) {
    for (const user of users) {
      for (const sql of statements) {
        const error = await rejection(as(user, sql));
        expect(error, `${user}: ${sql}: ${error.message}`).to.have.property('errno').that.is.oneOf(numbers);
      }
    }
  }

  it('reads its own events, and writes them with the one that may', async () => {
    expect(await as('readOnly', 'SELECT id, name FROM events')).to.deep.equal([{ id: 1, name: 'x' }]);
    await as('readWrite', "INSERT INTO events (id, name) VALUES (1000, 'y')");
    await as('readWrite', 'DELETE FROM events WHERE id = 1000');
    expect(await as('readWrite', 'SELECT id, name FROM events')).to.deep.equal([{ id: 1, name: 'x' }]);
  });

  it('is not let in with another password, nor as somebody else with its own', async () => {
    const attempts = [
      { ...loginOf(mine, 'readOnly'), password: other.password },
      { ...loginOf(mine, 'readOnly'), password: '' },
      { ...loginOf(mine, 'readOnly'), user: namesOf(other).readOnly },
      { ...loginOf(mine, 'readOnly'), user: 'root' },
    ];
    for (const login of attempts)
      expect(await rejection(run(server, login, 'DO 0'))).to.have.property('errno', 1045);
  });

  it('is refused the databases of others, those whose names look like its own to LIKE too', async () => {
    for (const database of [namesOf(other).database, lookalike]) {
      await expectRefused(USERS, DENIED.table, [
        `SELECT * FROM ${database}.events`,
        `SELECT e.id FROM events e JOIN ${database}.events o ON e.id = o.id`,
        `INSERT INTO ${database}.events (id) VALUES (9)`,
        `UPDATE ${database}.events SET id = 9`,
        `DELETE FROM ${database}.events`,
        `TRUNCATE TABLE ${database}.events`,
        `DROP TABLE ${database}.events`,
        `SHOW CREATE TABLE ${database}.events`,
        `SHOW COLUMNS FROM ${database}.events`,
        `CREATE TABLE ${database}.mine (x INT)`,
      ]);
      await expectRefused(USERS, DENIED.database, [
        `USE ${database}`,
        `SHOW TABLES FROM ${database}`,
        `DROP DATABASE ${database}`,
      ]);
    }
    await expectRefused(USERS, DENIED.table, [`SELECT * FROM ${namesOf(other).database}._keys`]);
  });

  it('is refused the tables of the server', async () => {
    await expectRefused(USERS, DENIED.table, [
      'SELECT * FROM mysql.user',
      'SELECT * FROM mysql.db',
      'SELECT * FROM mysql.tables_priv',
      "INSERT INTO mysql.db (host) VALUES ('%')",
    ]);
    await expectRefused(USERS, DENIED.privilege, [
      'SELECT * FROM information_schema.innodb_trx',
      'SHOW ENGINE INNODB STATUS',
    ]);
  });

  it('sees no database, table, right or connection but its own', async () => {
    // Another tenant's connection, there while we look.
    const theirs = await mysql.createConnection({ uri: server, ...loginOf(other, 'readOnly') });
    try {
      for (const user of USERS) {
        const { database } = namesOf(mine);
        const databases = (await as(user, 'SHOW DATABASES')) as { Database: string }[];
        expect(databases.map(({ Database }) => Database)).to.have.members(['information_schema', database]);
        const tables = (await as(
          user,
          "SELECT DISTINCT table_schema AS name FROM information_schema.tables WHERE table_schema NOT IN ('information_schema', 'performance_schema')",
        )) as { name: string }[];
        expect(tables.map(({ name }) => name)).to.deep.equal([database]);
        const processes = (await as(user, 'SHOW FULL PROCESSLIST')) as { User: string }[];
        expect(new Set(processes.map(({ User }) => User))).to.deep.equal(new Set([namesOf(mine)[user]]));
        const listed = (await as(user, 'SELECT user AS name FROM information_schema.processlist')) as {
          name: string;
        }[];
        expect(new Set(listed.map(({ name }) => name))).to.deep.equal(new Set([namesOf(mine)[user]]));
        const grants = (await as(
          user,
          'SELECT grantee AS name FROM information_schema.schema_privileges',
        )) as {
          name: string;
        }[];
        expect(new Set(grants.map(({ name }) => name))).to.deep.equal(
          new Set([`'${namesOf(mine)[user]}'@'%'`]),
        );
      }
    } finally {
      await theirs.end();
    }
  });

  it('ends no statement or connection of another’s', async () => {
    const theirs = await mysql.createConnection({ uri: server, ...loginOf(other, 'readWrite') });
    try {
      await expectRefused(USERS, DENIED.kill, [`KILL ${theirs.threadId}`, `KILL QUERY ${theirs.threadId}`]);
      await theirs.query('SELECT id FROM events');
    } finally {
      await theirs.end();
    }
  });

  it('reaches no file of the server', async () => {
    for (const user of USERS) {
      expect(await as(user, "SELECT LOAD_FILE('/etc/passwd') AS file")).to.deep.equal([{ file: null }]);
    }
    const place = join('/tmp', `sluice-${randomUUID()}`);
    await expectRefused(USERS, DENIED.files, [
      `SELECT * FROM events INTO OUTFILE '${place}'`,
      `SELECT 'x' INTO DUMPFILE '${place}'`,
      "LOAD DATA INFILE '/etc/passwd' INTO TABLE events (name)",
    ]);
    expect(existsSync(place)).to.equal(false);
  });

  it('changes nothing as the one that only reads', async () => {
    await expectRefused(['readOnly'], DENIED.table, [
      'INSERT INTO events (id) VALUES (9)',
      'REPLACE INTO events (id) VALUES (1)',
      "UPDATE events SET name = ''",
      'DELETE FROM events',
      "INSERT INTO _keys VALUES ('k', 'h', NOW())",
      'UPDATE _fence SET epoch = 9',
    ]);
  });

  it('makes, alters and drops nothing: only the administrator does', async () => {
    await expectRefused(USERS, DENIED.table, [
      'CREATE TABLE mine (x INT)',
      'ALTER TABLE events ADD COLUMN x INT',
      'DROP TABLE events',
      'TRUNCATE TABLE events',
      'RENAME TABLE events TO mine',
      'CREATE INDEX i ON events (name(10))',
      'CREATE VIEW mine AS SELECT 1',
      'CREATE TRIGGER t BEFORE INSERT ON events FOR EACH ROW SET @x = 1',
    ]);
    await expectRefused(USERS, DENIED.database, [
      'CREATE TEMPORARY TABLE mine (x INT)',
      'CREATE FUNCTION f() RETURNS INT RETURN 1',
      'CREATE PROCEDURE p() SELECT 1',
      'CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO SELECT 1',
      'CREATE DATABASE mine',
      `ALTER DATABASE ${namesOf(mine).database} CHARACTER SET latin1`,
      `DROP DATABASE ${namesOf(mine).database}`,
      'LOCK TABLES events WRITE',
    ]);
  });

  it('gives nobody a right, and changes no setting of the server', async () => {
    const [me, them] = [namesOf(mine).readOnly, namesOf(other).readWrite];
    await expectRefused(USERS, DENIED.privilege, [
      'SET GLOBAL max_connections = 1',
      'CREATE USER mine',
      `DROP USER '${them}'@'%'`,
      `RENAME USER '${them}'@'%' TO mine`,
      'SHUTDOWN',
      'FLUSH PRIVILEGES',
    ]);
    await expectRefused(USERS, DENIED.any, [
      `ALTER USER '${them}'@'%' IDENTIFIED BY 'x'`,
      `GRANT SELECT ON *.* TO '${me}'@'%'`,
      `GRANT ALL PRIVILEGES ON ${namesOf(other).database}.* TO '${me}'@'%'`,
      `GRANT INSERT ON ${namesOf(mine).database}.* TO '${me}'@'%'`,
      `REVOKE SELECT ON *.* FROM '${them}'@'%'`,
      `SHOW GRANTS FOR '${them}'@'%'`,
      "INSTALL PLUGIN x SONAME 'x.so'",
    ]);
    expect(await run(server, loginOf(other, 'readOnly'), 'SELECT id FROM events')).to.deep.equal([{ id: 1 }]);
  });

  const client = commandLineClient();
  if (client) {
    it(`is refused the same with ${client}`, async () => {
      const { port } = new URL(server);
      const { database, readWrite } = namesOf(mine);
      const ask = (sql: string) =>
        command(
          client,
          // Without its checks of TLS: the servers of the tests have none.
          [
            '--no-defaults',
            '--protocol=tcp',
            '-h127.0.0.1',
            `-P${port}`,
            `-u${readWrite}`,
            '-N',
            '-e',
            sql,
            database,
          ],
          { env: { MYSQL_PWD: mine.password } },
        );
      const own = await ask('SELECT id, name FROM events');
      expect([own.end, own.out], own.err).to.deep.equal([0, '1\tx\n']);
      expect((await ask('SHOW DATABASES')).out.trim().split('\n')).to.have.members([
        'information_schema',
        database,
      ]);
      const refused = [
        [`SELECT * FROM ${namesOf(other).database}.events`, 'ERROR 1142 (42000)'],
        [`USE ${lookalike}`, 'ERROR 1044 (42000)'],
        ['SELECT * FROM mysql.user', 'ERROR 1142 (42000)'],
        ['DROP TABLE events', 'ERROR 1142 (42000)'],
      ] as const;
      for (const [sql, said] of refused) {
        const { end, out, err } = await ask(sql);
        expect([end, out]).to.deep.equal([1, '']);
        expect(err).to.contain(said);
      }
    });
  }
});

async function run(uri: string, login: object, sql: string): Promise<unknown> {
  const connection = await mysql.createConnection({ uri, ...login });
  try {
    return (await connection.query(sql))[0];
  } finally {
    await connection.end();
  }
}

/** The client that comes with the servers, where it is on the PATH. */
function commandLineClient(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = ['mariadb', 'mysql'].find((name) => folders.some((folder) => existsSync(join(folder, name))));
  if (found) execFileSync(found, ['--version']);
  return found;
}
