import { expect } from 'chai';
import { uuid7 } from '../../core/kernel/ids.ts';
import { rejection } from '../support/rejection.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';

/** SQLSTATEs: a row-level security policy, and a foreign key (23001 from PostgreSQL 18 on, where it restricts). */
const POLICY = '42501';
const FOREIGN_KEY = ['23503', '23001'];

describe('row-level security', () => {
  let test: TestDatabase;
  let a: string;
  let b: string;
  before(async () => {
    test = await testDatabase();
    a = await tenant();
    b = await tenant();
  });
  after(() => test.drop());

  it('is forced on every table with a tenant, with a policy for each role', async () => {
    const { rows } = await test.db.engine.query<{ table: string; forced: boolean; policies: string[] }>(`
      SELECT c.relname AS table, c.relrowsecurity AND c.relforcerowsecurity AS forced,
        array(SELECT p.polname || ' to ' || array_to_string(p.polroles::regrole[], ',') FROM pg_policy p
              WHERE p.polrelid = c.oid ORDER BY p.polname)::text[] AS policies
      FROM pg_class c
      WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
        AND (c.relname = 'tenants' OR EXISTS (
          SELECT FROM information_schema.columns i
          WHERE i.table_schema = 'public' AND i.table_name = c.relname AND i.column_name = 'tenant_id'))`);
    expect(rows).to.have.length.above(10);
    const expected = { forced: true, policies: ['app to sluice_app', 'engine to sluice_engine'] };
    expect(rows).to.deep.equal(rows.map(({ table }) => ({ table, ...expected })));
  });

  it('has the tenant in every reference between tables with a tenant', async () => {
    const { rows } = await test.db.engine.query<{ reference: string }>(`
      SELECT conrelid::regclass || ': ' || pg_get_constraintdef(c.oid) AS reference
      FROM pg_constraint c JOIN pg_attribute target ON target.attrelid = confrelid AND target.attname = 'tenant_id'
      WHERE contype = 'f' AND NOT target.attnum = ANY (confkey)`);
    expect(rows).to.deep.equal([]);
  });

  it('has the tenant lead every primary key, or says why not', async () => {
    const { rows } = await test.db.engine.query<{ table: string }>(`
      SELECT conrelid::regclass::text AS table FROM pg_constraint c
      JOIN pg_attribute tenant ON tenant.attrelid = conrelid AND tenant.attname = 'tenant_id'
      WHERE contype = 'p' AND conkey[1] <> tenant.attnum`);
    // A consent is found by the state that comes back with the browser, before its tenant is known.
    expect(rows.map(({ table }) => table)).to.deep.equal(['authorizations']);
  });

  it('shows nothing where no tenant is named', async () => {
    await form(a);
    for (const table of ['tenants', 'forms']) {
      expect((await test.db.app.query(`SELECT FROM ${table}`)).rowCount, table).to.equal(0);
      expect((await test.db.inTenants([], (c) => c.query(`SELECT FROM ${table}`))).rowCount, table).to.equal(
        0,
      );
    }
  });

  it("shows, changes and deletes a tenant's own rows only", async () => {
    const [mine, theirs] = [await form(a), await form(b)];
    await test.db.inTenants([a], async (client) => {
      const { rows } = await client.query<{ id: string }>('SELECT id FROM forms');
      expect(rows.map(({ id }) => id))
        .to.include(mine)
        .and.not.include(theirs);
      expect((await client.query("UPDATE forms SET title = 'x' WHERE id = $1", [theirs])).rowCount).to.equal(
        0,
      );
      expect((await client.query('DELETE FROM forms WHERE id = $1', [theirs])).rowCount).to.equal(0);
    });
  });

  it('refuses a row for another tenant, and moving one there', async () => {
    const mine = await form(a);
    const insert = "INSERT INTO forms (tenant_id, id, title, questions) VALUES ($1, $2, 't', '[]')";
    const inserted = await rejection(test.db.inTenants([a], (client) => client.query(insert, [b, uuid7()])));
    expect(inserted.code).to.equal(POLICY);
    const move = 'UPDATE forms SET tenant_id = $1 WHERE id = $2';
    const moved = await rejection(test.db.inTenants([a], (client) => client.query(move, [b, mine])));
    expect(moved.code).to.equal(POLICY);
  });

  it('refuses a link to what another tenant owns, even to the engine', async () => {
    const theirs = await form(b);
    const insert = "INSERT INTO form_responses (tenant_id, id, form_id, answers) VALUES ($1, $2, $3, '{}')";
    const asApp = await rejection(
      test.db.inTenants([a, b], (client) => client.query(insert, [a, uuid7(), theirs])),
    );
    const asEngine = await rejection(test.db.engine.query(insert, [a, uuid7(), theirs]));
    expect(FOREIGN_KEY).to.include(asApp.code).and.include(asEngine.code);
  });

  it('shows the engine all tenants', async () => {
    await form(a);
    await form(b);
    const { rows } = await test.db.engine.query<{ tenant_id: string }>(
      'SELECT DISTINCT tenant_id FROM forms',
    );
    expect(rows.map((row) => row.tenant_id)).to.have.members([a, b]);
  });

  it('keeps the engine’s own tables from the app', async () => {
    for (const table of ['workers', 'agenda_jobs', 'schema_migrations']) {
      const error = await rejection(test.db.app.query(`SELECT FROM ${table}`));
      expect(error.code, table).to.equal(POLICY);
    }
  });

  async function tenant(): Promise<string> {
    const id = uuid7();
    const columns = '(id, name, data_key, master_key_id)';
    await test.db.engine.query(`INSERT INTO tenants ${columns} VALUES ($1, 'a', '', '')`, [id]);
    return id;
  }

  async function form(tenantId: string): Promise<string> {
    const id = uuid7();
    const insert = "INSERT INTO forms (tenant_id, id, title, questions) VALUES ($1, $2, 't', '[]')";
    await test.db.inTenants([tenantId], (client) => client.query(insert, [tenantId, id]));
    return id;
  }
});
