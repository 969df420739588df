import { expect } from 'chai';
import { Forwarder } from '../../../../core/domains/logs/forwarding/forwarder.ts';
import { testApi, type TestApi } from '../../../api/test-api.ts';
import { createDatabase } from '../../../support/database.ts';
import { mysqlMissing, mysqlServers } from '../../../support/mysql-servers.ts';
import { eventually } from '../../../support/sluice-process.ts';
import { startVendor, status, type Vendor } from '../../../support/vendor.ts';
import { BULK, BULK_SINK, bulkEvents, Index, LOKI, lokiEntries } from './sinks.ts';

type Kind = 'postgres' | 'mysql';

for (const kind of ['postgres', 'mysql'] satisfies Kind[]) {
  describe(`forwarding events from ${kind}`, () => {
    let shard: { readonly url: string; drop?(): Promise<void> };
    let api: TestApi;
    let loki: Vendor;
    let bulk: Vendor;
    let index: Index;
    let forwarder: Forwarder;
    before(async function () {
      // The store's own suite says that MySQL is missing.
      if (kind === 'mysql' && mysqlMissing() !== undefined) return this.skip();
      shard = kind === 'postgres' ? await createDatabase() : { url: (await mysqlServers(1))[0]! };
      [loki, bulk] = [await startVendor(), await startVendor()];
      api = await testApi(options());
      forwarder = forwarderOf(api);
      await api.startWorker();
    });
    beforeEach(() => {
      index = new Index();
      bulk.answer(index.answer);
      loki.answer(status(204, {}, ''));
    });
    after(async () => {
      await api?.close();
      await Promise.all([loki?.close(), bulk?.close(), shard?.drop?.()]);
    });

    const options = () => ({
      logShards: { one: shard.url },
      endpoints: { [LOKI]: loki.origin, [BULK]: bulk.origin },
      definitions: { 'bulk.yaml': BULK_SINK },
    });
    const forwarderOf = ({ logs, work, catalogue }: TestApi): Forwarder =>
      new Forwarder({ directory: logs.directory, shards: logs.shards, work, catalogue });

    /** A tenant with a connection of each sink. */
    async function customer() {
      const { id: tenantId, apiKey: key } = await api.newTenant('Logs');
      const call = (method: string, path: string, body?: unknown, through = api) => through.call(method, path, body, { key });
      const made = async (path: string, body: unknown): Promise<string> => {
        const answer = await call('POST', path, body);
        expect(answer.status, answer.text).to.equal(201);
        return answer.body.id;
      };
      const lokiConnection = await made('/v1/connections', { definition: 'loki', name: 'l', config: { url: LOKI, labels: { env: 'test' } } });
      const bulkConnection = await made('/v1/connections', { definition: 'bulk', name: 'b', config: { index: 'i' } });
      const put = async (family: string, logs: readonly object[], through = api): Promise<void> => {
        const schema = { n: 'int', text: 'string', at: 'timestamp', ok: 'bool' };
        const answer = await call('PUT', '/api/log', { family, schema, logs }, through);
        expect(answer.status, answer.text).to.equal(200);
      };
      const runs = async () => (await call('GET', '/v1/runs?limit=1000')).body.items as { id: string; state: string }[];
      const settled = () =>
        eventually('no run is under way', async () => {
          const all = await runs();
          return all.every(({ state }) => ['succeeded', 'failed'].includes(state)) && all;
        });
      return {
        tenantId,
        call,
        put,
        runs,
        settled,
        numbers: (family: string, from: number, to: number) =>
          put(family, Array.from({ length: to - from + 1 }, (_, i) => ({ n: from + i }))),
        toLoki: (families?: readonly string[]) => made('/v1/log-routes', { connectionId: lokiConnection, families: families ?? null }),
        toBulk: (families?: readonly string[]) => made('/v1/log-routes', { connectionId: bulkConnection, families: families ?? null }),
        bulkConnection,
      };
    }

    /** Forwards until it holds. */
    const forwardUntil = (what: string, holds: () => boolean | Promise<boolean>): Promise<unknown> =>
      eventually(what, async () => {
        await forwarder.forward();
        return holds();
      });
    /** Makes due what waits. */
    const hurry = (): Promise<unknown> =>
      api.db.engine.query(
        `WITH due AS (UPDATE runs SET due_at = now() WHERE due_at < 'infinity' RETURNING id)
         SELECT pg_notify('sluice_runs', '') FROM due LIMIT 1`,
      );
    const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

    it('brings each event once to where its tenant and its family are routed, and nothing else', async () => {
      const [mine, theirs] = [await customer(), await customer()];
      await mine.put('web', [{ n: 0, text: 'before there was a route' }]);
      await mine.toLoki(['web']);
      await mine.toBulk();
      const before = loki.requests.length;
      await mine.put('web', [
        { n: 1, text: 'שלום "x"\n', at: '2026-01-31T12:00:00.123456Z', ok: true },
        { n: 2 },
      ]);
      await mine.put('jobs', [{ n: 3 }]);
      await theirs.put('web', [{ n: 4 }]);
      await forwardUntil('all are there', () => lokiEntries({ requests: loki.requests.slice(before) }).length >= 2 && index.kept.size >= 3);
      await mine.settled();
      await forwarder.forward();
      const entries = lokiEntries({ requests: loki.requests.slice(before) });
      const all = { n: 1, text: 'שלום "x"\n', at: '2026-01-31T12:00:00.123456Z', ok: true };
      expect(entries.map(({ labels, fields, id }) => [labels, fields, id])).to.deep.equal([
        [{ env: 'test', family: 'web' }, all, 'web-2'],
        [{ env: 'test', family: 'web' }, { n: 2 }, 'web-3'],
      ]);
      const found = await mine.call('GET', '/v1/log-families/web/search?q=n:2');
      const received = BigInt(Date.parse(found.body.items[0].time)) * 1_000_000n;
      expect(BigInt(entries[1]!.nanos) / 1_000_000n).to.equal(received / 1_000_000n);
      expect([...index.kept.keys()].sort()).to.deep.equal(['jobs-1', 'web-2', 'web-3']);
      expect(index.doubles).to.deep.equal([]);
      expect(await theirs.runs()).to.deep.equal([]);
      const [run] = (await mine.call('GET', '/v1/runs?limit=1')).body.items;
      expect(run).to.deep.include({ kind: 'forward', state: 'succeeded' });
    });

    it('keeps to the bounds of a batch, and reads ids that lie apart', async () => {
      const mine = await customer();
      await mine.toBulk(['web']);
      await mine.numbers('web', 1, 10);
      await mine.numbers('other', 1, 3);
      await mine.numbers('web', 11, 11);
      const before = bulk.requests.length;
      await forwardUntil('all are there', () => index.kept.size >= 11);
      await mine.settled();
      const sizes = bulk.requests.slice(before).map((request) => bulkEvents(request).length);
      expect(Math.max(...sizes)).to.be.at.most(4);
      expect(index.values('n')).to.deep.equal(upTo(11));
      expect(index.doubles).to.deep.equal([]);
      const { body } = await mine.call('GET', '/v1/runs?limit=1');
      const run = await mine.call('GET', `/v1/runs/${body.items[0].id}`);
      expect(run.body.outputs).to.deep.include({ retried: 0, failed: 0 });
    });

    it('loses nothing between its stages, and delivers again under the same ids where it has to', async () => {
      const mine = await customer();
      await mine.toBulk();
      const place = { tenantId: mine.tenantId, shard: 'one' };
      const outbox = await api.logs.shards.open('one');
      const tenant = await api.logs.shards.tenant(mine.tenantId, 'one');
      await mine.numbers('web', 1, 3);
      // It dies between the commit of what it collected and the clearing: the note is collected once more.
      const notes = await outbox.outbox(tenant, 10);
      expect(notes).to.have.length(1);
      await api.logs.directory.forwarding.collect(mine.tenantId, 'one', notes);
      await forwarder.collect([place]);
      expect(await outbox.outbox(tenant, 10)).to.deep.equal([]);
      // It dies between its stages.
      expect(index.kept.size).to.equal(0);
      expect(await forwarderOf(api).batch()).to.equal(1);
      await mine.settled();
      expect([index.values('n'), index.doubles]).to.deep.equal([upTo(3), []]);
      // It dies before the clearing, and the events are on their way already.
      await api.logs.directory.forwarding.collect(mine.tenantId, 'one', notes);
      expect(await forwarder.batch()).to.equal(1);
      await mine.settled();
      expect(index.values('n')).to.deep.equal(upTo(3));
      expect(index.doubles.sort()).to.deep.equal(['web-1', 'web-2', 'web-3']);
    });

    it('makes one batch of events, however many processes forward at once while they come', async () => {
      const mine = await customer();
      await mine.toBulk();
      const there = await testApi({ ...options(), place: api.place });
      try {
        const forwarders = [forwarder, forwarderOf(api), forwarderOf(there)];
        for (let n = 1; n <= 20; n++) {
          await Promise.all([mine.put('web', [{ n }]), ...forwarders.map((each) => each.forward())]);
        }
      } finally {
        await there.close();
      }
      await forwardUntil('all are there', () => index.kept.size >= 20);
      await mine.settled();
      expect([index.values('n'), index.doubles]).to.deep.equal([upTo(20), []]);
    });

    it('waits for a sink that is away, a few batches at a time, and then brings all', async () => {
      const mine = await customer();
      await mine.toBulk();
      const before = bulk.requests.length;
      bulk.answer(status(503));
      await mine.numbers('web', 1, 40);
      await forwardUntil('it was tried', () => bulk.requests.length - before >= 8);
      const tried = new Set(bulk.requests.slice(before).map((request) => bulkEvents(request)[0]!.id));
      expect(tried.size).to.be.within(1, 4);
      expect(await mine.runs()).to.have.length(10);
      bulk.answer(index.answer);
      await mine.settled();
      expect([index.values('n'), index.doubles]).to.deep.equal([upTo(40), []]);
    });

    it('does by each event what is said of it: kept, there already, later, never', async () => {
      const mine = await customer();
      await mine.toBulk();
      const refused = new Map([[2, 409], [3, 429], [4, 400], [6, 400]]);
      index.refuse = ({ fields }) => refused.get(Number(fields['n']));
      await mine.numbers('web', 1, 6);
      await forwardUntil('they were tried', async () => (await mine.runs()).filter(({ state }) => state === 'failed').length === 2);
      expect(index.values('n')).to.deep.equal([1, 5]);
      refused.delete(3);
      await eventually('it was tried again', async () => {
        await hurry();
        return index.kept.has('web-3');
      });
      const failed = (await mine.settled()).filter(({ state }) => state === 'failed');
      const letters = await Promise.all(failed.map(async ({ id }) => (await mine.call('GET', `/v1/runs/${id}`)).body));
      expect(letters.map(({ input, error }) => [input, error.kind, error.message]).sort(([a], [b]) => (a.ids[0] < b.ids[0] ? -1 : 1))).to.deep.equal([
        [{ family: 'web', ids: ['web-4'] }, 'config', 'says 400'],
        [{ family: 'web', ids: ['web-6'] }, 'config', 'says 400'],
      ]);
      refused.clear();
      for (const { id } of failed) {
        const replayed = await mine.call('POST', `/v1/runs/${id}:replay`, { from: 'start' });
        expect(replayed.status, replayed.text).to.be.oneOf([200, 202]);
      }
      await mine.settled();
      expect(index.values('n')).to.deep.equal([1, 3, 4, 5, 6]);
      expect(index.doubles).to.deep.equal([]);
    });

    it('waits for a shard that is away, says so, and then brings all', async () => {
      const mine = await customer();
      await mine.toBulk();
      await mine.numbers('web', 1, 3);
      await forwarder.collect([{ tenantId: mine.tenantId, shard: 'one' }]);
      await setShard('down');
      await forwarder.batch();
      const waits = await eventually('it waits', async () => (await mine.runs()).find(({ state }) => state === 'waiting'));
      const { body } = await mine.call('GET', `/v1/runs/${waits.id}`);
      expect(body.steps[0]).to.deep.include({ step: 'events', state: 'waiting' });
      expect(body.steps[0].error.message).to.contain('"one"').and.contain('cannot be reached');
      // Nor does it trouble the first stage.
      await forwarder.forward();
      await setShard('active');
      await eventually('it has gone', async () => {
        await hurry();
        return index.kept.size === 3;
      });
      await mine.settled();
      expect(index.doubles).to.deep.equal([]);
    });

    it('collects nothing for a route that is disabled, and keeps what it has collected', async () => {
      const mine = await customer();
      const route = await mine.toBulk();
      const enable = (enabled: boolean) => mine.call('PATCH', `/v1/log-routes/${route}`, { enabled });
      await mine.numbers('web', 1, 2);
      await forwarder.collect([{ tenantId: mine.tenantId, shard: 'one' }]);
      await enable(false);
      await mine.numbers('web', 3, 4);
      await forwarder.forward();
      expect(await mine.runs()).to.deep.equal([]);
      await enable(true);
      await forwardUntil('all are there', () => index.kept.size >= 2);
      await mine.settled();
      expect(index.values('n')).to.deep.equal([1, 2]);
      await mine.numbers('web', 5, 5);
      await forwarder.collect([{ tenantId: mine.tenantId, shard: 'one' }]);
      expect((await mine.call('DELETE', `/v1/log-routes/${route}`)).status).to.equal(204);
      await mine.toBulk();
      await forwarder.forward();
      await mine.settled();
      expect(index.values('n')).to.deep.equal([1, 2]);
    });

    it('takes away what was noted for nobody any more', async () => {
      const mine = await customer();
      const route = await mine.toBulk();
      await mine.numbers('web', 1, 2);
      await mine.call('DELETE', `/v1/log-routes/${route}`);
      const outbox = await api.logs.shards.open('one');
      const tenant = await api.logs.shards.tenant(mine.tenantId, 'one');
      expect(await outbox.outbox(tenant, 10)).to.have.length(1);
      await forwarder.clear();
      expect(await outbox.outbox(tenant, 10)).to.deep.equal([]);
    });

    it('holds back while the connection has to be authorised again', async () => {
      const mine = await customer();
      await mine.toBulk();
      const setState = (state: string): Promise<unknown> =>
        api.db.engine.query('UPDATE connections SET state = $2 WHERE id = $1', [mine.bulkConnection, state]);
      await setState('needs_reauth');
      await mine.numbers('web', 1, 2);
      await forwarder.forward();
      expect(await mine.runs()).to.deep.equal([]);
      await setState('active');
      await forwardUntil('all are there', () => index.kept.size >= 2);
      await mine.settled();
    });

    it('leaves out what was purged on the way', async () => {
      const mine = await customer();
      await mine.toBulk();
      await mine.numbers('web', 1, 5);
      await forwarder.collect([{ tenantId: mine.tenantId, shard: 'one' }]);
      const purge = await mine.call('POST', '/v1/log-families/web:purge', { where: 'n:<>3 OR n:>=5' });
      expect(purge.status).to.equal(422);
      expect((await mine.call('POST', '/v1/log-families/web:purge', { where: 'n:<3 OR n:>=5' })).status).to.equal(202);
      await mine.settled();
      await forwarder.batch();
      const runs = await mine.settled();
      expect(index.values('n')).to.deep.equal([3, 4]);
      expect(runs.map(({ state }) => state)).to.deep.equal(['succeeded', 'succeeded', 'succeeded']);
    });

    it('begins for every process, soon after the route is made', async () => {
      const mine = await customer();
      const there = await testApi({ ...options(), place: api.place });
      try {
        await mine.put('web', [{ n: 0 }], there);
        await mine.toBulk();
        let n = 0;
        await forwardUntil('an event of the other process is there', async () => {
          await mine.put('web', [{ n: ++n }], there);
          return index.kept.size > 0;
        });
        expect(index.values('n')).to.not.include(0);
        await mine.settled();
      } finally {
        await there.close();
      }
    });

    async function setShard(state: 'down' | 'active'): Promise<void> {
      await api.db.engine.query('UPDATE log_shards SET state = $1', [state]);
      await api.db.engine.query(`SELECT pg_notify('sluice_changes', 'logShard:00000000-0000-0000-0000-000000000000:one')`);
      await eventually(`the shard is ${state}`, async () => (await api.logs.shards.all())[0]!.state === state);
    }
  });
}
