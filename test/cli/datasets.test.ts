import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import type { Composition } from '../../core/cli/composition.ts';
import { datasetOffice } from '../../core/domains/datasets/office.ts';
import { carryOut } from '../../core/jobs/carry-out.ts';
import { testApi, type TestApi } from '../api/test-api.ts';
import { drop, SIGNING_SECRET } from '../support/datasets.ts';
import { commandLine, offline, type Ran } from './command-line.ts';

describe('sluice datasets', () => {
  let api: TestApi;
  let composition: Composition;
  let landingFolder: string;
  before(async () => {
    api = await testApi();
    landingFolder = (await turnOn(api.key)).landingFolder;
    composition = {
      ...offline,
      withDatasets: (_settings, use) => use(datasetOffice(api), (ended) => carryOut(api, ended, 1000)),
    };
  });
  after(() => api.close());

  const turnOn = async (key: string): Promise<{ id: string; landingFolder: string }> =>
    (await api.call('POST', '/v1/connections', { definition: 'commerce', name: 'Shop', config: { signingSecret: SIGNING_SECRET } }, { key })).body.dataset;
  const datasets = (...args: string[]): Promise<Ran> => commandLine(['datasets', ...args], { composition });
  const runs = async () => (await api.call('GET', '/v1/runs?subject=dataset:commerce')).body.items;
  const tested = async (): Promise<number> => (await datasets('test', 'commerce')).code;

  it('load what has landed, by a worker of the command where there is none', async () => {
    await drop(landingFolder, 'orders/dt=2026-03-01/o.csv', ['id,processed_timestamp,customer_id', 'o1,2026-03-01T10:00:00Z,c1', 'o2,2026-03-02T10:00:00Z,c2']);
    const ran = await datasets('load', 'commerce');
    expect(ran).to.deep.include({ code: 0, err: '' });
    expect(ran.out).to.contain('files 1\nrows 2\nloaded 2\n');
    expect(await api.queue.beats()).to.deep.equal([]);
  });

  it('build all there is, and days and models that are asked for', async () => {
    const built = await datasets('build', 'commerce');
    expect(built).to.deep.include({ code: 0, err: '' });
    expect(built.out).to.match(/export\.loads 1\n(.+\n)*build\.partitions \d+\nbuild\.failed 0\n/);
    const again = await datasets('backfill', 'commerce', '--tenant', 'Acme', '--from', '2026-03-01', '--to', '2026-03-02', '--models', 'app_sales');
    expect(again).to.deep.include({ code: 0, err: '' });
    expect((await runs())[0]).to.deep.include({ kind: 'build', input: { from: '2026-03-01', to: '2026-03-02', models: ['app_sales'] } });
    expect(await tested()).to.equal(0);
  });

  it('go on with a backfill that has failed, where the same is asked for again', async () => {
    const days = { from: '2026-03-01', to: '2026-03-01' };
    const { id } = (await api.call('POST', '/v1/datasets/commerce:build', days)).body;
    await api.db.engine.query(`UPDATE runs SET state = 'failed', due_at = NULL, finished_at = now() WHERE id = $1`, [id]);
    const before = (await runs()).length;
    expect(await datasets('backfill', 'commerce', '--from', days.from, '--to', '2026-03-02')).to.include({ code: 0 });
    expect(await runs(), 'another one').to.have.length(before + 1);
    expect(await datasets('backfill', 'commerce', '--from', days.from, '--to', days.to)).to.include({ code: 0 });
    expect(await runs(), 'another one').to.have.length(before + 2);

    await api.db.engine.query(`UPDATE runs SET state = 'failed', due_at = NULL WHERE id = $1`, [(await runs())[0].id]);
    expect(await datasets('backfill', 'commerce', '--from', days.from, '--to', days.to)).to.include({ code: 0 });
    expect(await runs(), 'the same one').to.have.length(before + 2);
    expect((await runs())[0]).to.include({ state: 'succeeded' });
  });

  it('say what is wrong, and end with 1 or 2', async () => {
    const refusal = async (...args: string[]): Promise<unknown> => {
      const { code, out, err } = await datasets(...args);
      expect(out, args.join(' ')).to.equal('');
      return [code, err.trim()];
    };
    expect(await refusal('load', 'commerce', '--tenant', 'Nobody')).to.deep.equal([1, 'There is no tenant "Nobody". (NOT_FOUND)']);
    expect(await refusal('load', 'comerce')).to.deep.equal([1, 'No tenant has turned the dataset "comerce" on. POST /v1/connections does. (NOT_FOUND)']);
    expect(await refusal('build', 'commerce', '--from', '2026-03-01')).to.deep.equal([1, 'Give both days, or none. (VALIDATION_FAILED)']);
    expect(await refusal('backfill', 'commerce', '--from', '2026-02-30', '--to', '2026-03-01')).to.deep.equal([
      2,
      '--from 2026-02-30 is not usable. Accepted: a date such as 2026-03-01.',
    ]);
    expect(await refusal('generate', 'shop')).to.deep.equal([2, 'There is no data for "shop". Accepted: commerce.']);
    expect(await refusal('generate', 'commerce', '--days', 'many', '--out', 'x')).to.deep.equal([2, '--days many is not usable. Accepted: a whole number.']);
    expect(((await refusal('generate', 'commerce', '--days', '0', '--out', path.join(tmpdir(), 'none'))) as unknown[])[0]).to.equal(2);
    expect((await datasets('build', 'commerce', '--models', 'app_salse')).err).to.contain('Did you mean "app_sales"?');
  });

  it('ask whose dataset is meant, where several tenants have it on', async () => {
    const other = await api.newTenant('Other');
    await turnOn(other.apiKey);
    const { code, err } = await datasets('load', 'commerce');
    expect(code).to.equal(1);
    expect(err).to.contain('2 tenants have turned the dataset "commerce" on').and.to.contain('--tenant');
    expect((await datasets('load', 'commerce', '--tenant', other.id)).code).to.equal(0);
  });

  it('fail a test, naming model, test and partition', async () => {
    // Its rows are there twice.
    await api.db.engine.query(
      `INSERT INTO dataset_partitions (tenant_id, dataset, table_name, partition, object_key, rows, hash_high, hash_low, bytes)
       SELECT tenant_id, dataset, table_name, '2026-03-01', object_key, rows, hash_high, hash_low, bytes
       FROM dataset_partitions WHERE tenant_id = $1 AND table_name = 'dim_customer_orders'`,
      [api.tenantId],
    );
    const { code, out } = await datasets('test', 'commerce', '--tenant', 'Acme');
    expect(code, out).to.equal(1);
    expect(out).to.match(/^dim_customer_orders: unique.*: .+\n/).and.to.match(/\n\d+ tests, 1 failed\./);
    const json = JSON.parse((await datasets('test', 'commerce', '--tenant', 'Acme', '--format', 'json')).out) as { model: string; ok: boolean }[];
    expect(json.filter(({ ok }) => !ok).map(({ model }) => model)).to.deep.equal(['dim_customer_orders']);
  });

  it('make data, the same for the same numbers, without a platform', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'sluice-shop-'));
    try {
      const ran = await commandLine(['datasets', 'generate', 'commerce', '--days', '3', '--orders', '30', '--out', folder]);
      expect(ran).to.deep.include({ code: 0, err: '' });
      expect(ran.out).to.contain(`${folder} has `).and.to.contain(' messages.');
      expect(await readdir(folder)).to.include.members(['orders', 'order_lines', 'products', 'variants', 'transactions.ndjson']);
      const landed = await datasets('generate', 'commerce', '--tenant', 'Acme', '--days', '1', '--orders', '5', '--format', 'json');
      expect(JSON.parse(landed.out)).to.deep.include({ folder: landingFolder, from: '2026-01-01' });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
