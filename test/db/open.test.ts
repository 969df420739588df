import { expect } from 'chai';
import { openDatabase } from '../../db/open.ts';
import { uuid7 } from '../../core/kernel/ids.ts';
import { rejection } from '../support/rejection.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';

describe('openDatabase', () => {
  let test: TestDatabase;
  before(async () => {
    test = await testDatabase();
  });
  after(() => test.drop());

  it('gives each pool its role, though the login is a superuser', async () => {
    const asked = 'SELECT current_user AS role, usesuper FROM pg_user WHERE usename = session_user';
    const answers = await Promise.all([test.db.app.query(asked), test.db.engine.query(asked)]);
    expect(answers.map(({ rows }) => rows[0])).to.deep.equal([
      { role: 'sluice_app', usesuper: true },
      { role: 'sluice_engine', usesuper: true },
    ]);
  });

  it('keeps the role through RESET ALL and RESET ROLE', async () => {
    const client = await test.db.app.connect();
    try {
      await client.query('RESET ALL; RESET ROLE');
      const { rows } = await client.query('SELECT current_user AS role');
      expect(rows).to.deep.equal([{ role: 'sluice_app' }]);
    } finally {
      client.release();
    }
  });

  it('keeps the role when the URL brings options of its own, which still count', async () => {
    const url = new URL(test.url);
    url.searchParams.set('options', '-c role=none -c work_mem=5MB');
    const db = await openDatabase({ url: url.href });
    try {
      const asked = "SELECT current_user AS role, current_setting('work_mem') AS work_mem";
      const expected = [{ role: 'sluice_app', work_mem: '5MB' }];
      expect((await db.app.query(asked)).rows).to.deep.equal(expected);
      expect((await db.sequelize.query(asked))[0]).to.deep.equal(expected);
    } finally {
      await db.close();
    }
  });

  it('speaks UTC in every session', async () => {
    const [models] = await test.db.sequelize.query("SELECT now()::text LIKE '%+00' AS utc");
    const { rows } = await test.db.engine.query("SELECT now()::text LIKE '%+00' AS utc");
    expect([...rows, ...models]).to.deep.equal([{ utc: true }, { utc: true }]);
  });

  const VALUES = `SELECT 42::int8 AS small, 9007199254740993::int8 AS large, '2024-02-29'::date AS date,
    '2024-02-29T12:00:00Z'::timestamptz AS time, 'infinity'::timestamptz AS never, 1.10::numeric AS exact`;
  const READ = {
    small: 42,
    large: '9007199254740993',
    date: '2024-02-29',
    time: new Date('2024-02-29T12:00:00Z'),
    never: Infinity,
    exact: '1.10',
  };

  it('reads safe integers as numbers, larger ones and decimals as text, dates as text', async () => {
    expect((await test.db.engine.query(VALUES)).rows).to.deep.equal([READ]);
  });

  it('reads them alike through Sequelize', async () => {
    const [rows] = await test.db.sequelize.query(VALUES);
    expect(rows).to.deep.equal([READ]);
  });

  describe('inTenants', () => {
    it('commits what the work did and returns what it returned', async () => {
      const id = await tenant();
      const result = await test.db.inTenants([id], async (client) => {
        await client.query('UPDATE tenants SET name = $1', ['renamed']);
        return 'done';
      });
      expect(result).to.equal('done');
      const { rows } = await test.db.engine.query('SELECT name FROM tenants WHERE id = $1', [id]);
      expect(rows).to.deep.equal([{ name: 'renamed' }]);
    });

    it('rolls back and throws what the work threw', async () => {
      const id = await tenant();
      const wrong = new Error('changed my mind');
      const error = await rejection(
        test.db.inTenants([id], async (client) => {
          await client.query('UPDATE tenants SET name = $1', ['lost']);
          throw wrong;
        }),
      );
      expect(error).to.equal(wrong);
      const { rows } = await test.db.engine.query('SELECT name FROM tenants WHERE id = $1', [id]);
      expect(rows).to.deep.equal([{ name: 'first' }]);
    });

    it('sees several tenants where several are named, and forgets them afterwards', async () => {
      const ids = [await tenant(), await tenant()];
      const counted = 'SELECT count(*) FROM tenants';
      const db = await openDatabase({ url: test.url, poolSize: 1 });
      try {
        const seen = await db.inTenants(ids, (client) => client.query(counted));
        expect(seen.rows).to.deep.equal([{ count: 2 }]);
        expect((await db.app.query(counted)).rows).to.deep.equal([{ count: 0 }]);
      } finally {
        await db.close();
      }
    });

    it('goes on after a connection was cut in the middle of the work', async () => {
      const id = await tenant();
      const db = await openDatabase({ url: test.url, poolSize: 1 });
      try {
        const error = await rejection(
          db.inTenants([id], async (client) => {
            const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
            client.on('error', () => {});
            await asSuperuser(`SELECT pg_terminate_backend(${rows[0]?.pid})`);
            await client.query('SELECT 1');
          }),
        );
        expect(error.message).to.match(/terminat|connection error/);
        const seen = await db.inTenants([id], (client) => client.query('SELECT count(*) FROM tenants'));
        expect(seen.rows).to.deep.equal([{ count: 1 }]);
      } finally {
        await db.close();
      }
    });

    it('throws what the first statement that nobody waited for threw, and keeps nothing', async () => {
      const id = await tenant();
      const taken = `INSERT INTO tenants (id, name, data_key, master_key_id) VALUES ($1, 'again', '', '')`;
      const error = await rejection(
        test.db.modelsInTenants([id], async ({ connection }, unawaited) => {
          await connection.query('UPDATE tenants SET name = $1', ['lost']);
          unawaited(connection.query(taken, [id]));
          unawaited(connection.query('UPDATE tenants SET name = $1', ['refused']));
          await connection.query('SELECT 1');
        }),
      );
      expect(error.code).to.equal('23505');
      const { rows } = await test.db.engine.query('SELECT name FROM tenants WHERE id = $1', [id]);
      expect(rows).to.deep.equal([{ name: 'first' }]);
    });

    it('throws where a statement failed and the work made nothing of it', async () => {
      const id = await tenant();
      const error = await rejection(
        test.db.inTenants([id], async (client) => {
          await client.query('SELECT 1 / 0').catch(() => {});
        }),
      );
      expect(error.message).to.include('ROLLBACK');
    });

    it('refuses what is not the id of a tenant before it speaks to the database', async () => {
      const error = await rejection(test.db.inTenants(["', true); DROP TABLE forms; --"], async () => {}));
      expect(error.message).to.include('DROP TABLE forms').and.include('a lower-case UUID');
    });
  });

  it('shows models the tenants of their transaction only', async () => {
    const id = await tenant();
    await tenant();
    const { Tenant } = test.db.models;
    const seen = await test.db.modelsInTenants([id], (transaction) => Tenant.findAll({ transaction }));
    expect(seen.map((found) => found.id)).to.deep.equal([id]);
    expect(await Tenant.findAll()).to.deep.equal([]);
  });

  it('refuses to save a model that another has saved since', async () => {
    const id = await tenant();
    const { Form } = test.db.models;
    const error = await rejection(
      test.db.modelsInTenants([id], async (transaction) => {
        const form = await Form.create(
          { tenantId: id, id: uuid7(), title: 'a', questions: [] },
          { transaction },
        );
        const again = await Form.findOne({ where: { id: form.id }, rejectOnEmpty: true, transaction });
        await form.update({ title: 'b' }, { transaction });
        expect(form.version).to.equal(2);
        await again.update({ title: 'c' }, { transaction });
      }),
    );
    expect(error.name).to.equal('SequelizeOptimisticLockError');
  });

  async function tenant(): Promise<string> {
    const id = uuid7();
    const columns = '(id, name, data_key, master_key_id)';
    await test.db.engine.query(`INSERT INTO tenants ${columns} VALUES ($1, 'first', '', '')`, [id]);
    return id;
  }

  async function asSuperuser(sql: string): Promise<void> {
    const client = await test.db.app.connect();
    try {
      await client.query(`BEGIN; SET LOCAL ROLE none; ${sql}; COMMIT`);
    } finally {
      client.release();
    }
  }
});
