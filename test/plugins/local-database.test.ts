import { expect } from 'chai';
import pg from 'pg';
import { uuid7 } from '../../core/kernel/ids.ts';
import { environmentDatabases } from '../../db/environments/databases.ts';
import { scramVerifier } from '../../db/environments/scram.ts';
import createDatabase from '../../plugins/createDatabase/index.ts';
import dropDatabase from '../../plugins/dropDatabase/index.ts';
import { inSession, testHost, type TestHost } from '../support/host.ts';
import { rejection } from '../support/rejection.ts';
import { credentialsOf, LIMITS, makeEnvironment, stepsOf, type Step } from './local-steps.ts';

describe("an environment's database", () => {
  let at: TestHost;
  before(async () => {
    at = await testHost();
  });
  after(() => at.close());

  let environment: string;
  let name: string;
  let step: Step;
  beforeEach(() => {
    environment = uuid7();
    name = `env_${environment.replaceAll('-', '')}`;
    step = stepsOf(at.host, at.tenantId, environment);
  });

  const elsewhere = (url: string, database: string): string => {
    const other = new URL(url);
    other.pathname = `/${database}`;
    return other.href;
  };

  it('is used with the credentials of the file, over TCP, and with no other password', async () => {
    const url = await makeEnvironment(step);
    const [row] = await inSession(
      url,
      'CREATE TABLE mine (n int)',
      'INSERT INTO mine VALUES (7)',
      'SELECT n, current_user AS role, current_database() AS database, inet_server_addr() IS NOT NULL AS tcp FROM mine',
    );
    expect(row).to.deep.equal({ n: 7, role: name, database: name, tcp: true });
    const wrong = new URL(url);
    wrong.password = 'wrong';
    expect(await rejection(inSession(wrong.href, 'SELECT 1'))).to.have.property('code', '28P01');
  });

  it('lets nobody in before it has a password', async () => {
    const { databaseUrl } = await step(createDatabase, LIMITS);
    const url = new URL(databaseUrl);
    expect(url.password).to.equal('');
    url.password = 'any';
    expect(await rejection(inSession(url.href, 'SELECT 1'))).to.have.property('code', '28P01');
  });

  it('is the only one its role can connect to', async () => {
    const other = uuid7();
    await makeEnvironment(stepsOf(at.host, at.tenantId, other));
    await at.query('CREATE DATABASE came_later');
    const url = await makeEnvironment(step);
    const databases = ['sluice', 'logs1', 'logs2', 'postgres', 'template1', 'came_later', `env_${other.replaceAll('-', '')}`];
    for (const database of databases) {
      const error = await rejection(inSession(elsewhere(url, database), 'SELECT 1'));
      expect(error, database).to.have.property('code', '42501');
    }
  });

  it('stays the only one once a look has seen databases that came since', async () => {
    const url = await makeEnvironment(step);
    await at.query('CREATE DATABASE came_since');
    await at.host.databases.look(environment);
    expect(await rejection(inSession(elsewhere(url, 'came_since'), 'SELECT 1'))).to.have.property('code', '42501');
  });

  it('leaves other logins what they could connect to', async () => {
    await at.query(`CREATE ROLE reporting LOGIN PASSWORD 'secret'`);
    await at.query('CREATE DATABASE reports');
    await step(createDatabase, LIMITS);
    const url = new URL(elsewhere(at.url, 'reports'));
    [url.username, url.password] = ['reporting', 'secret'];
    expect(await inSession(url.href, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
    // Not the environment's, though.
    url.pathname = `/${name}`;
    expect(await rejection(inSession(url.href, 'SELECT 1'))).to.have.property('code', '42501');
  });

  it('takes as many sessions as its limit, whatever its role does', async () => {
    const url = await makeEnvironment(step);
    await Promise.all(
      [`ALTER ROLE ${name} CONNECTION LIMIT -1`, `ALTER DATABASE ${name} CONNECTION LIMIT -1`].map(async (sql) =>
        expect(await rejection(inSession(url, sql)), sql).to.have.property('code', '42501'),
      ),
    );
    const clients = [new pg.Client({ connectionString: url }), new pg.Client({ connectionString: url })];
    for (const client of clients) await client.connect();
    expect(await rejection(inSession(url, 'SELECT 1'))).to.have.property('code', '53300');
    for (const client of clients) await client.end();
    const [limits] = await at.query(
      'SELECT rolconnlimit AS role, datconnlimit AS database FROM pg_roles JOIN pg_database ON datname = rolname WHERE rolname = $1',
      [name],
    );
    expect(limits).to.deep.equal({ role: 2, database: 2 });
  });

  it('has a limit of temporary files that its role cannot raise', async () => {
    const url = await makeEnvironment(step);
    const refused = [
      'SET temp_file_limit = -1',
      'SET SESSION temp_file_limit = -1',
      `SELECT set_config('temp_file_limit', '-1', false)`,
      `ALTER ROLE ${name} SET temp_file_limit = -1`,
      `ALTER ROLE ${name} IN DATABASE ${name} SET temp_file_limit = -1`,
      `ALTER DATABASE ${name} SET temp_file_limit = -1`,
      `ALTER ROLE ${name} RESET temp_file_limit`,
      'RESET temp_file_limit',
      `CREATE FUNCTION f() RETURNS int LANGUAGE sql SET temp_file_limit = -1 RETURN 1`,
    ];
    for (const sql of refused) expect(await rejection(inSession(url, sql)), sql).to.have.property('code', '42501');
    const byOption = new URL(url);
    byOption.searchParams.set('options', '-c temp_file_limit=-1');
    expect(await rejection(inSession(byOption.href, 'SELECT 1'))).to.have.property('code', '42501');
    await inSession(url, `ALTER ROLE ${name} RESET ALL`);
    expect(await inSession(url, 'RESET ALL', 'SHOW temp_file_limit')).to.deep.equal([{ temp_file_limit: '1MB' }]);
    const spill = `SET work_mem = '64kB'; SELECT count(*) FROM (SELECT g FROM generate_series(1, 500000) g ORDER BY random() OFFSET 1) x`;
    expect(await rejection(inSession(url, spill))).to.have.property('code', '53400');
  });

  it('has a statement timeout that its role may change', async () => {
    const url = await makeEnvironment(step);
    expect(await inSession(url, 'SHOW statement_timeout')).to.deep.equal([{ statement_timeout: '10s' }]);
    expect(await inSession(url, `SET statement_timeout = '1h'`, 'SHOW statement_timeout')).to.deep.equal([{ statement_timeout: '1h' }]);
  });

  it('gives its role no rights over the server or over others', async () => {
    const url = await makeEnvironment(step);
    const refused = [
      'CREATE ROLE mine',
      'CREATE DATABASE mine',
      `GRANT CONNECT ON DATABASE ${name} TO PUBLIC`,
      `DROP DATABASE postgres`,
      'SET ROLE sluice_engine',
      'SET SESSION AUTHORIZATION sluice',
      'SELECT * FROM pg_authid',
      `SELECT pg_read_file('/etc/passwd')`,
      `COPY (SELECT 1) TO PROGRAM 'cat'`,
      `ALTER SYSTEM SET work_mem = '1GB'`,
      'CREATE EXTENSION dblink',
    ];
    for (const sql of refused) {
      const outcome = await inSession(url, sql).catch((error: Error & { code?: string }) => error.code);
      // A GRANT of what one cannot grant is a warning.
      if (Array.isArray(outcome)) expect(sql).to.match(/^GRANT/);
      else expect(outcome, sql).to.equal('42501');
    }
    const [open] = await at.query(`SELECT has_database_privilege('public', $1, 'CONNECT') AS open`, [name]);
    expect(open).to.deep.equal({ open: false });
  });

  it('is one however often it is made, and keeps what is in it', async () => {
    const url = await makeEnvironment(step);
    await inSession(url, 'CREATE TABLE mine (n int)');
    await Promise.all([1, 2, 3].map(() => step(createDatabase, { ...LIMITS, connectionLimit: 5 })));
    expect(await inSession(url, 'SELECT * FROM mine')).to.deep.equal([]);
    const [row] = await at.query('SELECT rolconnlimit AS n FROM pg_roles WHERE rolname = $1', [name]);
    expect(row).to.deep.equal({ n: 5 });
  });

  for (const [what, halfMade] of [
    ['its role alone', (role: string) => [`CREATE ROLE ${role} NOLOGIN`]],
    ['its database, closed to all', (role: string) => [`CREATE ROLE ${role} NOLOGIN`, `CREATE DATABASE ${role} TEMPLATE template0 ALLOW_CONNECTIONS false`]],
    ['a database of the server’s that was being dropped', (role: string) => [`CREATE DATABASE ${role} TEMPLATE template0`, `UPDATE pg_database SET datconnlimit = -2 WHERE datname = '${role}'`]],
  ] as const) {
    it(`is made whole where a crash left ${what}`, async () => {
      for (const sql of halfMade(name)) await at.query(sql);
      const url = await makeEnvironment(step);
      expect(await inSession(url, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
      expect(await at.host.databases.look(environment)).to.include({ role: 'open', database: 'open' });
    });

    it(`is dropped where a crash left ${what}`, async () => {
      for (const sql of halfMade(name)) await at.query(sql);
      await step(dropDatabase);
      expect(await at.host.databases.look(environment)).to.deep.equal({ role: 'missing', database: 'missing', bytes: 0 });
    });
  }

  it('is not taken over from somebody else', async () => {
    await at.query(`CREATE ROLE ${name} SUPERUSER`);
    expect(await rejection(step(createDatabase, LIMITS))).to.include({ kind: 'config', code: 'ALREADY_EXISTS' });
    await at.query(`DROP ROLE ${name}`);
  });

  it('is dropped with its sessions, twice as well as once', async () => {
    const url = await makeEnvironment(step);
    const client = new pg.Client({ connectionString: url });
    const cut = new Promise<Error>((settle) => client.on('error', settle));
    await client.connect();
    await step(dropDatabase);
    expect(await cut).to.be.an('error');
    await step(dropDatabase);
    expect(await rejection(inSession(url, 'SELECT 1'))).to.have.property('code', '28P01');
    expect(await at.query('SELECT FROM pg_roles WHERE rolname = $1', [name])).to.deep.equal([]);
    expect(await at.query('SELECT FROM pg_database WHERE datname = $1', [name])).to.deep.equal([]);
  });

  it('cannot be named by anything but an id', async () => {
    for (const bad of [`x"; DROP DATABASE postgres; --`, 'sluice', '../etc', environment.toUpperCase(), '']) {
      for (const [plugin, config] of [[createDatabase, LIMITS], [dropDatabase, {}]] as const) {
        expect(await rejection(step(plugin, { ...config, environment: bad })), bad).to.include({ kind: 'config', code: 'INVALID_REQUEST' });
      }
    }
  });

  it('is away, and tried again, where the server is', async () => {
    const nobody = new URL(at.url);
    nobody.port = '1';
    const databases = environmentDatabases(nobody.href);
    expect(await rejection(databases.look(environment))).to.include({ kind: 'transient', code: 'NETWORK_FAILURE' });
  });

  describe('made by a login that is no superuser', () => {
    const login = (attributes: string, role: string): Promise<unknown> => at.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret' ${attributes}`);
    const urlAs = (role: string): string => {
      const url = new URL(at.url);
      [url.username, url.password] = [role, 'secret'];
      return url.href;
    };

    it('is refused in words where the login may not make databases and roles', async () => {
      await login('', 'weak');
      await at.query('GRANT CONNECT ON DATABASE sluice TO weak');
      const refusal = await environmentDatabases(urlAs('weak')).refusal();
      expect(refusal).to.equal(
        `The platform's login "weak" cannot create databases and roles. As an administrator: ALTER ROLE "weak" CREATEDB CREATEROLE;`,
      );
    });

    it('works once it has each right that it needs', async () => {
      await at.query('CREATE DATABASE open_to_all');
      await login('CREATEDB CREATEROLE', 'maker');
      await at.query('GRANT CONNECT ON DATABASE sluice TO maker');
      const databases = environmentDatabases(urlAs('maker'));
      expect(await databases.refusal()).to.contain('GRANT SET ON PARAMETER temp_file_limit TO "maker";');
      await at.query('GRANT SET ON PARAMETER temp_file_limit TO maker');
      expect(await databases.refusal()).to.contain('REVOKE CONNECT ON DATABASE "open_to_all" FROM PUBLIC;');
      const limits = { connections: 2, tempFileBytes: 1024, statementTimeoutMs: 1000 };
      expect(await rejection(databases.create(environment, limits))).to.include({ kind: 'config', code: 'ACCESS_DENIED' });
      await at.query('REVOKE CONNECT ON DATABASE open_to_all FROM PUBLIC');
      expect(await databases.refusal()).to.equal(undefined);
      await databases.create(environment, limits);
      await databases.setPassword(environment, 'of-the-environment');
      const url = new URL(databases.urlOf(environment));
      url.password = 'of-the-environment';
      const client = new pg.Client({ connectionString: url.href });
      client.on('error', () => {});
      await client.connect();
      await databases.drop(environment);
      expect(await databases.look(environment)).to.include({ role: 'missing', database: 'missing' });
    });
  });

  it('has a password of which the server’s log could tell nothing', async () => {
    // RFC 7677, section 3: the example exchange of SCRAM-SHA-256 with "pencil".
    const verifier = scramVerifier('pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'));
    expect(verifier).to.equal(
      'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
    );
    const url = await makeEnvironment(step);
    const [row] = await at.query('SELECT rolpassword AS kept FROM pg_authid WHERE rolname = $1', [name]);
    expect(row?.['kept']).to.match(/^SCRAM-SHA-256\$4096:/).and.not.contain(new URL(url).password);
    expect(await credentialsOf(step)).to.equal(url);
  });
});
