import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { uuid7 } from '../../core/kernel/ids.ts';
import { OPERATOR } from '../../core/kernel/stores/idempotency.ts';
import type { LogFamilyStore } from '../../core/kernel/stores/logs.ts';
import type { UnitOfWork } from '../../core/kernel/stores/stores.ts';
import { masterKey } from '../../db/master-key.ts';
import { logDirectory } from '../../db/stores/log-directory.ts';
import { unitOfWork } from '../../db/stores/unit-of-work.ts';
import { rotateDataKeys, Vault } from '../../db/vault.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { rejection } from '../support/rejection.ts';

const URL = 'mysql://root:hunter2@db1:3306';
const key = masterKey(randomBytes(32));

describe('the stores of logs', () => {
  let database: TestDatabase;
  let work: UnitOfWork;
  let tenant: string;
  before(async () => {
    database = await testDatabase();
    work = unitOfWork(database.db, new Vault([key]), () => {});
    await work.within([OPERATOR], async ({ logShards }) => {
      await logShards.put({ name: 'one', store: 'mysql', url: URL, weight: 2 });
      await logShards.put({ name: 'two', store: 'mysql', url: URL, weight: 1 });
    });
  });
  beforeEach(async () => {
    tenant = await newTenant();
  });
  after(() => database.drop());

  async function newTenant(): Promise<string> {
    const id = uuid7();
    await work.within([id], (stores) => stores.tenants.insert({ id, name: 'T', createdAt: new Date() }));
    return id;
  }
  const within = <T>(use: (families: LogFamilyStore) => Promise<T>): Promise<T> =>
    work.within([tenant], (stores) => use(stores.logFamilies));

  describe('of shards', () => {
    const within = <T>(use: Parameters<typeof work.within<T>>[1]): Promise<T> => work.within([OPERATOR], use);

    it('give the URL back to the operator, and keep it sealed', async () => {
      expect(await within(({ logShards }) => logShards.find('one'))).to.deep.include({
        url: URL,
        weight: 2,
        state: 'active',
      });
      const { rows } = await database.db.engine.query<{ url: Buffer }>('SELECT url FROM log_shards');
      expect(Buffer.concat(rows.map((row) => row.url)).toString('latin1')).to.not.include('hunter2');
    });

    it('give a shard of the same name another URL, and leave its weight and state', async () => {
      await within(({ logShards }) => logShards.put({ name: 'moved', store: 'mysql', url: URL, weight: 3 }));
      await within(({ logShards }) => logShards.change('moved', { state: 'draining' }));
      await within(({ logShards }) =>
        logShards.put({ name: 'moved', store: 'postgres', url: 'postgres://x/y', weight: 1 }),
      );
      expect(await within(({ logShards }) => logShards.find('moved'))).to.deep.include({
        store: 'postgres',
        url: 'postgres://x/y',
        weight: 3,
        state: 'draining',
      });
    });

    it('show them to nobody else', async () => {
      expect(await work.within([tenant], ({ logShards }) => logShards.list())).to.deep.equal([]);
    });

    it('can be opened after the master key was rotated', async () => {
      const next = masterKey(randomBytes(32));
      expect(await rotateDataKeys(database.db.engine, new Vault([next, key]))).to.be.above(1);
      const rotated = unitOfWork(database.db, new Vault([next]), () => {});
      const shards = await rotated.within([OPERATOR], ({ logShards }) => logShards.list());
      expect(shards.find(({ name }) => name === 'one')?.url).to.equal(URL);
      await rotateDataKeys(database.db.engine, new Vault([key, next]));
    });
  });

  describe('of tenants on shards', () => {
    it('keep the first password, also where two come first together', async () => {
      const ask = (fresh: string): Promise<string> =>
        work.within([tenant], ({ logTenants }) => logTenants.password(tenant, 'one', fresh));
      const [a, b] = await Promise.all([ask('first'), ask('second')]);
      expect(a).to.equal(b);
      expect(await ask('third')).to.equal(a);
      const { rows } = await database.db.engine.query<{ password: Buffer }>(
        'SELECT password FROM log_tenants WHERE tenant_id = $1',
        [tenant],
      );
      expect(rows[0]!.password.toString('latin1')).to.not.include(a);
    });

    it('know the shard a tenant is pinned to', async () => {
      await work.within([tenant], async ({ logTenants }) => {
        expect(await logTenants.pin(tenant)).to.equal(undefined);
        await logTenants.setPin(tenant, 'one');
        await logTenants.setPin(tenant, 'two');
        expect(await logTenants.pin(tenant)).to.equal('two');
      });
    });
  });

  describe('of families', () => {
    it('make a family once, with 64 slices on one shard, whatever the case of its name', async () => {
      await Promise.all([
        within((families) => families.insert(tenant, 'Dogs', 'one')),
        within((families) => families.insert(tenant, 'dogs', 'two')),
      ]);
      const all = await within((families) => families.list(tenant));
      expect(all).to.have.length(1);
      expect(all[0]!.homes).to.have.length(1);
      expect(all[0]!.homes[0]!.epoch).to.equal(1);
      expect(await within((families) => families.find(tenant, 'DOGS'))).to.deep.equal(all[0]);
      const { rows } = await database.db.engine.query<{ count: number }>(
        'SELECT count(*) FROM log_slices WHERE tenant_id = $1',
        [tenant],
      );
      expect(rows[0]!.count).to.equal(64);
    });

    it('add columns in order, each with the schema version that brought it', async () => {
      const family = await within(async (families) => {
        await families.insert(tenant, 'dogs', 'one');
        const first = await families.addColumns((await families.lock(tenant, 'dogs'))!, [
          { name: 'z', type: 'int' },
          { name: 'a', type: 'string' },
        ]);
        return families.addColumns(first, [{ name: 'm', type: 'json' }]);
      });
      expect(family.columns).to.deep.equal([
        { name: 'z', type: 'int', version: 2 },
        { name: 'a', type: 'string', version: 2 },
        { name: 'm', type: 'json', version: 3 },
      ]);
      expect(family).to.include({ version: 3, applied: 0 });
    });

    it('let nobody change a locked family, and show the next what was changed', async () => {
      await within((families) => families.insert(tenant, 'dogs', 'one'));
      const add = (name: string): Promise<unknown> =>
        within(async (families) =>
          families.addColumns((await families.lock(tenant, 'dogs'))!, [{ name, type: 'int' }]),
        );
      await Promise.all(['a', 'b', 'c', 'd'].map(add));
      const family = await within((families) => families.find(tenant, 'dogs'));
      expect(family!.columns.map(({ version }) => version)).to.deep.equal([2, 3, 4, 5]);
    });

    it('refuse a second column of a name in another case', async () => {
      const error = await rejection(
        within(async (families) => {
          await families.insert(tenant, 'dogs', 'one');
          const family = (await families.lock(tenant, 'dogs'))!;
          await families.addColumns(family, [
            { name: 'name', type: 'int' },
            { name: 'Name', type: 'int' },
          ]);
        }),
      );
      expect(error.name).to.equal('SequelizeUniqueConstraintError');
    });

    it('never lower the version that a table is known to have', async () => {
      await within(async (families) => {
        await families.insert(tenant, 'dogs', 'one');
        await families.setApplied(tenant, 'dogs', 3);
        await families.setApplied(tenant, 'dogs', 2);
        expect((await families.find(tenant, 'dogs'))!.applied).to.equal(3);
      });
    });

    it('give out every id once, from 1, to all who take some together', async () => {
      await within((families) => families.insert(tenant, 'dogs', 'one'));
      const sizes = [1, 5, 10, 100, 3];
      const firsts = await Promise.all(
        sizes.map((size) => within((families) => families.takeIds(tenant, 'dogs', size))),
      );
      const ids = firsts.flatMap((first, i) => Array.from({ length: sizes[i]! }, (_, n) => first! + n));
      expect(ids.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 119 }, (_, i) => i + 1));
    });

    it('take ids back only where none was taken since', async () => {
      await within(async (families) => {
        await families.insert(tenant, 'dogs', 'one');
        await families.takeIds(tenant, 'dogs', 10);
        await families.returnIds(tenant, 'dogs', 4, 11);
        expect(await families.takeIds(tenant, 'dogs', 10)).to.equal(4);
        await families.returnIds(tenant, 'dogs', 7, 11);
        expect(await families.takeIds(tenant, 'dogs', 1)).to.equal(14);
      });
    });

    it('keep ids below 2^53', async () => {
      await within(async (families) => {
        await families.insert(tenant, 'dogs', 'one');
        expect(await families.takeIds(tenant, 'dogs', Number.MAX_SAFE_INTEGER - 1)).to.equal(1);
        expect(await families.takeIds(tenant, 'dogs', 2)).to.equal(undefined);
        expect(await families.takeIds(tenant, 'dogs', 1)).to.equal(Number.MAX_SAFE_INTEGER);
        expect(await families.takeIds(tenant, 'dogs', 1)).to.equal(undefined);
      });
    });

    it('are counted by shard over all tenants', async () => {
      const directory = logDirectory(database.db);
      const before = (await directory.load()).get('one')!.families;
      await within((families) => families.insert(tenant, 'dogs', 'one'));
      tenant = await newTenant();
      await within((families) => families.insert(tenant, 'dogs', 'one'));
      expect((await directory.load()).get('one')!.families).to.equal(before + 2);
    });
  });

  describe('of keys', () => {
    it('say whose body a key stands for', async () => {
      const directory = logDirectory(database.db);
      const [a, b] = ['aa'.repeat(32), 'bb'.repeat(32)];
      expect(await directory.claimKey(tenant, 'k', a)).to.equal(a);
      expect(await directory.claimKey(tenant, 'k', b)).to.equal(a);
      expect(await directory.claimKey(await newTenant(), 'k', b)).to.equal(b);
    });

    it('forget after 24 hours', async () => {
      const directory = logDirectory(database.db);
      const [a, b] = ['aa'.repeat(32), 'bb'.repeat(32)];
      await directory.claimKey(tenant, 'k', a);
      await database.db.engine.query(
        "UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE tenant_id = $1",
        [tenant],
      );
      expect(await directory.claimKey(tenant, 'k', b)).to.equal(b);
    });
  });

  describe('of usage', () => {
    it('add up by day, and keep the last storage that was measured', async () => {
      const day = (more: object) => ({
        tenantId: tenant,
        day: '2026-01-31',
        events: 1,
        bytes: 10,
        queries: 0,
        storage: 0,
        ...more,
      });
      await work.within([tenant], async ({ usage }) => {
        await usage.add([day({ storage: 500 })]);
        await usage.add([day({ queries: 2 }), day({ day: '2026-02-01' })]);
        expect(await usage.list(tenant, '2026-01-31', '2026-01-31')).to.deep.equal([
          { tenantId: tenant, day: '2026-01-31', events: 2, bytes: 20, queries: 2, storage: 500 },
        ]);
        expect(await usage.list(tenant, '2026-01-01', '2026-12-31')).to.have.length(2);
      });
    });

    it('know the quotas of a tenant', async () => {
      await work.within([tenant], async ({ usage }) => {
        expect(await usage.quotas(tenant)).to.deep.equal({});
        await usage.setQuotas(tenant, { events: 5, queries: 0 });
        expect(await usage.quotas(tenant)).to.deep.equal({ events: 5, queries: 0 });
        await usage.setQuotas(tenant, {});
        expect(await usage.quotas(tenant)).to.deep.equal({});
      });
    });
  });
});
