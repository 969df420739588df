import { expect } from 'chai';
import { beginNights, loadFiles, retireDatasets, type PeriodicDeps } from '../../../core/domains/datasets/periodic.ts';
import { RunQueue } from '../../../db/stores/run-queue.ts';
import { testApi, type TestApi } from '../../api/test-api.ts';
import { drop, SIGNING_SECRET } from '../../support/datasets.ts';

interface Made {
  readonly id: string;
  readonly kind: string;
  readonly state: string;
  readonly input: Readonly<Record<string, string>>;
}

const DAY = 86_400_000;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

describe('what the timetable does for datasets', () => {
  let api: TestApi;
  let landingFolder: string;
  let now = Date.now();
  let deps: PeriodicDeps;
  before(async () => {
    api = await testApi();
    const made = await api.call('POST', '/v1/connections', { definition: 'commerce', name: 'Shop', config: { signingSecret: SIGNING_SECRET } });
    landingFolder = made.body.dataset.landingFolder;
    const clock = { now: () => now, after: () => () => {} };
    deps = { datasets: { ...api.datasets, clock }, work: api.work, queue: new RunQueue(api.db.engine) };
  });
  after(() => api.close());

  const runs = async (kind: string): Promise<readonly Made[]> =>
    (await api.call('GET', `/v1/runs?subject=dataset:commerce&kind=${kind}`)).body.items;
  const end = (id: string, state: string): Promise<unknown> =>
    api.db.engine.query(`UPDATE runs SET state = $2, due_at = NULL, finished_at = now() WHERE id = $1`, [id, state]);

  it('makes one run for the latest night that is due, however often and wherever it is asked', async () => {
    const today = Math.floor(now / DAY) * DAY;
    now = today + DAY + 3_600_000;
    await beginNights(deps);
    expect(await runs('nightly')).to.deep.equal([]);
    now = today + 3 * DAY + 5 * 3_600_000;
    await Promise.all([beginNights(deps), beginNights(deps)]);
    await beginNights(deps);
    const [night, ...others] = await runs('nightly');
    expect(others).to.deep.equal([]);
    expect(night).to.deep.include({ kind: 'nightly', state: 'queued', input: { date: dayOf(today + 2 * DAY) } });
  });

  it('tries a night again an hour after its run has failed, and none that was closed', async () => {
    const [night] = await runs('nightly');
    const began = now;
    await api.db.engine.query('UPDATE runs SET created_at = to_timestamp($2) WHERE id = $1', [night!.id, began / 1000]);
    await end(night!.id, 'failed');
    now = began + 1_800_000;
    await beginNights(deps);
    expect(await runs('nightly')).to.have.length(1);
    now = began + 3_700_000;
    await beginNights(deps);
    const [again] = await runs('nightly');
    expect(again).to.deep.include({ state: 'queued', input: night!.input });
    await end(again!.id, 'succeeded');
    await api.db.engine.query('UPDATE datasets SET exported_through = $1', [night!.input['date']]);
    now = began + 2 * 3_700_000;
    await beginNights(deps);
    expect(await runs('nightly')).to.have.length(2);
  });

  it('loads where a file has landed that is not known, one run at a time', async () => {
    await loadFiles(deps);
    expect(await runs('load')).to.deep.equal([]);
    await drop(landingFolder, 'elsewhere/o.csv', ['id']);
    await loadFiles(deps);
    expect(await runs('load')).to.deep.equal([]);
    await drop(landingFolder, 'orders/dt=2026-03-01/o.csv', ['id,processed_timestamp,customer_id', 'o1,2026-03-01T10:00:00Z,c1']);
    await Promise.all([loadFiles(deps), loadFiles(deps)]);
    await loadFiles(deps);
    const [load, ...others] = await runs('load');
    expect(others).to.deep.equal([]);
    now = Date.now();
    await end(load!.id, 'failed');
    await loadFiles(deps);
    expect(await runs('load'), 'not at once').to.have.length(1);
    now = Date.now() + 700_000;
    await loadFiles(deps);
    expect(await runs('load')).to.have.length(2);
  });

  it('retires, and does nothing for a dataset that is off', async () => {
    await retireDatasets(deps);
    await retireDatasets(deps);
    const made = await runs('retire');
    expect(made).to.have.length(1);
    await end(made[0]!.id, 'succeeded');
    const [{ connectionId }] = (await api.call('GET', '/v1/datasets')).body.items;
    expect((await api.call('DELETE', `/v1/connections/${connectionId}`)).status).to.equal(204);
    now += 10 * DAY;
    await Promise.all([retireDatasets(deps), beginNights(deps), loadFiles(deps)]);
    expect([await runs('retire'), await runs('nightly')].map(({ length }) => length)).to.deep.equal([1, 2]);
  });
});
