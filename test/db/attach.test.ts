import { expect } from 'chai';
import type { PoolClient } from 'pg';
import { uuid7 } from '../../core/kernel/ids.ts';
import type { EnvironmentState } from '../../core/kernel/stores/compute.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { rejection } from '../support/rejection.ts';
import { eventually } from '../support/sluice-process.ts';

/** SQLSTATEs of a foreign key: where a row that is pointed at goes it is 23001 from PostgreSQL 18 on. */
const MISSING = '23503';
const RESTRICTED = ['23001', '23503'];

const ENVIRONMENT = `
  INSERT INTO compute_environments (tenant_id, id, name, definition, definition_version, definition_hash, input, state,
    operation_id)
  VALUES ($1, $2, $3, 'cloud', '1.0.0', 'hash', '{}', $4, $5)`;
const RUN = `
  INSERT INTO runs (tenant_id, id, kind, definition, definition_version, definition_hash, pipeline, subject, state, input)
  VALUES ($1, $2, 'create', 'cloud', '1.0.0', 'hash', 'create', 'test', 'succeeded', '{}')`;
const ATTACH = `INSERT INTO repos (tenant_id, id, name, compute_environment_id) VALUES ($1, $2, $3, $4)`;
const SET_STATE = `UPDATE compute_environments SET state = $2 WHERE id = $1`;

describe('the rule that a repo stands on a usable environment of its customer', () => {
  let test: TestDatabase;
  let tenant: string;
  before(async () => {
    test = await testDatabase();
    await test.db.engine.query(
      `INSERT INTO definition_versions (hash, definition, version, kind, file, source)
       VALUES ('hash', 'cloud', '1.0.0', 'provisioner', 'f', '')`,
    );
    tenant = await newTenant();
  });
  after(() => test.drop());

  async function newTenant(): Promise<string> {
    const id = uuid7();
    await test.db.engine.query(`INSERT INTO tenants (id, name, data_key, master_key_id) VALUES ($1, 'a', '', '')`, [id]);
    return id;
  }
  async function environment(state: EnvironmentState, of = tenant): Promise<string> {
    const [id, run] = [uuid7(), uuid7()];
    await test.db.engine.query(RUN, [of, run]);
    await test.db.engine.query(ENVIRONMENT, [of, id, id, state, run]);
    return id;
  }
  const attach = (client: Pick<PoolClient, 'query'>, to: string, name: string = uuid7()) =>
    client.query(ATTACH, [tenant, uuid7(), name, to]);
  /** A transaction of the application's, left open. */
  async function open(): Promise<PoolClient> {
    const client = await test.db.app.connect();
    await client.query(`BEGIN; SELECT set_config('sluice.tenants', '${tenant}', true)`);
    return client;
  }
  async function ended(client: PoolClient, how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    await client.query(how);
    client.release();
  }
  const isWaiting = (client: PoolClient) =>
    eventually('the other transaction waits', async () => {
      const { processID } = client as PoolClient & { readonly processID: number };
      const { rows } = await test.db.engine.query<{ waits: boolean }>(
        'SELECT cardinality(pg_blocking_pids($1)) > 0 AS waits',
        [processID],
      );
      return rows[0]!.waits;
    });

  it('lets repos be attached while it is ACTIVE or DEGRADED, and in no other state', async () => {
    for (const state of ['ACTIVE', 'DEGRADED'] as const) await attach(test.db.engine, await environment(state));
    for (const state of ['CREATING', 'ROLLING_BACK', 'FAILED', 'DELETING', 'DELETE_FAILED', 'DELETED'] as const) {
      const error = await rejection(attach(test.db.engine, await environment(state)));
      expect([state, error.code]).to.deep.equal([state, MISSING]);
    }
  });

  it('refuses an environment of another customer, also to who sees both', async () => {
    const theirs = await environment('ACTIVE', await newTenant());
    expect((await rejection(attach(test.db.engine, theirs))).code).to.equal(MISSING);
    expect((await rejection(test.db.inTenants([tenant], (client) => attach(client, theirs)))).code).to.equal(MISSING);
  });

  it('keeps an environment that is used from leaving these states, and from going', async () => {
    const id = await environment('ACTIVE');
    await attach(test.db.engine, id);
    for (const state of ['DELETING', 'FAILED', 'CREATING']) {
      expect(RESTRICTED).to.include((await rejection(test.db.engine.query(SET_STATE, [id, state]))).code);
    }
    const gone = test.db.engine.query('DELETE FROM compute_environments WHERE id = $1', [id]);
    expect(RESTRICTED).to.include((await rejection(gone)).code);
    await test.db.engine.query(SET_STATE, [id, 'DEGRADED']);
    await test.db.engine.query('DELETE FROM repos WHERE compute_environment_id = $1', [id]);
    await test.db.engine.query(SET_STATE, [id, 'DELETING']);
  });

  it('lets the deletion wait for an attachment under way, and refuses it once that has committed', async () => {
    const id = await environment('ACTIVE');
    const [attaching, deleting] = [await open(), await open()];
    await attach(attaching, id);
    const deletion = deleting.query(SET_STATE, [id, 'DELETING']).then(
      () => 'deleted',
      (error: { code: string }) => error.code,
    );
    await isWaiting(deleting);
    await ended(attaching, 'COMMIT');
    expect(RESTRICTED).to.include(await deletion);
    await ended(deleting, 'ROLLBACK');
  });

  it('lets an attachment wait for a deletion that begins, and refuses it once that has committed', async () => {
    const id = await environment('ACTIVE');
    const [attaching, deleting] = [await open(), await open()];
    await deleting.query(SET_STATE, [id, 'DELETING']);
    const attachment = attach(attaching, id).then(
      () => 'attached',
      (error: { code: string }) => error.code,
    );
    await isWaiting(attaching);
    await ended(deleting, 'COMMIT');
    expect(await attachment).to.equal(MISSING);
    await ended(attaching, 'ROLLBACK');
  });

  it('lets the attachment go ahead where the deletion comes to nothing', async () => {
    const id = await environment('ACTIVE');
    const [attaching, deleting] = [await open(), await open()];
    await deleting.query(SET_STATE, [id, 'DELETING']);
    const attachment = attach(attaching, id);
    await isWaiting(attaching);
    await ended(deleting, 'ROLLBACK');
    expect((await attachment).rowCount).to.equal(1);
    await ended(attaching, 'COMMIT');
  });

  it('gives a race of both one winner, whichever it is', async () => {
    for (let round = 0; round < 20; round++) {
      const id = await environment('ACTIVE');
      const outcomes = await Promise.allSettled([
        test.db.inTenants([tenant], (client) => attach(client, id)),
        test.db.inTenants([tenant], (client) => client.query(SET_STATE, [id, 'DELETING'])),
      ]);
      expect(outcomes.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
      const { rows } = await test.db.engine.query<{ state: string; repos: number }>(
        `SELECT state, (SELECT count(*) FROM repos WHERE compute_environment_id = e.id) AS repos
         FROM compute_environments e WHERE id = $1`,
        [id],
      );
      expect([{ state: 'ACTIVE', repos: 1 }, { state: 'DELETING', repos: 0 }]).to.deep.include(rows[0]);
    }
  });

  it('never lets ACTIVE <-> DEGRADED wait for an open attachment', async () => {
    const id = await environment('ACTIVE');
    const attaching = await open();
    await attach(attaching, id);
    const checking = await open();
    await checking.query(`SET LOCAL lock_timeout = '1ms'`);
    for (const state of ['DEGRADED', 'ACTIVE']) {
      expect((await checking.query(SET_STATE, [id, state])).rowCount).to.equal(1);
    }
    await ended(checking, 'COMMIT');
    await ended(attaching, 'COMMIT');
  });

  it('takes no name, and no e-mail address, twice in whatever case, but again after a deletion', async () => {
    const run = uuid7();
    await test.db.engine.query(RUN, [tenant, run]);
    const named = (name: string, state: string) =>
      test.db.engine.query(ENVIRONMENT, [tenant, uuid7(), name, state, run]);
    await named('Büro', 'DELETED');
    await named('BÜRO', 'ACTIVE');
    expect((await rejection(named('büro', 'CREATING'))).code).to.equal('23505');
    const to = await environment('ACTIVE');
    await attach(test.db.engine, to, 'Notebooks');
    expect((await rejection(attach(test.db.engine, to, 'NOTEBOOKS'))).code).to.equal('23505');
    const user = (email: string, of = tenant) =>
      test.db.engine.query(`INSERT INTO users (tenant_id, id, email, name, role) VALUES ($1, $2, $3, 'x', 'member')`, [
        of,
        uuid7(),
        email,
      ]);
    await user('Ada@example.org');
    expect((await rejection(user('ada@EXAMPLE.org'))).code).to.equal('23505');
    await user('ada@example.org', await newTenant());
  });

  it('keeps users and repos of two customers apart', async () => {
    const other = await newTenant();
    const [repo, user] = [uuid7(), uuid7()];
    await test.db.engine.query(ATTACH, [tenant, repo, repo, await environment('ACTIVE')]);
    await test.db.engine.query(
      `INSERT INTO users (tenant_id, id, email, name, role) VALUES ($1, $2, 'x@example.org', 'x', 'member')`,
      [other, user],
    );
    for (const of of [tenant, other]) {
      const assign = 'INSERT INTO repo_users (tenant_id, repo_id, user_id) VALUES ($1, $2, $3)';
      expect((await rejection(test.db.engine.query(assign, [of, repo, user]))).code).to.equal(MISSING);
    }
  });
});
