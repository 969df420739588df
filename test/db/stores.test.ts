import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import pg from 'pg';
import { systemClock } from '../../core/kernel/clock.ts';
import { uuid7 } from '../../core/kernel/ids.ts';
import type { LiveConnection } from '../../core/kernel/ports.ts';
import type { NewRun } from '../../core/kernel/runs.ts';
import type { Connection } from '../../core/kernel/stores/connections.ts';
import type { Form, NewResponse } from '../../core/kernel/stores/forms.ts';
import type { Change, UnitOfWork } from '../../core/kernel/stores/stores.ts';
import { masterKey } from '../../db/master-key.ts';
import { openChangeFeed } from '../../db/stores/change-feed.ts';
import { DatabaseConnectionStore } from '../../db/stores/connection-store.ts';
import { directory } from '../../db/stores/directory.ts';
import { responseLog } from '../../db/stores/response-log.ts';
import { unitOfWork } from '../../db/stores/unit-of-work.ts';
import { Vault } from '../../db/vault.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { rejection } from '../support/rejection.ts';
import { eventually } from '../support/sluice-process.ts';

const now = new Date();

describe('the stores of the control plane', () => {
  let database: TestDatabase;
  let vault: Vault;
  let work: UnitOfWork;
  let ours: string;
  let theirs: string;
  before(async () => {
    database = await testDatabase();
    vault = new Vault([masterKey(randomBytes(32))]);
    work = unitOfWork(database.db, vault, () => {});
    ours = await newTenant('Ours');
    theirs = await newTenant('Theirs');
  });
  after(() => database.drop());

  async function newTenant(name: string): Promise<string> {
    const id = uuid7();
    await work.within([id], (stores) => stores.tenants.insert({ id, name, createdAt: now }));
    return id;
  }
  const formOf = (tenantId: string): Form => ({
    tenantId,
    id: uuid7(),
    title: 'Form',
    questions: [{ key: 'a', title: 'a', type: 'text', required: false }],
    published: true,
    version: 1,
    createdAt: now,
    updatedAt: now,
  });
  async function newForm(tenantId: string): Promise<Form> {
    const form = formOf(tenantId);
    await work.within([tenantId], (stores) => stores.forms.insert(form));
    return form;
  }
  async function newConnection(tenantId: string): Promise<Connection> {
    const connection: Connection = {
      tenantId,
      id: uuid7(),
      definition: 'x',
      name: 'Account',
      config: { region: 'eu', login: { user: 'ada' } },
      state: 'active',
      stateReason: undefined,
      version: 1,
      createdAt: now,
      updatedAt: now,
    };
    const secrets = { '/token': 'a-secret', '/login/password': 'another-secret' };
    await work.within([tenantId], (stores) => stores.connections.insert(connection, secrets));
    return connection;
  }

  describe('with row-level security', () => {
    it('see only what belongs to the tenants of their transaction, also by id', async () => {
      const form = await newForm(theirs);
      const seen = await work.within([ours], async (stores) => [
        await stores.forms.find(theirs, form.id),
        (await stores.forms.list(theirs, { limit: 10 })).items.length,
        await stores.tenants.find(theirs),
      ]);
      expect(seen).to.deep.equal([undefined, 0, undefined]);
    });

    it('cannot write for a tenant that is not theirs', async () => {
      const error = await rejection(work.within([ours], (stores) => stores.forms.insert(formOf(theirs))));
      expect(error.message).to.include('row-level security');
    });

    it('cannot link what belongs to two tenants', async () => {
      const connection = await newConnection(theirs);
      const form = await newForm(ours);
      const automation = {
        tenantId: ours,
        id: uuid7(),
        source: 'form.response',
        sourceId: form.id,
        definition: 'x',
        action: 'y',
        connectionId: connection.id,
        input: {},
        condition: undefined,
        enabled: true,
        createdAt: now,
        updatedAt: now,
      };
      const both = [ours, theirs];
      const error = await rejection(work.within(both, (stores) => stores.automations.insert(automation)));
      expect(error.message).to.include('foreign key');
    });
  });

  describe('keep responses', () => {
    const response = (form: Form, more: Partial<NewResponse> = {}): NewResponse => ({
      tenantId: form.tenantId,
      id: uuid7(),
      formId: form.id,
      answers: { a: 'x' },
      createdAt: now,
      runs: [],
      ...more,
    });
    const run = (tenantId: string, hash = 'hash-1'): NewRun => ({
      tenantId,
      id: uuid7(),
      kind: 'action',
      definition: { id: 'x', version: '1.0.0', hash },
      pipeline: 'actions/y',
      subject: 'response:1',
      input: {},
    });
    const count = async (id: string): Promise<number> => {
      const { rowCount } = await database.db.engine.query('SELECT FROM form_responses WHERE id = $1', [id]);
      return rowCount ?? 0;
    };
    before(async () => {
      const version = {
        hash: 'hash-1',
        definition: 'x',
        version: '1.0.0',
        kind: 'integration',
        file: 'x',
        source: '',
        files: {},
      };
      await directory(database.db, vault).addDefinitions([version, version]);
      expect((await directory(database.db, vault).definition('hash-1'))?.version).to.equal('1.0.0');
    });

    it('of several tenants in one transaction with their runs', async () => {
      const [a, b] = [await newForm(ours), await newForm(theirs)];
      const batch = [response(a, { runs: [run(ours)] }), response(b, { runs: [run(theirs)] })];
      const outcomes = await responseLog(database.db).commit(batch);
      expect(outcomes).to.deep.equal([{ written: true }, { written: true }]);
      const { rows } = await database.db.engine.query('SELECT state FROM runs WHERE id = ANY ($1)', [
        batch.flatMap(({ runs }) => runs.map(({ id }) => id)),
      ]);
      expect(rows).to.deep.equal([{ state: 'queued' }, { state: 'queued' }]);
    });

    it('with their runs, or not at all', async () => {
      const form = await newForm(ours);
      const batch = [response(form), response(form, { runs: [run(ours, 'no-such-hash')] })];
      expect((await rejection(responseLog(database.db).commit(batch))).code).to.equal('23503');
      expect([await count(batch[0]!.id), await count(batch[1]!.id)]).to.deep.equal([0, 0]);
    });

    it('once an idempotency key, and answer the first answer byte by byte', async () => {
      const form = await newForm(ours);
      const idempotency = {
        route: 'r',
        key: 'k',
        bodyHash: Buffer.from('h'),
        status: 201,
        headers: { Location: '/x' },
        body: '{"b": 1, "a":2}',
      };
      const [first, second] = [
        response(form, { idempotency }),
        response(form, { idempotency: { ...idempotency, body: '{}' } }),
      ];
      expect(await responseLog(database.db).commit([first])).to.deep.equal([{ written: true }]);
      const [outcome] = await responseLog(database.db).commit([second]);
      expect(outcome).to.deep.include({ written: false });
      expect(outcome).to.have.nested.property('before.body', '{"b": 1, "a":2}');
      expect([await count(first.id), await count(second.id)]).to.deep.equal([1, 0]);
      await database.db.engine.query(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours'`);
      expect(await responseLog(database.db).commit([second])).to.deep.equal([{ written: true }]);
      await database.db.engine.query(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours'`);
      expect(await directory(database.db, vault).purgeIdempotencyKeys()).to.equal(1);
    });
  });

  describe('keep connections', () => {
    const store = (): DatabaseConnectionStore => new DatabaseConnectionStore(database.db, vault);
    const live = async (connection: Connection): Promise<LiveConnection> =>
      (await store().load(connection.tenantId, connection.id))!;
    const stale = (tokens: { accessToken: string } | undefined): boolean => tokens?.accessToken !== 'fresh';

    it('with their secrets apart and sealed, and put back where they belong', async () => {
      const connection = await newConnection(ours);
      expect((await live(connection)).config).to.deep.equal({
        region: 'eu',
        login: { user: 'ada', password: 'another-secret' },
        token: 'a-secret',
      });
      const { rows } = await database.db.engine.query<{ secrets: Buffer; config: object }>(
        'SELECT secrets, config FROM connections WHERE id = $1',
        [connection.id],
      );
      expect(rows[0]!.secrets.toString('latin1')).not.to.include('secret');
      expect(rows[0]!.config).to.deep.equal(connection.config);
    });

    it('so that a sealed value opens in no other row', async () => {
      const [a, b] = [await newConnection(ours), await newConnection(ours)];
      await database.db.engine.query(
        'UPDATE connections SET secrets = (SELECT secrets FROM connections WHERE id = $1) WHERE id = $2',
        [a.id, b.id],
      );
      expect((await rejection(live(b))).message).to.include('cannot be opened');
    });

    it('and renew tokens once, over processes and within one', async () => {
      const connection = await live(await newConnection(ours));
      let renewals = 0;
      const renew = async () => {
        renewals++;
        await new Promise((resolve) => setTimeout(resolve, 30));
        return { accessToken: 'fresh', refreshToken: 'r', saved: { account: '7' } };
      };
      const [one, other] = [store(), store()];
      const all = await Promise.all(
        [one, one, other, other, one].map((each) => each.renewTokens(connection, stale, renew)),
      );
      expect(all.map(({ accessToken }) => accessToken)).to.deep.equal(
        Array.from({ length: 5 }, () => 'fresh'),
      );
      expect(renewals).to.equal(1);
      const after = (await store().load(ours, connection.id))!;
      expect(after.config).to.include({ account: '7', token: 'a-secret' });
      expect(after.version).to.be.greaterThan(connection.version);
    });

    it('and give a failed renewal to all who wait for it, leaving the lease free', async () => {
      const connection = await live(await newConnection(ours));
      const one = store();
      const refuse = async (): Promise<never> => {
        throw new Error('refused');
      };
      const errors = await Promise.all(
        [1, 2].map(() => rejection(one.renewTokens(connection, stale, refuse))),
      );
      expect(errors.map(({ message }) => message)).to.deep.equal(['refused', 'refused']);
      expect(
        (await store().renewTokens(connection, stale, async () => ({ accessToken: 'fresh' }))).accessToken,
      ).to.equal('fresh');
    });

    it('and take a lease over from a process that died with it', async () => {
      const connection = await live(await newConnection(ours));
      await database.db.engine.query(
        `UPDATE connections SET renewal_owner = gen_random_uuid(), renewal_until = now() + interval '100 milliseconds' WHERE id = $1`,
        [connection.id],
      );
      const tokens = await store().renewTokens(connection, stale, async () => ({ accessToken: 'fresh' }));
      expect(tokens.accessToken).to.equal('fresh');
    });

    it('and keep the tokens of a new consent against a renewal of the old ones', async () => {
      const connection = await live(await newConnection(ours));
      const tokens = await store().renewTokens(connection, stale, async () => {
        await work.within([ours], (stores) =>
          stores.connections.saveTokens(ours, connection.id, { accessToken: 'consented' }),
        );
        return { accessToken: 'fresh' };
      });
      expect(tokens.accessToken).to.equal('consented');
      expect((await store().tokens(connection))?.accessToken).to.equal('consented');
    });

    it('in or out of use, with the reason, and tell the other processes', async () => {
      const connection = await live(await newConnection(ours));
      const feed = await openChangeFeed(database.url);
      const heard: (Change | undefined)[] = [];
      feed.subscribe((change) => heard.push(change));
      await store().setState(connection, 'needs_reauth', 'The grant is gone.');
      await eventually('news of the connection', async () => heard.length > 0);
      expect(heard).to.deep.equal([{ noun: 'connection', tenantId: ours, id: connection.id }]);
      await feed.close();
      const shown = await work.within([ours], (stores) => stores.connections.find(ours, connection.id));
      expect(shown).to.include({ state: 'needs_reauth', stateReason: 'The grant is gone.' });
    });

    it('and their consents, each taken once and not after its time', async () => {
      const connection = await newConnection(ours);
      const authorization = {
        tenantId: ours,
        connectionId: connection.id,
        redirectUri: 'https://x.test/cb',
        verifier: 'v',
      };
      const [good, late] = [randomBytes(32), randomBytes(32)];
      await work.within([ours], async (stores) => {
        await stores.authorizations.insert(good, authorization, 60_000);
        await stores.authorizations.insert(late, authorization, -1);
      });
      const all = directory(database.db, vault);
      expect(await all.takeAuthorization(late)).to.equal(undefined);
      expect(await all.takeAuthorization(good)).to.deep.equal(authorization);
      expect(await all.takeAuthorization(good)).to.equal(undefined);
    });
  });

  describe('tell of changes', () => {
    it('once they are committed, to every process, and at once to their own', async () => {
      const feed = await openChangeFeed(database.url);
      const own: Change[] = [];
      const heard: (Change | undefined)[] = [];
      feed.subscribe((change) => heard.push(change));
      const telling = unitOfWork(database.db, vault, (change) => own.push(change));
      const change: Change = { noun: 'form', tenantId: ours, id: uuid7() };
      await rejection(
        telling.within([ours], async (stores) => {
          await stores.changed({ ...change, noun: 'connection' });
          throw new Error('rolled back');
        }),
      );
      await telling.within([ours], (stores) => stores.changed(change));
      expect(own).to.deep.equal([change]);
      await eventually('news of a change', async () => heard.length > 0);
      expect(heard).to.deep.equal([change]);
      await feed.close();
    });

    it('and say when they may have missed some', async () => {
      const feed = await openChangeFeed(database.url);
      const heard: (Change | undefined)[] = [];
      feed.subscribe((change) => heard.push(change));
      expect(feed.live).to.equal(true);
      const login = new pg.Client(database.url);
      await login.connect();
      await login.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()`,
      );
      await login.end();
      await eventually('news of a change', async () => heard.length > 0);
      await eventually('a new connection', async () => feed.live);
      expect(heard.every((change) => change === undefined)).to.equal(true);
      await feed.close();
    });
  });

  it('find a key by its hash, for one that is not known by tenant yet', async () => {
    const hash = randomBytes(32);
    const key = {
      tenantId: ours,
      id: uuid7(systemClock.now()),
      name: 'k',
      role: 'member' as const,
      scopes: ['*'],
      prefix: 'slk_abc',
      expiresAt: undefined,
      revokedAt: undefined,
      createdAt: now,
    };
    await work.within([ours], (stores) => stores.keys.insert(key, hash));
    expect(await directory(database.db, vault).keyByHash(hash)).to.deep.equal(key);
    expect(await directory(database.db, vault).keyByHash(randomBytes(32))).to.equal(undefined);
  });
});
