import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { ROOT } from '../architecture/sources.ts';
import { createDatabase } from '../support/database.ts';
import { drop, signed, SIGNING_SECRET, transaction } from '../support/datasets.ts';
import { command, type Ended } from '../support/shell.ts';
import { eventually, startSluice, type Called, type SluiceProcess } from '../support/sluice-process.ts';

const BIN = path.join(ROOT, 'core/cli/bin.mjs');

describe('a dataset, from its files to its answers', function () {
  this.timeout(120_000);
  let folder: string;
  let database: Awaited<ReturnType<typeof createDatabase>>;
  let env: Record<string, string>;
  let server: SluiceProcess;
  let key: string;
  let connection: Called['body'];

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'sluice-datasets-'));
    await mkdir(path.join(folder, 'objects'));
    database = await createDatabase();
    env = {
      SLUICE_DATA_DIR: path.join(folder, 'data'),
      SLUICE_DATABASE_URL: database.url,
      SLUICE_OBJECTS: path.join(folder, 'objects'),
      SLUICE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      SLUICE_LOG_SHARDS: '',
      SLUICE_PUBLIC_URL: 'https://shop.example.org',
      SLUICE_LOG_LEVEL: 'warn',
    };
    server = await startSluice(env);
    key = (await server.call('POST', '/v1/tenants', { name: 'Acme' })).body.apiKey;
  });
  after(async () => {
    await server.end('SIGTERM');
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const call = (method: string, place: string, body?: unknown): Promise<Called> => server.call(method, place, body, key);
  const datasets = (...args: string[]): Promise<Ended> => command(process.execPath, [BIN, 'datasets', ...args], { env });
  const succeeded = async ({ status, body, headers }: Called): Promise<Called['body']> => {
    expect(status, JSON.stringify(body)).to.equal(202);
    const run = await eventually(`the run ${body.id} ends`, async () => {
      const now = (await call('GET', headers.get('location')!)).body;
      return ['succeeded', 'failed'].includes(now.state) && now;
    });
    expect(run.state, JSON.stringify(run.error)).to.equal('succeeded');
    return run;
  };
  const send = (id: string, body: string): Promise<Called> =>
    server.call('POST', `/hooks/${connection.id}/transactions`, body, '', signed(id, body));
  const revenue = async (): Promise<unknown> =>
    (await call('POST', '/v1/datasets/commerce:query', { model: 'app_sales', metrics: ['revenue_total'], dimensions: ['product_id'] })).body.rows;

  it('is turned on, loaded, built and asked over HTTP', async () => {
    const made = await call('POST', '/v1/connections', { definition: 'commerce', name: 'Shop', config: { signingSecret: SIGNING_SECRET } });
    expect(made.status, JSON.stringify(made.body)).to.equal(201);
    connection = made.body;
    const { landingFolder, webhooks } = connection.dataset;
    expect(landingFolder).to.satisfy((text: string) => text.startsWith(path.join(folder, 'objects')));
    expect(webhooks.transactions).to.equal(`https://shop.example.org/hooks/${connection.id}/transactions`);

    // A payment comes before its order.
    expect((await send('m1', transaction('t1', 'o1', 'success'))).status).to.equal(202);
    await drop(landingFolder, 'products/dt=2026-03-01/p.csv', ['id,title,product_type,created_at', 'p1,Chair,seat,2026-03-01T08:00:00Z']);
    await drop(landingFolder, 'variants/dt=2026-03-01/v.csv', [
      'id,product_id,price,title,created_at,updated_at,ingested_at',
      'v1,p1,1000,Red,2026-03-01T08:00:00Z,2026-03-01T08:00:00Z,2026-03-01T09:00:00Z',
    ]);
    await drop(landingFolder, 'orders/dt=2026-03-01/o.csv', ['id,processed_timestamp,customer_id', 'o1,2026-03-01T10:00:00Z,c1']);
    await drop(landingFolder, 'order_lines/dt=2026-03-01/l.csv', ['id,quantity,variant_id,revenue,order_id', 'l1,2,v1,2000,o1']);
    const { outputs } = await succeeded(await call('POST', '/v1/datasets/commerce:load'));
    expect(outputs).to.include({ files: 4, rows: 4, quarantined: 0 });
    expect((await call('GET', '/v1/datasets/commerce/tables/order_lines?order_id=o1')).body.items).to.have.length(1);

    await succeeded(await call('POST', '/v1/datasets/commerce:build'));
    const { items } = (await call('GET', '/v1/datasets/commerce/partitions?table=app_sales')).body;
    expect(items.map(({ partition, state }: Record<string, string>) => [partition, state])).to.deep.equal([['2026-03-01', 'current']]);
    expect(await revenue()).to.deep.equal([['p1', '20.00']]);
  });

  it('is worked on by the operator, beside the process and without any', async () => {
    const lines = ['id,quantity,variant_id,revenue,order_id'];
    await drop(connection.dataset.landingFolder, 'order_lines/dt=2026-03-02/l.csv', [...lines, 'l2,1,v1,1050,o1']);
    const loaded = await datasets('load', 'commerce');
    expect(loaded, loaded.err).to.include({ end: 0, err: '' });
    expect(loaded.out).to.contain('files 1\nrows 1\nloaded 1\n');
    const stranger = await datasets('load', 'commerce', '--tenant', 'Nobody');
    expect(stranger).to.deep.equal({ end: 1, out: '', err: 'There is no tenant "Nobody". (NOT_FOUND)\n' });

    expect(await server.end('SIGTERM')).to.equal(0);
    const built = await datasets('build', 'commerce', '--tenant', 'Acme');
    expect(built, built.err).to.include({ end: 0, err: '' });
    expect(built.out).to.contain('export.loads 1\n');
    server = await startSluice(env);
    expect(await revenue()).to.deep.equal([['p1', '30.50']]);
  });
});
