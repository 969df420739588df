import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { openLogs, type Logs } from '../../../core/domains/logs/logs.ts';
import { systemClock } from '../../../core/kernel/clock.ts';
import { SluiceError } from '../../../core/kernel/errors.ts';
import { uuid7 } from '../../../core/kernel/ids.ts';
import type { LogShard } from '../../../core/kernel/logs.ts';
import type { UnitOfWork } from '../../../core/kernel/stores/stores.ts';
import { masterKey } from '../../../db/master-key.ts';
import { openChangeFeed, type OpenChangeFeed } from '../../../db/stores/change-feed.ts';
import { logDirectory } from '../../../db/stores/log-directory.ts';
import { unitOfWork } from '../../../db/stores/unit-of-work.ts';
import { Vault } from '../../../db/vault.ts';
import postgres from '../../../plugins/postgres/index.ts';
import { createDatabase, testDatabase, type TestDatabase } from '../../support/database.ts';

const LIMITS = { timeoutMs: 10_000, maxRows: 10_000, maxBytes: 1e7 };

describe('the log platform', () => {
  let control: TestDatabase;
  let shards: readonly { url: string; drop(): Promise<void> }[];
  let vault: Vault;
  let tenant: string;
  const open: { logs: Logs; feed: OpenChangeFeed }[] = [];
  before(async () => {
    control = await testDatabase();
    vault = new Vault([masterKey(randomBytes(32))]);
    shards = [await createDatabase(), await createDatabase()];
  });
  beforeEach(async () => {
    tenant = uuid7();
    await workOf(() => {}).within([tenant], (stores) =>
      stores.tenants.insert({ id: tenant, name: 'T', createdAt: new Date() }),
    );
  });
  afterEach(async () => {
    for (const { logs, feed } of open.splice(0)) {
      await logs.close();
      await feed.close();
    }
  });
  after(async () => {
    await control.drop();
    for (const shard of shards) await shard.drop();
  });

  const workOf = (tell: OpenChangeFeed['tell'] | (() => void)): UnitOfWork =>
    unitOfWork(control.db, vault, tell);

  /** One process of the platform. */
  async function start(): Promise<Logs> {
    if (postgres.type !== 'logStore') throw new Error('It is no log store.');
    const feed = await openChangeFeed(control.url);
    const logs = await openLogs(
      {
        work: workOf(feed.tell),
        directory: logDirectory(control.db),
        changes: feed,
        clock: systemClock,
        stores: [postgres],
      },
      { one: shards[0]!.url, two: shards[1]!.url },
    );
    open.push({ logs, feed });
    return logs;
  }
  const take = (logs: Logs, family: string, ...logged: readonly object[]): Promise<{ repeated: boolean }> =>
    logs.intake.take(tenant, { body: { family, schema: { n: 'int' }, logs: logged }, bytes: 1 });
  async function homeOf(logs: Logs, family: string): Promise<{ name: string; shard: LogShard }> {
    const name = (await logs.families.read(tenant, family))!.homes[0]!.shard;
    return { name, shard: await logs.shards.open(name) };
  }
  async function idsOf(logs: Logs, family: string): Promise<readonly number[]> {
    const { name, shard } = await homeOf(logs, family);
    const statement = { sql: `SELECT id FROM "${family}" ORDER BY id`, values: [] };
    const { rows } = await shard.query(await logs.shards.tenant(tenant, name), statement, LIMITS);
    return rows.map(([id]) => Number(id));
  }

  it('gives ids without a gap over a stop and a start', async () => {
    const first = await start();
    for (let n = 0; n < 5; n++) await take(first, 'dogs', { n });
    await first.close();
    const second = await start();
    await take(second, 'dogs', { n: 5 }, { n: 6 });
    expect(await idsOf(second, 'dogs')).to.deep.equal([1, 2, 3, 4, 5, 6, 7]);
  });

  it('never gives an id twice, though several processes write one family', async () => {
    const [a, b] = [await start(), await start()];
    await Promise.all(Array.from({ length: 100 }, (_, n) => take(n % 2 ? a : b, 'dogs', { n }, { n })));
    const ids = await idsOf(a, 'dogs');
    expect(ids).to.have.length(200);
    expect(new Set(ids).size).to.equal(200);
  });

  it('makes one table where processes bring one family at once', async () => {
    const processes = [await start(), await start(), await start()];
    await Promise.all(processes.map((logs, n) => take(logs, 'dogs', { n })));
    expect(await idsOf(processes[0]!, 'dogs')).to.have.length(3);
    const { rows } = await control.db.engine.query<{ shards: number }>(
      'SELECT count(DISTINCT shard) AS shards FROM log_slices WHERE tenant_id = $1',
      [tenant],
    );
    expect(rows[0]!.shards).to.equal(1);
  });

  it('learns of columns that another process added', async () => {
    const [a, b] = [await start(), await start()];
    await take(a, 'dogs', { n: 1 });
    await take(b, 'dogs', { n: 2 });
    await a.intake.take(tenant, {
      body: { family: 'dogs', schema: { text: 'string' }, logs: [{ text: 'x' }] },
      bytes: 1,
    });
    // Without a word about its type: known is known, whether the news has arrived or not.
    await b.intake.take(tenant, { body: { family: 'dogs', logs: [{ text: 'y' }] }, bytes: 1 });
    expect(await idsOf(b, 'dogs')).to.have.length(4);
  });

  it('brings up a table whose maker died after the control plane had decided', async () => {
    const logs = await start();
    await workOf(() => {}).within([tenant], async ({ logFamilies, logTenants }) => {
      await logTenants.password(tenant, 'one', 'secret');
      await logFamilies.insert(tenant, 'dogs', 'one');
      await logFamilies.addColumns((await logFamilies.lock(tenant, 'dogs'))!, [{ name: 'n', type: 'int' }]);
    });
    await take(logs, 'dogs', { n: 1 });
    expect(await idsOf(logs, 'dogs')).to.deep.equal([1]);
  });

  it('reads the placement again where the fence refuses it, and uses the same ids', async () => {
    const logs = await start();
    await take(logs, 'dogs', { n: 1 });
    const { name, shard } = await homeOf(logs, 'dogs');
    // As a move would: the new epoch is on record, then on the shard, and nobody is told.
    await control.db.engine.query('UPDATE log_slices SET epoch = 2 WHERE tenant_id = $1', [tenant]);
    await shard.ensureTable(await logs.shards.tenant(tenant, name), 'dogs', [{ name: 'n', type: 'int' }], 2);
    await take(logs, 'dogs', { n: 2 });
    expect(await idsOf(logs, 'dogs')).to.deep.equal([1, 2]);
  });

  it('gives up with 503 where the fence stays closed', async () => {
    const logs = await start();
    await take(logs, 'dogs', { n: 1 });
    const { name, shard } = await homeOf(logs, 'dogs');
    await shard.ensureTable(await logs.shards.tenant(tenant, name), 'dogs', [{ name: 'n', type: 'int' }], 9);
    const error = await take(logs, 'dogs', { n: 2 }).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(SluiceError);
    expect(error).to.include({ code: 'UNAVAILABLE', retryAfter: 1 });
    expect(await idsOf(logs, 'dogs')).to.deep.equal([1]);
  });

  it('places the families of a tenant on the shard it is pinned to', async () => {
    const logs = await start();
    await workOf(() => {}).within([tenant], ({ logTenants }) => logTenants.setPin(tenant, 'two'));
    for (const family of ['a', 'b', 'c']) {
      await take(logs, family, { n: 1 });
      expect((await homeOf(logs, family)).name).to.equal('two');
    }
  });
});
