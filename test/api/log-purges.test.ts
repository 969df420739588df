import { expect } from 'chai';
import pg from 'pg';
import { retire, type RetentionDeps } from '../../core/domains/logs/purging.ts';
import type { NewRun } from '../../core/kernel/runs.ts';
import { RunQueue } from '../../db/stores/run-queue.ts';
import { eventually } from '../support/sluice-process.ts';
import { logApi, type LogApi } from './log-shards.ts';
import type { Answer } from './test-api.ts';

const DAY_MS = 86_400_000;

describe('purging events', () => {
  let api: LogApi;
  before(async () => {
    api = await logApi();
    await api.startWorker();
  });
  after(() => api.close());

  const put = async (family: string, count: number, key = api.key): Promise<void> => {
    const logs = Array.from({ length: count }, (_, i) => ({ n: i + 1, level: i % 2 === 0 ? 'debug' : 'info' }));
    const answer = await api.call('PUT', '/api/log', { family, schema: { n: 'int', level: 'string' }, logs }, { key });
    expect(answer.status, answer.text).to.equal(200);
  };
  const purge = (family: string, body: unknown, sending = {}): Promise<Answer> =>
    api.call('POST', `/v1/log-families/${family}:purge`, body, sending);
  const ended = (id: string): Promise<Answer['body']> =>
    eventually(`the run ${id} ends`, async () => {
      const { body } = await api.call('GET', `/v1/runs/${id}`);
      return ['succeeded', 'failed', 'cancelled'].includes(body.state) && body;
    });
  async function purged(family: string, body: object): Promise<Answer['body']> {
    const answer = await purge(family, body);
    expect(answer.status, answer.text).to.equal(202);
    expect(answer.headers.get('location')).to.equal(`/v1/runs/${answer.body.id}`);
    return ended(answer.body.id);
  }
  const left = async (family: string): Promise<unknown[]> => (await api.stored(family))!.map(({ n }) => n);
  const daysAgo = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

  /** Makes events as old as if they had been received so many days before. */
  async function age(family: string, upTo: number, days: number): Promise<void> {
    const home = (await api.logs.families.read(api.tenantId, family))!.homes[0]!.shard;
    const shard = await api.logs.shards.open(home);
    const client = new pg.Client({ connectionString: api.shards[home]! });
    await client.connect();
    try {
      const table = `${shard.homeOf(api)}."${family}"`;
      await client.query(`UPDATE ${table} SET _time = _time - make_interval(days => $1) WHERE n <= $2`, [days, upTo]);
    } finally {
      await client.end();
    }
  }

  it('takes those received before a time, those that match, or those that are both', async () => {
    await put('web', 8);
    await age('web', 4, 10);
    const both = await purged('web', { before: daysAgo(5), where: 'level:debug' });
    expect(both).to.deep.include({ kind: 'purge', state: 'succeeded', subject: 'logFamily:web', outputs: { purged: 2 } });
    expect(await left('web')).to.deep.equal([2, 4, 5, 6, 7, 8]);
    expect((await purged('web', { before: daysAgo(5) })).outputs).to.deep.equal({ purged: 2 });
    expect(await left('web')).to.deep.equal([5, 6, 7, 8]);
    expect((await purged('web', { where: 'n:>=7' })).outputs).to.deep.equal({ purged: 2 });
    expect(await left('web')).to.deep.equal([5, 6]);
    expect((await purged('web', { where: 'n:>=7' })).outputs).to.deep.equal({ purged: 0 });
    const listed = await api.call('GET', '/v1/runs?kind=purge&subject=logFamily:web');
    expect(listed.body.items).to.have.length(4);
    const events = await api.call('GET', '/v1/audit-events?limit=100');
    const [event] = events.body.items.filter(({ action }: { action: string }) => action === 'logFamily.purge').slice(-1);
    expect(event).to.deep.include({ subject: 'logFamily:web' });
    expect(event.detail).to.deep.include({ where: 'level:debug', run: both.id });
  });

  it('goes chunk by chunk, as one poll of its run', async () => {
    await put('large', 12_001);
    const run = await purged('large', { where: 'n:>1' });
    expect(run.outputs).to.deep.equal({ purged: 12_000 });
    expect(run.steps).to.have.length(1);
    expect(run.steps[0].polls).to.equal(3);
    expect(await left('large')).to.deep.equal([1]);
  });

  it('says what is wrong, and purges nothing', async () => {
    await put('kept', 2);
    const wrong: [unknown, string][] = [
      [{}, ''],
      [{ before: 'yesterday' }, '/before'],
      [{ before: '2026-01-31T12:00:00' }, '/before'],
      [{ before: 5 }, '/before'],
      [{ where: '' }, '/where'],
      [{ where: 'nothing:1' }, '/where'],
      [{ where: 'n:x' }, '/where'],
      [{ where: '(n:1' }, '/where'],
      [{ all: true }, '/all'],
    ];
    for (const [body, path] of wrong) {
      const answer = await purge('kept', body);
      expect([answer.status, answer.body.code], `${JSON.stringify(body)}: ${answer.text}`).to.deep.equal([422, 'VALIDATION_FAILED']);
      expect(answer.body.errors[0].path, answer.text).to.equal(path);
    }
    const runs = await api.call('GET', '/v1/runs?subject=logFamily:kept');
    expect(runs.body.items).to.deep.equal([]);
    expect(await left('kept')).to.deep.equal([1, 2]);
  });

  it('needs the scope, and a family of one’s own', async () => {
    await put('mine', 2);
    const other = await api.newTenant('Other');
    const everything = { where: 'n:*' };
    expect((await purge('mine', everything, { key: other.apiKey })).body.code).to.equal('NOT_FOUND');
    expect((await purge('unknown', everything)).body.code).to.equal('NOT_FOUND');
    expect((await purge('_outbox', everything)).body.code).to.equal('NOT_FOUND');
    const reader = await api.call('POST', '/v1/api-keys', { name: 'reader', scopes: ['logs:read'] });
    expect((await purge('mine', everything, { key: reader.body.apiKey })).body.code).to.equal('FORBIDDEN');
    await put('mine', 3, other.apiKey);
    await purged('mine', everything);
    expect(await left('mine')).to.deep.equal([]);
    expect(await api.stored('mine', other.id)).to.have.length(3);
  });

  describe('that are kept no longer', () => {
    const deps = (): RetentionDeps => ({
      catalogue: api.catalogue,
      directory: api.logs.directory,
      work: api.work,
      queue: new RunQueue(api.db.engine),
      now: Date.now,
      oldest: (family) => api.logs.reading.oldest(family),
    });
    const keep = async (family: string, retentionDays: number | null): Promise<void> => {
      const answer = await api.call('PATCH', `/v1/log-families/${family}`, { retentionDays });
      expect(answer.status, answer.text).to.equal(200);
    };
    const runsOf = async (family: string): Promise<Answer['body'][]> =>
      (await api.call('GET', `/v1/runs?kind=purge&subject=logFamily:${family}`)).body.items;

    it('is a run for each family that has something to lose, and for no other', async () => {
      for (const family of ['old', 'young', 'forever', 'empty']) await put(family, family === 'empty' ? 0 : 4);
      for (const family of ['old', 'young', 'empty']) await keep(family, 7);
      await age('old', 2, 8);
      await age('young', 2, 6);
      await age('forever', 2, 1000);
      expect(await retire(deps())).to.equal(1);
      const [run] = await runsOf('old');
      expect((await ended(run.id)).outputs).to.deep.equal({ purged: 2 });
      expect(await left('old')).to.deep.equal([3, 4]);
      for (const family of ['young', 'forever', 'empty']) expect(await runsOf(family), family).to.deep.equal([]);
      expect(await retire(deps())).to.equal(0);
      await keep('young', 5);
      expect(await retire(deps())).to.equal(1);
      await ended((await runsOf('young'))[0].id);
      expect(await left('young')).to.deep.equal([3, 4]);
      await keep('old', null);
      await age('old', 4, 100);
      expect(await retire(deps())).to.equal(0);
    });

    it('is no second run while the first is under way, however many look', async () => {
      await put('busy', 2);
      await keep('busy', 1);
      await age('busy', 2, 3);
      // The run stands still for as long as it is looked at.
      const queue = { enqueue: (runs: readonly NewRun[]) => deps().queue.enqueue(runs.map((run) => ({ ...run, delayMs: DAY_MS }))) };
      const held = (): RetentionDeps => ({ ...deps(), queue });
      const made = await Promise.all([retire(held()), retire(held()), retire(held())]);
      expect(made.toSorted((a, b) => a - b)).to.deep.equal([0, 0, 1]);
      expect(await retire(held())).to.equal(0);
      expect(await runsOf('busy')).to.have.length(1);
    });

    it('waits for the next time where the shard cannot be asked', async () => {
      await put('away', 2);
      await keep('away', 1);
      await age('away', 2, 3);
      const unknown = { ...deps(), oldest: async () => undefined };
      expect(await retire(unknown)).to.equal(0);
      expect(await retire(deps())).to.equal(1);
    });
  });
});
