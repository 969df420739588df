import { readdir } from 'node:fs/promises';
import { Agenda } from 'agenda';
import { PostgresBackend } from '@agendajs/postgres-backend';
import { expect } from 'chai';
import pg from 'pg';
import { migrate } from '../../db/migrate.ts';
import { migrations } from '../../db/migrations/index.ts';
import { openDatabase } from '../../db/open.ts';
import { startCluster } from '../support/cluster.ts';
import { createDatabase } from '../support/database.ts';
import { rejection } from '../support/rejection.ts';

const NAMES = migrations.map(({ name }) => name);

describe('migrate', () => {
  let database: { url: string; drop(): Promise<void> };
  beforeEach(async () => {
    database = await createDatabase();
  });
  afterEach(() => database.drop());

  it('brings an empty database up to date, and then finds nothing to do', async () => {
    expect(await migrate(database.url)).to.deep.equal(NAMES);
    expect(await migrate(database.url)).to.deep.equal([]);
  });

  it('succeeds in each of several processes that start together, and runs each migration once', async () => {
    const ran = await Promise.all([1, 2, 3].map(() => migrate(database.url)));
    expect(ran.flat()).to.deep.equal(NAMES);
  });

  it('leaves nothing of a migration that fails, nor of those after it', async () => {
    const good = { name: '1', up: 'CREATE TABLE one (id integer)' };
    const bad = { name: '2', up: 'CREATE TABLE two (id integer); SELECT 1/0' };
    const error = await rejection(
      migrate(database.url, [good, bad, { name: '3', up: 'CREATE TABLE three ()' }]),
    );
    expect(error.message).to.include('2').and.include('division by zero');
    expect(
      await query(database.url, "SELECT to_regclass('one') IS NOT NULL AS one, to_regclass('two') AS two"),
    ).to.deep.equal([{ one: true, two: null }]);
    expect(await query(database.url, 'SELECT name FROM schema_migrations')).to.deep.equal([{ name: '1' }]);
  });

  it('refuses a database that a newer version has migrated, naming what it does not know', async () => {
    await migrate(database.url, [...migrations, { name: '9999-from-the-future', up: 'SELECT 1' }]);
    const error = await rejection(migrate(database.url));
    expect(error.message).to.include('9999-from-the-future').and.include('newer version');
  });

  it('works under a login that is no superuser but may create roles', async () => {
    const owner = await login('CREATEROLE');
    await query(owner.cluster, `ALTER DATABASE ${owner.database} OWNER TO ${owner.name}`);
    expect(await migrate(owner.url)).to.deep.equal(NAMES);
    const db = await openDatabase({ url: owner.url });
    try {
      expect((await db.engine.query('SELECT current_user AS role')).rows).to.deep.equal([
        { role: 'sluice_engine' },
      ]);
    } finally {
      await db.close();
      await owner.drop();
    }
  });

  it('tells a login that may not take on the roles what an administrator has to do', async () => {
    const owner = await login('');
    try {
      await query(owner.cluster, `ALTER DATABASE ${owner.database} OWNER TO ${owner.name}`);
      const error = await rejection(migrate(owner.url));
      expect(error.message)
        .to.include(owner.name)
        .and.match(/sluice_app/);
      await query(owner.cluster, `GRANT sluice_app, sluice_engine TO ${owner.name}`);
      expect(await migrate(owner.url)).to.deep.equal(NAMES);
    } finally {
      await owner.drop();
    }
  });

  /** A login of its own with its own database, on a cluster whose roles may be there already. */
  async function login(
    attributes: string,
  ): Promise<{ name: string; url: string; cluster: string; database: string; drop(): Promise<void> }> {
    const { url: cluster } = database;
    const own = await createDatabase();
    const url = new URL(own.url);
    const name = `login_${url.pathname.slice(-12)}`;
    url.username = name;
    url.password = 'secret';
    // The roles as another database of the server made them; this login is no member.
    await migrate(cluster);
    await query(cluster, `CREATE ROLE ${name} LOGIN PASSWORD 'secret' ${attributes}`);
    if (attributes) {
      const admin = ['sluice_app', 'sluice_engine'].map(
        (role) => `GRANT ${role} TO ${name} WITH ADMIN OPTION`,
      );
      await query(cluster, admin.join('; '));
    }
    return {
      name,
      url: url.href,
      cluster,
      database: url.pathname.slice(1),
      async drop() {
        await own.drop();
        await query(cluster, `DROP ROLE ${name}`);
      },
    };
  }
});

describe('migrations', () => {
  it('are the files of their folder, named alike, in order', async () => {
    const files = await readdir(new URL('../../db/migrations', import.meta.url));
    const numbered = files.filter((file) => /^\d/.test(file)).map((file) => file.replace(/\.ts$/, ''));
    expect(NAMES).to.deep.equal(numbered.sort());
  });

  it('run in two databases of a fresh server at once, which share its roles', async () => {
    const cluster = await startCluster();
    try {
      await query(cluster.url, 'CREATE DATABASE other');
      const other = cluster.url.replace(/sluice$/, 'other');
      const ran = await Promise.all([migrate(cluster.url), migrate(other)]);
      expect(ran).to.deep.equal([NAMES, NAMES]);
    } finally {
      await cluster.stop();
    }
  });

  it("make Agenda's tables as Agenda itself would", async () => {
    const [ours, theirs] = [await createDatabase(), await createDatabase()];
    try {
      await migrate(ours.url);
      const backend = new PostgresBackend({ connectionString: theirs.url, disableNotifications: true });
      const agenda = new Agenda({ backend });
      await agenda.ready;
      await backend.disconnect();
      expect(await agendaSchema(ours.url)).to.deep.equal(await agendaSchema(theirs.url));
    } finally {
      await ours.drop();
      await theirs.drop();
    }
  });

  it('let Agenda run on the engine pool without making anything', async () => {
    const database = await createDatabase();
    await migrate(database.url);
    const db = await openDatabase({ url: database.url });
    try {
      const agenda = new Agenda({ backend: new PostgresBackend({ pool: db.engine, ensureSchema: false }) });
      await agenda.ready;
      const ran = new Promise<unknown>((settle) => {
        agenda.define('probe', async (job: { attrs: { data: unknown } }) => settle(job.attrs.data));
      });
      await agenda.start();
      await agenda.now('probe', { answer: 42 });
      expect(await ran).to.deep.equal({ answer: 42 });
      await agenda.drain(5000);
    } finally {
      await db.close();
      await database.drop();
    }
  });
});

async function agendaSchema(url: string): Promise<unknown> {
  const like = "LIKE 'agenda%'";
  const columns = await query(
    url,
    `SELECT table_name, ordinal_position, column_name, data_type, character_maximum_length, is_nullable, column_default
     FROM information_schema.columns WHERE table_name ${like} ORDER BY 1, 2`,
  );
  expect(columns).to.have.length.above(30);
  return {
    columns,
    indexes: await query(url, `SELECT indexdef FROM pg_indexes WHERE tablename ${like} ORDER BY 1`),
    checks: await query(
      url,
      `SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid::regclass::text ${like} ORDER BY 1`,
    ),
    triggers: await query(
      url,
      `SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname ${like} ORDER BY 1`,
    ),
  };
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
