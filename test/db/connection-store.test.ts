import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { uuid7 } from '../../core/kernel/ids.ts';
import type { Tokens } from '../../core/kernel/plugin.ts';
import type { LiveConnection } from '../../core/kernel/ports.ts';
import type { Connection } from '../../core/kernel/stores/connections.ts';
import type { UnitOfWork } from '../../core/kernel/stores/stores.ts';
import { masterKey } from '../../db/master-key.ts';
import { CachedConnectionStore } from '../../db/stores/cached-connections.ts';
import { openChangeFeed, type OpenChangeFeed } from '../../db/stores/change-feed.ts';
import { DatabaseConnectionStore } from '../../db/stores/connection-store.ts';
import { unitOfWork } from '../../db/stores/unit-of-work.ts';
import { Vault } from '../../db/vault.ts';
import { testDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/sluice-process.ts';

describe('connections in use', () => {
  let database: TestDatabase;
  let vault: Vault;
  let work: UnitOfWork;
  let feed: OpenChangeFeed;
  const tenantId = uuid7();

  before(async () => {
    database = await testDatabase();
    vault = new Vault([masterKey(randomBytes(32))]);
    feed = await openChangeFeed(database.url);
    work = unitOfWork(database.db, vault, feed.tell);
    await work.within([tenantId], (stores) =>
      stores.tenants.insert({ id: tenantId, name: 'Acme', createdAt: new Date() }),
    );
  });
  after(async () => {
    await feed?.close();
    await database?.drop();
  });

  const stored = (): DatabaseConnectionStore => new DatabaseConnectionStore(database.db, vault);
  const cached = (): CachedConnectionStore => new CachedConnectionStore(stored(), feed);
  const newConnection = async (): Promise<string> => {
    const now = new Date();
    const id = uuid7();
    const rest = { stateReason: undefined, version: 1, createdAt: now, updatedAt: now } as const;
    const connection: Connection = { tenantId, id, definition: 'x', name: 'main', config: {}, state: 'active', ...rest };
    await work.within([tenantId], (stores) => stores.connections.insert(connection, { '/token': 'old' }));
    return id;
  };
  const change = (id: string, token: string): Promise<void> =>
    work.within([tenantId], async (stores) => {
      const connection = (await stores.connections.find(tenantId, id))!;
      await stores.connections.update(connection, { '/token': token });
      await stores.changed({ noun: 'connection', tenantId, id });
    });
  const stateOf = async (id: string): Promise<string | undefined> =>
    (await work.within([tenantId], (stores) => stores.connections.find(tenantId, id)))?.state;
  const isNot =
    (token: string) =>
    (tokens: Tokens | undefined): boolean =>
      tokens?.accessToken !== token;

  for (const [kind, open] of [
    ['of the database', stored],
    ['at hand', cached],
  ] as const) {
    describe(kind, () => {
      let store: DatabaseConnectionStore | CachedConnectionStore;
      beforeEach(() => {
        store = open();
      });
      const load = async (id: string): Promise<LiveConnection> => (await store.load(tenantId, id))!;

      it('are taken out of use by whoever used the credentials they have', async () => {
        const id = await newConnection();
        await store.setState(await load(id), 'needs_reauth', 'refused');
        expect(await stateOf(id)).to.equal('needs_reauth');
        expect(await load(id)).to.include({ state: 'needs_reauth' });
      });

      it('stay in use where the credentials that failed have been replaced meanwhile', async () => {
        const id = await newConnection();
        const before = await load(id);
        await change(id, 'new');
        await store.setState(before, 'needs_reauth', 'refused');
        expect(await stateOf(id)).to.equal('active');
        expect((await load(id)).config).to.deep.equal({ token: 'new' });
      });

      it('stay in use where a person consented anew while the old grant was refused', async () => {
        const id = await newConnection();
        const before = await load(id);
        await work.within([tenantId], (stores) => stores.connections.saveTokens(tenantId, id, { accessToken: 'consented' }));
        await store.setState(before, 'needs_reauth', 'invalid_grant');
        expect(await stateOf(id)).to.equal('active');
      });

      it('are taken out of use by whose renewed tokens were refused, too', async () => {
        const id = await newConnection();
        const before = await load(id);
        await store.renewTokens(before, isNot('t1'), async () => ({ accessToken: 't1' }));
        await store.setState(before, 'needs_reauth', 'refused');
        expect(await stateOf(id)).to.equal('needs_reauth');
      });

      it('give tokens that another process renewed to who still holds the old ones', async () => {
        const id = await newConnection();
        const mine = await load(id);
        const other = stored();
        await other.renewTokens((await other.load(tenantId, id))!, isNot('t1'), async () => ({ accessToken: 't1' }));
        const renewed = await store.renewTokens(mine, isNot('t1'), async () => expect.fail('renewed twice'));
        expect(renewed.accessToken).to.equal('t1');
        expect((await store.tokens(mine))?.accessToken).to.equal('t1');
      });
    });
  }

  it('at hand are told of changes elsewhere, and belong to their tenant', async () => {
    const store = cached();
    const id = await newConnection();
    const first = await store.load(tenantId, id);
    expect(await store.load(tenantId, id)).to.equal(first);
    expect(await store.load(uuid7(), id)).to.equal(undefined);
    const elsewhere = unitOfWork(database.db, vault, () => {});
    await elsewhere.within([tenantId], async (stores) => {
      await stores.connections.update((await stores.connections.find(tenantId, id))!, { '/token': 'elsewhere' });
      await stores.changed({ noun: 'connection', tenantId, id });
    });
    await eventually('the news arrives', async () => (await store.load(tenantId, id))?.config['token'] === 'elsewhere');
  });
});
